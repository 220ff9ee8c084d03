"""The account."""

from typing import Any

from quart import request

from simulator.exchange import Account
from simulator.rest.errors import RestError
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.accounts import render_account
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import bp, current_account, read_form, resource


def _render(account: Account) -> dict[str, Any]:
    exchange = current_exchange()
    return render_account(account, exchange.friendly_name, exchange.started_at, exchange.config.trial)


@bp.get("/Accounts.json")
@bp.get("/Accounts")
async def list_accounts() -> dict[str, Any]:
    """List the accounts: there is one."""
    accounts = filter_resources(
        [current_account()],
        request.args,
        texts={"FriendlyName": lambda account: current_exchange().friendly_name, "Status": lambda account: "active"},
        moments={},
    )
    return render_page(accounts, request.args, request.path, "accounts", _render)


@resource("GET", "")
async def fetch_account() -> dict[str, Any]:
    """Fetch the account."""
    return _render(current_account())


@resource("POST", "")
async def update_account() -> dict[str, Any]:
    """Rename the account; it can be neither suspended nor closed, as the only one."""
    exchange, form = current_exchange(), await read_form()
    if form.text("Status"):
        raise RestError(21477)
    exchange.friendly_name = form.label("FriendlyName", exchange.friendly_name)
    return _render(current_account())


@resource("GET", "/Balance")
async def fetch_balance() -> dict[str, str]:
    """Fetch what the account has: as much as it was started with, for nothing costs anything here."""
    return {"account_sid": current_account().sid, "balance": current_exchange().config.balance, "currency": "USD"}
