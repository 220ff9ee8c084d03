"""Callers who wanted to speak to somebody and did not: each is texted once, when the call is over."""

from datetime import timedelta

from app import consent, ledger, outbound, voicemail
from app.clock import now
from app.ledger import unsettled
from app.models import Call, Message
from app.settings import current_settings
from app.switch import Asked, current_switch, missed

# After the last news of a call: who was not texted by then is, or is no more.
LATE, TOO_LATE = timedelta(minutes=2), timedelta(hours=2)


def text_caller(sid: str, asked: Asked) -> None:
    """Text the caller if the call with that SID is over and was missed; whoever hears of it may say so again."""
    words = missed.words(current_switch(), asked)
    if words is None or ledger.outcome(sid) != "missed":
        return
    if voicemail.was_left(sid):
        ledger.note_outcome(sid, "voicemail")
    else:
        outbound.text_once(_occasion(sid), asked.party, words, from_=asked.line)


def text_late() -> str:
    """Text the callers of whose calls no callback told the end, or whose worker was killed then; returns how many, in words."""
    told = 0
    for call in unsettled.missed(now() - TOO_LATE, now() - LATE):
        asked, sid = _asked(call), call.sid or ""
        if missed.words(current_switch(), asked) is None:
            continue
        if not ledger.find(Message, outbound.attempt_of(_occasion(sid))) and consent.may_text(asked.line, asked.party):
            text_caller(sid, asked)
            told += 1
    return f"looked after {told} callers who were missed" if told else ""


def _occasion(sid: str) -> str:
    return f"missed {sid}"


def _asked(call: Call) -> Asked:
    """What the callback would have said."""
    told = {"CallStatus": call.status, "Direction": call.direction, "From": call.from_number, "To": call.to_number}
    return Asked(value=lambda name: told.get(name, ""), now=now(), number=current_settings().twilio_from_number)
