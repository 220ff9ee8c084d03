"""Verified numbers."""

from typing import Any

from quart import request

from simulator.lines import CallerId
from simulator.rest.ordering.numbers import order_verification
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.numbers import render_caller_id, render_verification
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import read_form, require, resource


@resource("POST", "/OutgoingCallerIds")
async def create_validation_request() -> dict[str, Any]:
    """Call a number so that its owner can enter the code of this answer."""
    return render_verification(order_verification(current_exchange(), await read_form()))


@resource("GET", "/OutgoingCallerIds")
async def list_caller_ids() -> dict[str, Any]:
    """List the verified numbers, the newest first."""
    callers = filter_resources(
        reversed(current_exchange().caller_ids.values()),
        request.args,
        texts={"PhoneNumber": lambda caller: caller.number, "FriendlyName": lambda caller: caller.friendly_name},
        moments={},
    )
    return render_page(callers, request.args, request.path, "outgoing_caller_ids", render_caller_id)


def _caller(sid: str) -> CallerId:
    return require(next((caller for caller in current_exchange().caller_ids.values() if caller.sid == sid), None))


@resource("GET", "/OutgoingCallerIds/<sid>")
async def fetch_caller_id(sid: str) -> dict[str, Any]:
    """Fetch a verified number."""
    return render_caller_id(_caller(sid))


@resource("POST", "/OutgoingCallerIds/<sid>")
async def update_caller_id(sid: str) -> dict[str, Any]:
    """Rename a verified number."""
    caller, form = _caller(sid), await read_form()
    caller.friendly_name = form.label("FriendlyName", caller.friendly_name)
    caller.updated_at = current_exchange().clock.now()
    return render_caller_id(caller)


@resource("DELETE", "/OutgoingCallerIds/<sid>")
async def delete_caller_id(sid: str) -> tuple[str, int]:
    """Forget that a number is verified."""
    del current_exchange().caller_ids[_caller(sid).number]
    return "", 204
