"""The account."""

from typing import Any

from quart import request

from simulator.exchange import Account
from simulator.paging import filter_resources, render_page
from simulator.resources.accounts import FRIENDLY_NAME, render_account
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import bp, current_account, resource


@bp.get("/Accounts.json")
@bp.get("/Accounts")
async def list_accounts() -> dict[str, Any]:
    """List the accounts: there is one."""
    exchange = current_exchange()

    def render(account: Account) -> dict[str, Any]:
        return render_account(account, exchange.started_at, exchange.config.trial)

    accounts = filter_resources(
        [current_account()],
        request.args,
        texts={"FriendlyName": lambda account: FRIENDLY_NAME, "Status": lambda account: "active"},
        moments={},
    )
    return render_page(accounts, request.args, request.path, "accounts", render)


@resource("GET", "")
async def fetch_account() -> dict[str, Any]:
    """Fetch the account."""
    exchange = current_exchange()
    return render_account(current_account(), exchange.started_at, exchange.config.trial)


@resource("GET", "/Balance")
async def fetch_balance() -> dict[str, str]:
    """Fetch what the account has: as much as it was started with, for nothing costs anything here."""
    return {"account_sid": current_account().sid, "balance": current_exchange().config.balance, "currency": "USD"}
