"""Connection overrides: what a webhook's URL says after its # about time limits and second tries.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides. Times are milliseconds there; a value
that is none, or out of range, is ignored. The edge (e) and sni mean nothing here and are ignored as well.
"""

import re
from dataclasses import dataclass, replace

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5.0, 15.0, 15.0
MAX_CONNECT_SECONDS = 10.0
LEAST_SECONDS = 0.1
RETRIES, MAX_RETRIES = 1, 5
POLICIES = frozenset({"ct", "rt", "4xx", "5xx"})


class BadPolicy(Exception):
    """A retry policy that Twilio does not know: 11243."""


@dataclass(frozen=True)
class Overrides:
    """The limits of one request in real seconds (`read` is that of silence), and after which failures it is sent again."""

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    total: float = TOTAL_SECONDS
    retries: int = RETRIES
    policies: frozenset[str] = frozenset({"ct"})

    @property
    def silence(self) -> float | None:
        """How long a server may be silent; None where the time for all of it is over before that."""
        return self.read if self.read < self.total else None


def usual_overrides(total: float = TOTAL_SECONDS) -> Overrides:
    """Make the limits for URLs that say nothing; a total other than Twilio's is for people who debug, and for tests."""
    return Overrides(min(CONNECT_SECONDS, total), max(READ_SECONDS, total), total)


def read_overrides(url: str, usual: Overrides) -> Overrides:
    """Read the overrides of a URL; raises BadPolicy."""
    _, mark, fragment = url.partition("#")
    if not mark or "=" not in fragment:
        return usual
    given = dict(pair.split("=", 1) for pair in fragment.split("&") if "=" in pair)
    return replace(
        usual,
        connect=_seconds(given.get("ct", ""), MAX_CONNECT_SECONDS, usual.connect),
        read=_seconds(given.get("rt", ""), READ_SECONDS, usual.read),
        total=_seconds(given.get("tt", ""), TOTAL_SECONDS, usual.total),
        retries=_retries(given.get("rc", ""), usual.retries),
        policies=_policies(given["rp"]) if "rp" in given else usual.policies,
    )


def _seconds(text: str, most: float, usual: float) -> float:
    seconds = int(text) / 1000 if re.fullmatch(r"[0-9]{1,6}", text) else 0.0
    return seconds if LEAST_SECONDS <= seconds <= most else usual


def _retries(text: str, usual: int) -> int:
    return int(text) if re.fullmatch(r"[0-9]", text) and int(text) <= MAX_RETRIES else usual


def _policies(text: str) -> frozenset[str]:
    names = frozenset(text.lower().split(","))
    if not names <= POLICIES | {"all"}:
        raise BadPolicy
    return POLICIES if "all" in names else names
