"""What texts are answered with: TwiML that no request of ours asks for, and that costs all the same.

It is counted in lots, one row for all of some seconds: to write a row for each would cost as much as to keep the text. So a process
that is killed forgets what it answered since; and the day's budget ends it some seconds late.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import inf
from threading import Lock
from time import monotonic
from xml.etree import ElementTree

from flask import current_app

from app import limits, phone, segments
from app.database import read, write
from app.errors import InvalidNumber, LedgerUnavailable, SpendRefused
from app.ledger import spending
from app.limits import DOLLAR
from app.settings import current_settings

LOT = 2.0  # seconds for which answers are counted together, and for which a process believes what was spent
STOPPED = "Spending was stopped: it was not answered."
SPENT = "The day's budget was spent: it was not answered."


@dataclass
class Till:
    """What this process owes for answers, in millionths of a dollar, and whether the day's budget was spent when it last looked."""

    owed: int = 0
    counted_at: float = -inf
    is_spent: bool = False
    looked_at: float = -inf


_lock = Lock()


def reason_for_silence() -> str | None:
    """Why nothing is answered just now, in a sentence. Raises LedgerUnavailable."""
    if limits.is_stopped():
        return STOPPED
    till = _till()
    if monotonic() - till.looked_at > LOT:
        settings = current_settings()
        with read() as session:
            spent = spending.spent(session.connection(), settings.max_call_minutes)
        till.is_spent, till.looked_at = spent >= round(settings.daily_budget * DOLLAR), monotonic()
    return SPENT if till.is_spent else None


def may_go_to(number: str) -> bool:
    """Whether a texter's number is answered: in any country, as who has texted us has paid for it, but at no special rate."""
    try:
        limits.check_number(current_settings(), phone.parse(number))
    except InvalidNumber:  # a short code, or a name
        return True
    except SpendRefused as refusal:
        return refusal.rule == "country"
    return True


def count(document: str) -> None:
    """Put down what an answer costs. That this cannot be written just now is no reason not to answer: it is with the next lot."""
    texted = _segments(document)
    if not texted:
        return
    till, lot = _till(), 0
    with _lock:
        till.owed += texted * round(current_settings().message_price * DOLLAR)
        if monotonic() - till.counted_at > LOT:
            lot, till.owed, till.counted_at = till.owed, 0, monotonic()
    if lot:
        try:
            write(lambda connection: spending.add_answers(connection, lot))
        except LedgerUnavailable:
            with _lock:
                till.owed += lot


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
