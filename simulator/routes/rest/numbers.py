"""Numbers: the account's own, and those that can be bought."""

from typing import Any

from quart import request

from simulator.lines import AccountNumber
from simulator.numbering import COUNTRIES
from simulator.rest import market
from simulator.rest.errors import RestError
from simulator.rest.ordering.numbers import buy_number, change_number
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources import account_path
from simulator.rest.resources.numbers import (
    KIND_PATHS,
    render_country,
    render_number,
    render_number_of_kind,
    render_offer,
)
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, read_form, require, resource

KINDS = {path: kind for kind, path in KIND_PATHS.items()}
ANY_KIND = f"<any({', '.join(KINDS)}):kind_path>"


def _owned(kind: str = "") -> list[AccountNumber]:
    found = filter_resources(
        reversed(current_exchange().numbers.values()),
        request.args,
        texts={"FriendlyName": lambda line: line.friendly_name, "Origin": lambda line: "twilio"},
        moments={},
    )
    pattern = request.args.get("PhoneNumber", "").replace(" ", "+")
    return [line for line in found if kind in {"", line.kind} and (not pattern or market.matches(line.number, pattern))]


@resource("GET", "/IncomingPhoneNumbers")
async def list_numbers() -> dict[str, Any]:
    """List the account's numbers, the newest first."""
    return render_page(_owned(), request.args, request.path, "incoming_phone_numbers", render_number)


@resource("GET", f"/IncomingPhoneNumbers/{ANY_KIND}")
async def list_numbers_of_kind(kind_path: str) -> dict[str, Any]:
    """List the account's numbers of one kind."""
    lines = _owned(KINDS[kind_path])
    return render_page(lines, request.args, request.path, "incoming_phone_numbers", render_number_of_kind)


@resource("POST", "/IncomingPhoneNumbers", test_credentials=True)
async def create_number() -> tuple[dict[str, Any], int]:
    """Buy a number."""
    return render_number(buy_number(current_exchange(), current_account(), await read_form())), 201


@resource("POST", f"/IncomingPhoneNumbers/{ANY_KIND}")
async def create_number_of_kind(kind_path: str) -> tuple[dict[str, Any], int]:
    """Buy a number of one kind."""
    line = buy_number(current_exchange(), current_account(), await read_form(), KINDS[kind_path])
    return render_number_of_kind(line), 201


def _line(sid: str) -> AccountNumber:
    return require(next((line for line in current_exchange().numbers.values() if line.sid == sid), None))


@resource("GET", "/IncomingPhoneNumbers/<sid>")
async def fetch_number(sid: str) -> dict[str, Any]:
    """Fetch a number."""
    return render_number(_line(sid))


@resource("POST", "/IncomingPhoneNumbers/<sid>")
async def update_number(sid: str) -> dict[str, Any]:
    """Change where a number's webhooks go, or its name."""
    line = _line(sid)
    change_number(current_exchange(), line, await read_form())
    return render_number(line)


@resource("DELETE", "/IncomingPhoneNumbers/<sid>")
async def delete_number(sid: str) -> tuple[str, int]:
    """Give a number back: from now on it is anybody's."""
    del current_exchange().numbers[_line(sid).number]
    return "", 204


@resource("GET", "/AvailablePhoneNumbers")
async def list_countries() -> dict[str, Any]:
    """List the countries in which numbers can be bought."""
    sid = current_account().sid
    countries = sorted({*COUNTRIES.values(), "CA"})
    return {
        "countries": [render_country(sid, country, market.kinds_in(country)) for country in countries],
        "uri": f"{account_path(sid)}/AvailablePhoneNumbers.json",
    }


def _kinds(country: str) -> tuple[str, ...]:
    return require(market.kinds_in(country) or None)


@resource("GET", "/AvailablePhoneNumbers/<country>")
async def fetch_country(country: str) -> dict[str, Any]:
    """Fetch one country."""
    return render_country(current_account().sid, country, _kinds(country))


@resource("GET", f"/AvailablePhoneNumbers/<country>/{ANY_KIND}")
async def list_available_numbers(country: str, kind_path: str) -> dict[str, Any]:
    """List numbers of one kind that can be bought."""
    if KINDS[kind_path] not in _kinds(country):
        raise RestError(20404, path=request.path)
    args = request.args
    found = market.offer(
        current_exchange(),
        country,
        KINDS[kind_path],
        args.get("AreaCode", ""),
        args.get("InRegion", ""),
        args.get("InLocality", ""),
    )
    pattern = args.get("Contains", "").replace(" ", "+")
    offers = [one for one in found if not pattern or market.matches(one.number, pattern)]
    return render_page(offers, args, request.path, "available_phone_numbers", render_offer)
