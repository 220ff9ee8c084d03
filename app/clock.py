"""What time it is: one clock for the whole application, which tests can set."""

from datetime import UTC, datetime

from flask import current_app


def system() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """The time by which the application goes, in UTC."""
    time: datetime = current_app.extensions["now"]()
    return time
