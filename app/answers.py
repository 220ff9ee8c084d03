"""What texts are answered with: TwiML that no request of ours asks for, and that costs all the same.

What an answer costs is written with its text. A process looks every other second at what they all cost, and reckons on from there.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from math import inf
from time import monotonic
from xml.etree import ElementTree

from flask import Flask, current_app

from app import limits, phone, segments
from app.clock import now
from app.database import read
from app.errors import InvalidNumber, SpendRefused
from app.ledger import spending
from app.ledger.spending import DAY
from app.limits import DOLLAR
from app.settings import Settings, current_settings

FRESH = 2.0  # seconds for which a process believes what it read: each text would pay for reading it
PART = 2  # strangers ask for answers: they never take more than the half of the day's budget from what we ask for
STOPPED = "Spending was stopped: it was not answered."
SPENT = "The day's budget, or the half of it that answers may cost, was spent: it was not answered."
NEVER = "Its number has a special rate, or begins as REFUSED_PREFIXES says: it was not answered."


@dataclass
class Till:
    """What answers may still cost today, in millionths of a dollar, as this process knows it."""

    left: int
    looked_at: float = -inf
    unkept: deque[tuple[datetime, int]] = field(default_factory=deque)  # what was answered without being written, and its cost


def init_app(app: Flask, settings: Settings) -> None:
    """Before the first look, as where there is no database, no more is taken for left than answers may cost in a day."""
    app.extensions["till"] = Till(_budget(settings) // PART)


def reason_for_silence(number: str, *, look: bool = True) -> str | None:
    """Why what comes from a number is not answered just now, in a sentence; None where it is.

    Without a `look` at the database, by what this process knew last. Raises LedgerUnavailable.
    """
    till = _till()
    if limits.is_stopped(look=look):
        return STOPPED
    if look and monotonic() - till.looked_at > FRESH:
        _count(till)
    if till.left <= 0:
        return SPENT
    return None if _may_go_to(number) else NEVER


def cost(document: str) -> int | None:
    """What an answer costs, in millionths of a dollar; None where it texts nobody."""
    texted = _segments(document)
    return texted * round(current_settings().message_price * DOLLAR) if texted else None


def reckon(document: str, *, kept: bool = True) -> None:
    """An answer was given: until the next look, so much less is left, and for a day, if it is not `kept` with its text."""
    till, costs = _till(), cost(document)
    if costs:
        till.left -= costs
        if not kept:
            till.unkept.append((now(), costs))


def _count(till: Till) -> None:
    settings = current_settings()
    with read() as session:
        connection = session.connection()
        spent, answered = spending.spent(connection, settings.max_call_minutes), spending.answered(connection)
    while till.unkept and till.unkept[0][0] <= now() - DAY:
        till.unkept.popleft()
    unkept = sum(costs for _, costs in tuple(till.unkept))
    budget = _budget(settings)
    till.left, till.looked_at = min(budget - spent, budget // PART - answered) - unkept, monotonic()


def _budget(settings: Settings) -> int:
    return round(settings.daily_budget * DOLLAR)


def _may_go_to(number: str) -> bool:
    """Whether a texter's number is answered: in any country, as who has texted us has paid for it, but at no special rate."""
    try:
        limits.check_number(current_settings(), phone.parse(number))
    except InvalidNumber:  # a short code, or a name
        return True
    except SpendRefused as refusal:
        return refusal.rule == "country"
    return True


@lru_cache(maxsize=256)  # most answers are always the same
def _segments(document: str) -> int:
    """The segments of all messages of a document."""
    if "<Message" not in document:
        return 0
    messages = ElementTree.fromstring(document).iter("Message")  # noqa: S314  (our own)
    return sum(segments.count("".join(part.text or "" for part in (message, *message.iter("Body")))) for message in messages)


def _till() -> Till:
    till: Till = current_app.extensions["till"]
    return till
