"""What time it is: one clock for the whole application, which tests can set."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from flask import current_app

AHEAD = timedelta(hours=1)  # what is dated further ahead than that, a clock wrote that was wrong then, or is wrong now
LONGEST_ROUND: float = 20  # seconds for which a job may hold up the others; what is left then is for its next round


def system() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """The time by which the application goes, in UTC."""
    time: datetime = current_app.extensions["now"]()
    return time


def round_ends() -> Callable[[], bool]:
    """A job begins a round: whether it has taken long enough."""
    until = monotonic() + LONGEST_ROUND
    return lambda: monotonic() >= until


class Allowance:
    """How often something may be done in this process: `at_once` times, and once more each `each` seconds."""

    def __init__(self, at_once: int, each: float) -> None:
        self._at_once, self._each = at_once, each
        self._left, self._since = float(at_once), monotonic()

    def take(self) -> bool:
        """Whether it may be done now; then it counts as done. Two threads that ask at once may both be let."""
        at = monotonic()
        self._left = min(self._at_once, self._left + (at - self._since) / self._each)
        self._since = at
        if self._left < 1:
            return False
        self._left -= 1
        return True
