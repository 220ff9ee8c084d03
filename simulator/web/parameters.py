"""What all webhooks' parameters have in common.

Cities, states and zip codes are not known here and are sent empty, as Twilio does: empty ones count in the signature.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from simulator.numbering import country_of

API_VERSION = "2010-04-01"
Params = list[tuple[str, str]]


def names(text: str) -> list[str]:
    """Read an order of names."""
    return text.split()


def rfc2822(moment: datetime) -> str:
    """Write a moment as Twilio does: RFC 2822, in UTC."""
    return format_datetime(moment)


def ordered(values: Mapping[str, str], order: list[str]) -> Params:
    """List values in an order of names, without those that are not there."""
    return [(name, values[name]) for name in order if name in values]


def place(role: str, number: str) -> dict[str, str]:
    """Tell where a number is: its country, and what is not known here, empty."""
    if not number.startswith("+"):  # a client's or a SIP address is nowhere
        return {}
    empty = {f"{role}{part}": "" for part in ("City", "State", "Zip")}
    return empty | {f"{role}Country": country_of(number)}
