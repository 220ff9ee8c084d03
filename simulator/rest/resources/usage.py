"""Usage, as the REST API shows it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from simulator.rest.resources import account_path
from simulator.rest.usage import CATEGORIES, Record
from simulator.web.parameters import API_VERSION

PERIODS = {
    "all_time": "AllTime",
    "daily": "Daily",
    "last_month": "LastMonth",
    "monthly": "Monthly",
    "this_month": "ThisMonth",
    "today": "Today",
    "yearly": "Yearly",
    "yesterday": "Yesterday",
}


def render_usage(account_sid: str, now: datetime, record: Record, period: str = "") -> dict[str, Any]:
    """Render one record; `period` is the end of the list's path, where it has one."""
    path = f"{account_path(account_sid)}/Usage/Records"
    description, count_unit, usage_unit = CATEGORIES.get(record.category, (record.category, "", ""))
    span = {"Category": record.category, "StartDate": f"{record.start}", "EndDate": f"{record.end}"}
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "as_of": f"{now:%Y-%m-%dT%H:%M:%S}+00:00",
        "category": record.category,
        "count": str(record.count),
        "count_unit": count_unit,
        "description": description,
        "end_date": f"{record.end}",
        "price": "0",
        "price_unit": "usd",
        "start_date": f"{record.start}",
        "subresource_uris": {name: f"{path}/{part}.json?Category={record.category}" for name, part in PERIODS.items()},
        "uri": f"{path}{'/' if period else ''}{period}.json?{urlencode(span)}",
        "usage": str(record.usage),
        "usage_unit": usage_unit,
    }
