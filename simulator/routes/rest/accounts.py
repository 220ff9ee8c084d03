"""The account."""

from typing import Any

from simulator.resources.accounts import render_account
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, resource


@resource("GET", "")
async def fetch_account() -> dict[str, Any]:
    """Fetch the account."""
    exchange = current_exchange()
    return render_account(current_account(), exchange.started_at, exchange.config.trial)
