"""Usage records: of all time, or by period."""

import re
from datetime import date, timedelta
from typing import Any

from quart import request

from simulator.rest.errors import RestError
from simulator.rest.paging import render_page
from simulator.rest.resources.usage import PERIODS, render_usage
from simulator.rest.usage import CATEGORIES, Record, count_usage, spans
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, resource


def _day(name: str, default: date) -> date:
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise RestError(20001, name=name) from None


def _bounds(period: str, today: date) -> tuple[date, date]:
    """Find the first and the last day of a period; the account has no usage before it was started."""
    this_month = today.replace(day=1)
    last_month = this_month - timedelta(days=1)
    fixed = {
        "Today": (today, today),
        "Yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "ThisMonth": (this_month, today),
        "LastMonth": (last_month.replace(day=1), last_month),
    }
    started = current_exchange().started_at.date()
    if period in fixed:
        return fixed[period]
    return max(_day("StartDate", started), started), min(_day("EndDate", today), today)


def _category() -> list[str]:
    category = request.args.get("Category", "")
    if not re.fullmatch(r"[a-z0-9-]{0,100}", category):
        raise RestError(20001, name="Category")
    return [category] if category else list(CATEGORIES)


@resource("GET", "/Usage/Records")
async def list_usage() -> dict[str, Any]:
    """List what was done, by category."""
    return await list_usage_of_period("")


@resource("GET", f"/Usage/Records/<any({', '.join(PERIODS.values())}):period>")
async def list_usage_of_period(period: str) -> dict[str, Any]:
    """List what was done in a period, or in each day, month or year."""
    exchange, account = current_exchange(), current_account()
    now = exchange.clock.now()
    records = count_usage(exchange, spans(period, *_bounds(period, now.date())), _category())

    def render(record: Record) -> dict[str, Any]:
        return render_usage(account.sid, now, record, period)

    return render_page(records, request.args, request.path, "usage_records", render)
