"""Where messages leave from: a messaging service that chooses the number, and the queue before each number.

Facts: https://www.twilio.com/docs/messaging/services (sticky sender; a number of the recipient's country goes first),
https://www.twilio.com/docs/api/errors/21611 (a long code sends one segment a second; ten hours' worth may wait) and
…/30036 (what waits longer than its validity period is not sent).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.numbering import country_of

LONGEST_WAIT = 36_000  # seconds


@dataclass
class SenderPool:
    """The numbers of a messaging service: one of them is chosen for each recipient, and stays."""

    _chosen: dict[str, str] = field(default_factory=dict)

    def choose(self, numbers: Iterable[str], recipient: str) -> str | None:
        """Choose the number that a recipient is texted from; None where there is none."""
        pool = list(numbers)
        if self._chosen.get(recipient) not in pool:
            near = [number for number in pool if country_of(number) == country_of(recipient)]
            self._chosen[recipient] = next(iter(near or pool), "")
        return self._chosen[recipient] or None


@dataclass
class Outbox:
    """The queue before each number; `rate` is in segments a second, 0 for no queue."""

    rate: float
    _free_at: dict[str, datetime] = field(default_factory=dict)

    def wait(self, sender: str, now: datetime) -> float:
        """Tell how many seconds a message would wait now."""
        return max((self._free_at.get(sender, now) - now).total_seconds(), 0.0)

    def enter(self, sender: str, segments: int, now: datetime) -> float:
        """Take a place in the queue of a number; returns the seconds to wait."""
        seconds = self.wait(sender, now)
        if self.rate:
            self._free_at[sender] = now + timedelta(seconds=seconds + segments / self.rate)
        return seconds
