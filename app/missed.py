"""Callers who wanted to speak to somebody and did not: each is texted once, when the call is over."""

from datetime import timedelta

from app import consent, ledger, limits, logs, outbound, phone, voicemail
from app.clock import now, round_ends
from app.flow.prompts import filled
from app.ledger import unsettled
from app.models import CALL_ENDS, Call
from app.settings import current_settings
from app.switch import Asked, current_switch
from app.switch.numbers import is_anonymous

# After the last news of a call: who was not texted by then is, or is no more.
LATE, TOO_LATE = timedelta(minutes=2), timedelta(hours=2)


def text_caller(sid: str, asked: Asked) -> None:
    """Text the caller if the call with that SID is over and was missed; whoever hears of it may say so again.

    While somebody was rung and nobody told how that ended, they may have spoken: see text_after_leg and text_late.
    """
    words = _words(asked)
    if words is not None and unsettled.legs_are_over(sid) and ledger.outcome(sid) == "missed" and not _is_voicemail(sid):
        outbound.text_once(_occasion(sid), asked.party, words, from_=asked.line)


def text_after_leg(parent_sid: str) -> None:
    """The same, after the end of a leg of that call, which may be told after its own."""
    call = ledger.find_by_sid(Call, parent_sid)
    if call is not None:
        text_caller(parent_sid, _asked(call))


def text_late() -> str:
    """Text the callers of whose calls no callback told the end, or whose worker was killed then; returns how many, in words.

    Who may not be texted just now is tried again each time, but Twilio is asked once about each end of a call. Whose number is
    never texted is left alone.
    """
    told, is_long = 0, round_ends()
    if limits.is_stopped():
        return ""
    for call in unsettled.missed(now() - TOO_LATE, now() - LATE):
        asked, sid = _asked(call), call.sid or ""
        logs.turn_to(call_sid=sid)
        words = _words(asked)
        if words is None or not limits.is_allowed(asked.party) or outbound.was_begun(_occasion(sid)):
            continue
        if not consent.may_text(asked.line, asked.party):
            continue
        if call.checked_at is None or call.checked_at <= call.updated_at:
            if _is_voicemail(sid):
                continue
            unsettled.note(call, call.remark)
        told += outbound.text_once(_occasion(sid), asked.party, words, from_=asked.line)
        if is_long():
            break
    return f"looked after {told} callers who were missed" if told else ""


def _words(asked: Asked) -> str | None:
    """The words for the caller if the call was missed, by the flow of the number that was called.

    Who hangs up while it rings was not served either. None while the call goes on, for calls of our own and their legs, where the
    flow has no words, and for who gets no texts.
    """
    if asked.value("CallStatus") not in CALL_ENDS or asked.value("Direction") != "inbound":
        return None
    switch = current_switch()
    missed = switch.flow.file_for(asked.line).missed
    if missed is None or switch.is_from_us(asked) or is_anonymous(asked.party) or not phone.gets_texts(asked.party):
        return None
    return filled(missed.text, asked.field)


def _is_voicemail(sid: str) -> bool:
    """Whether the caller left a message, as Twilio knows; then the call was not missed."""
    if was_left := voicemail.was_left(sid):
        ledger.note_outcome(sid, "voicemail")
    return was_left


def _occasion(sid: str) -> str:
    return f"missed {sid}"


def _asked(call: Call) -> Asked:
    """What the callback would have said."""
    told = {"CallStatus": call.status, "Direction": call.direction, "From": call.from_number, "To": call.to_number}
    return Asked(value=lambda name: told.get(name, ""), now=now(), number=current_settings().twilio_from_number)
