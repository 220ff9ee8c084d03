"""What follows from a message that a caller left: its call knows it, and its owners are told of it by text, once each."""

from app import ledger, outbound
from app.errors import TwilioError
from app.flow.prompts import MAX_TEXTED, filled
from app.flow.steps import Voicemail
from app.models import Recording
from app.settings import current_settings
from app.switch import current_switch
from app.switch.numbers import is_anonymous
from app.twilio_service import current_twilio

# Twilio writes down what lasts more than 2 and less than 120 seconds (https://www.twilio.com/docs/api/errors/13617).
LONGER_THAN, SHORTER_THAN = 2, 120


def follow_up(recording: Recording) -> None:
    """Note that a caller left a message, and tell its owners when there is no more to wait for. Raises LedgerUnavailable.

    To be called after each news of a recording: whatever comes twice or late, each owner gets one text. That Twilio does not
    take one shows in the ledger, and is no fault of the news.
    """
    place = current_switch().flow.places.get(recording.step)
    if place is None or not isinstance(place.step, Voicemail) or not recording.duration:
        return
    ledger.note_outcome(recording.call_sid, "voicemail")
    if _is_awaited(place.step, recording):
        return
    body = words(place.step.text, recording)
    for owner in current_switch().flow.people(place.step.text_to, place.flow):
        if not owner.startswith("client:"):
            outbound.text_once(occasion(recording.sid, owner), owner, body, own=True)


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


def _is_awaited(step: Voicemail, recording: Recording) -> bool:
    """Whether Twilio will still tell what was said."""
    fits = LONGER_THAN < (recording.duration or 0) < SHORTER_THAN
    return step.transcribe and fits and recording.transcription is None


def _caller(recording: Recording) -> str:
    """The other end of the call: whom we called, if we placed it."""
    ours = {current_settings().twilio_from_number, *current_switch().flow.file.numbers}
    return recording.to_number if recording.from_number in ours else recording.from_number
