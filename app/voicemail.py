"""What follows from a message that a caller left: its call knows it, and its owners are told of it by text, once each."""

from datetime import timedelta

from app import consent, ledger, limits, logs, outbound
from app.clock import now, round_ends
from app.errors import TwilioError
from app.flow.prompts import MAX_TEXTED, filled
from app.flow.steps import Voicemail
from app.ledger import recordings
from app.models import Recording
from app.settings import current_settings
from app.switch import current_switch, our_numbers
from app.switch.numbers import is_anonymous
from app.twilio_service import current_twilio

# Twilio writes down what lasts more than 2 and less than 120 seconds (https://www.twilio.com/docs/api/errors/13617).
LONGER_THAN, SHORTER_THAN = 2, 120
WRITTEN_DOWN_WITHIN = timedelta(minutes=30)
LATE, TOO_LATE = timedelta(minutes=2), timedelta(days=1)  # after a recording: who was not told by then is, or is no more


def follow_up(recording: Recording) -> None:
    """Note that a caller left a message, and tell its owners when there is no more to wait for. Raises LedgerUnavailable.

    To be called after each news of a recording: whatever comes twice or late, each owner gets one text. That Twilio does not
    take one shows in the ledger, and is no fault of the news.
    """
    if not recording.duration or (step := _step(recording)) is None:
        return
    ledger.note_outcome(recording.call_sid, "voicemail")
    for name, owner in _untold(step, recording):
        _tell(owner, name, step, recording)


def follow_up_late() -> str:
    """Tell owners of messages whose words never came, or after which a worker was killed; returns how many texts, in words.

    Who may not be texted just now is tried again each time; whose number is never texted is left alone.
    """
    told, is_long = 0, round_ends()
    if limits.is_stopped():
        return ""
    for recording in recordings.between(now() - TOO_LATE, now() - LATE):
        if not recording.duration or (step := _step(recording)) is None:
            continue
        line, untold = current_settings().twilio_from_number, _untold(step, recording)
        texted = [each for each in untold if limits.is_allowed(each[1]) and consent.may_text(line, each[1])]
        told += sum(_tell(owner, name, step, recording) for name, owner in texted)
        if texted and is_long():
            break
    return f"told {told} owners of voicemail late" if told else ""


def occasion(sid: str, owner: str) -> str:
    """What an owner is texted for: once a recording."""
    return f"{sid} {owner}"


def was_left(call_sid: str) -> bool:
    """Whether a call has a message in it of which no callback told so far: it may still be made when the call's end is told."""
    try:
        return current_twilio().has_recording(call_sid)
    except TwilioError:  # logged; a caller who left a message may then be told that the call was missed, which does no harm
        return False


def words(template: str, recording: Recording) -> str:
    """The template filled in, without lines that stay empty, or the link where none is left; what was said is cut to fit."""
    caller = _caller(recording)
    values = {
        "caller": "an unknown number" if is_anonymous(caller) else caller[:40],
        "seconds": str(recording.duration),
        "transcription": "",
        "link": f"{current_settings().public_base_url}/recordings/{recording.sid}",
    }
    room = MAX_TEXTED - len(filled(template, values.__getitem__))
    said = " ".join((recording.transcription or "").split())
    places = max(1, template.count("{transcription"))
    values["transcription"] = said if len(said) * places <= room else said[: max(0, room // places - 1)] + "…"
    lines = filled(template, values.__getitem__).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())[:MAX_TEXTED] or values["link"]


def _tell(owner: str, name: str, step: Voicemail, recording: Recording) -> bool:
    """Text one owner; `name` is the occasion's. Whether it was begun now."""
    logs.turn_to(call_sid=recording.call_sid, recording_sid=recording.sid)
    return outbound.text_once(name, owner, words(step.text, recording), own=True)


def _step(recording: Recording) -> Voicemail | None:
    """The voicemail that a recording was left on."""
    place = current_switch().flow.places.get(recording.step)
    return place.step if place is not None and isinstance(place.step, Voicemail) else None


def _untold(step: Voicemail, recording: Recording) -> list[tuple[str, str]]:
    """The owners who are to be told now and were not, each with the name of the occasion; nobody as long as words are awaited."""
    if _is_awaited(step, recording) and recording.created_at > now() - WRITTEN_DOWN_WITHIN:
        return []
    owners = current_switch().flow.people(step.text_to, current_switch().flow.places[recording.step].flow)
    occasions = [(occasion(recording.sid, owner), owner) for owner in owners if not owner.startswith("client:")]
    return [each for each in occasions if not outbound.was_begun(each[0])]


def _is_awaited(step: Voicemail, recording: Recording) -> bool:
    """Whether Twilio will still tell what was said."""
    fits = LONGER_THAN < (recording.duration or 0) < SHORTER_THAN
    return step.transcribe and fits and recording.transcription is None


def _caller(recording: Recording) -> str:
    """The other end of the call: whom we called, if we placed it."""
    return recording.to_number if recording.from_number in our_numbers() else recording.from_number
