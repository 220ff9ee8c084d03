"""A town whose application has the usual limits on spending, a clock that only tests move, and what was spent there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from town import PHONE, Town, open_town

USUAL = {
    "allowed_countries": "",
    "destination_limits": "1/60 3/900 10/3600",
    "hourly_limit": 100,
    "daily_limit": 500,
    "daily_budget": 20,
}
OTHERS = [f"+1555000{number}" for number in range(3000, 3099)]


class Clock:
    """The application's time, which only tests move."""

    def __init__(self) -> None:
        self.at = datetime(2026, 6, 16, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


Open = Callable[..., Any]


def opener(make_app: Callable[..., Flask]) -> Open:
    """Open a town whose application has the usual limits, but for what a test changes, and a clock of its own."""

    @contextmanager
    def opened(rules: dict[str, Any] | None = None, **changes: Any) -> Iterator[tuple[Town, Clock]]:
        with open_town(make_app, rules=rules, **(USUAL | changes)) as town:
            clock = town.app.extensions["now"] = Clock()
            yield town, clock

    return opened


def dial(town: Town, to: str = PHONE) -> int:
    return town.script.post("/make_call", {"to": to}).status_code


def text(town: Town, to: str = PHONE, body: str = "hi") -> int:
    return town.script.post("/send_sms", {"to": to, "body": body}).status_code


def placed(town: Town, what: str = "Calls") -> list[dict[str, Any]]:
    """What Twilio was asked for."""
    found = town.rest("GET", f"{what}.json?PageSize=1000").json()[what.lower()]
    return [each for each in found if each["direction"] in ("outbound-api", "outbound-dial")]


def show(app: Flask) -> str:
    return app.test_cli_runner().invoke(args=["spending", "show"]).output


def spent(app: Flask) -> str:
    return next(line for line in show(app).splitlines() if line.startswith("Spent")).split()[4]


def counted(app: Flask) -> int:
    return int(next(line for line in show(app).splitlines() if "last hour" in line).split()[7])
