"""What Twilio asks and tells us; every request is signed."""

import logging
from typing import Any

from flask import Blueprint, Response, abort, g, request
from werkzeug.exceptions import HTTPException

from app import answers, consent, ledger, limits, metrics, missed, voicemail
from app.asking import WEBHOOK
from app.clock import now
from app.errors import NoSuchAnnouncement, SwitchboardError
from app.ledger import recordings
from app.models import CALL_ENDS, TEXT, Call, Kind, Message, Recording
from app.routes.responses import on_bug, on_http_error, on_switchboard_error
from app.settings import current_settings
from app.signature import require_twilio
from app.switch import Answer, Asked, current_switch, texts
from app.switch.announcement import Announced
from app.twilio_service import RECORDING

# What callers hear the answers of: a fault must be a sentence there.
SPOKEN = tuple(f"switchboard.webhooks.{name}" for name in ("voice_url", "voice_step", "announcement", "announcement_answered"))

log = logging.getLogger(__name__)
bp = Blueprint("webhooks", __name__)
bp.before_request(require_twilio)


@bp.before_request
def hurry() -> None:
    """Twilio waits for the answer: what we ask of it meanwhile must not take long."""
    g.patience = WEBHOOK


@bp.route("/voice_url", methods=["GET", "POST"])
def voice_url() -> Response:
    """What to say: asked when our call is answered, or when somebody calls."""
    asked = _asked()
    return _spoken(current_switch().begin(current_switch().flow.start_for(asked.line), asked))


@bp.route("/voice_url/<step>", defaults={"event": ""}, methods=["GET", "POST"])
@bp.route("/voice_url/<step>/<event>", methods=["GET", "POST"])
def voice_step(step: str, event: str) -> Response:
    """What to do at a step of the flow, when it begins or after something happened there."""
    answer = current_switch().answer(step, event, _asked())
    if event == "recorded":
        _keep_recorded(step)
    return _spoken(answer)


@bp.route("/voice_url/announcement", methods=["GET", "POST"])
def announcement() -> Response:
    """What a placed call announces: asked when it is answered."""
    return _spoken(_announced().begin())


@bp.route("/voice_url/announcement/answered", methods=["GET", "POST"])
def announcement_answered() -> Response:
    """What to do after a key, or none, after an announcement."""
    return _spoken(_announced().answered())


@bp.route("/sms_url", methods=["GET", "POST"])
def sms_url() -> Response:
    """What to answer to an incoming text."""
    asked = _asked()
    why = answers.reason_for_silence(asked.party)
    answer = ledger.record_message(
        sid=_text("MessageSid") or None,
        from_number=_text("From"),
        to_number=_text("To"),
        body=g.webhook.first("Body"),
        media=[g.webhook.first(name) for name in g.webhook if name.startswith("MediaUrl")],
        answer=texts.reply(current_switch(), asked, silent=bool(why)),
        cost=answers.cost,
        remark=why if why and _text("MessageSid") and texts.is_due(current_switch(), asked) else None,
    )
    answers.reckon(answer)
    return _twiml(answer)


@bp.route("/voice_fallback_url", methods=["GET", "POST"])
def voice_fallback_url() -> Response:
    """What a caller hears when /voice_url could not be reached, or answered with no TwiML; without a database, too."""
    metrics.webhook_failed(request.endpoint)
    return _sorry()


@bp.route("/sms_fallback_url", methods=["GET", "POST"])
def sms_fallback_url() -> Response:
    """What a texter is answered when /sms_url could not, or its answer was lost: the same, if only that is possible by now."""
    try:
        return sms_url()
    except Exception as problem:  # noqa: BLE001  whatever it is, the texter is answered here or nowhere
        log.error("%s could not keep a text: %s", request.endpoint, type(problem).__name__)
        metrics.webhook_failed(request.endpoint)
        asked = _asked()
        is_silent = answers.reason_for_silence(asked.party, look=False) is not None
        answer = texts.fallback(current_switch(), asked, silent=is_silent)
        answers.reckon(answer, kept=False)
        return _twiml(answer)


@bp.route("/status/call", methods=["GET", "POST"])
def call_status() -> Response:
    """How a call goes on; whoever called and reached nobody is texted when it is over."""
    if _text("connects") == "yes" and _text("CallStatus") in ("in-progress", "completed"):  # the first may be late, or lost
        ledger.note_outcome(_text("ParentCallSid"), "connected")  # first: whoever finds the leg ended finds this, too
    _advance_call()
    if _text("CallStatus") in CALL_ENDS and _text("ParentCallSid"):
        missed.text_after_leg(_text("ParentCallSid"))
    else:
        missed.text_caller(_text("CallSid"), _asked())
    return Response(status=204)


@bp.route("/status/message", methods=["GET", "POST"])
def message_status() -> Response:
    """How a text goes on, or that Twilio would not send it to somebody who opted out."""
    _advance(Message, "MessageStatus", "MessageSid", "outbound-api")
    if _number("ErrorCode") == consent.REFUSED:
        consent.note_refusal(_text("From"), _text("To"))
    return Response(status=204)


@bp.route("/status/recording", methods=["GET", "POST"])
def recording_status() -> Response:
    """A recording is ready (https://www.twilio.com/docs/voice/twiml/record#attributes-recording-status-callback)."""
    if _text("RecordingStatus") == "completed":
        voicemail.follow_up(_recording(duration=_number("RecordingDuration")))
    return Response(status=204)


@bp.route("/status/transcription", methods=["GET", "POST"])
def transcription_status() -> Response:
    """A recording was written down, or could not be (https://www.twilio.com/docs/voice/twiml/record#transcribe)."""
    is_written = _text("TranscriptionStatus") == "completed"
    voicemail.follow_up(_recording(transcription=g.webhook.first("TranscriptionText") if is_written else ""))
    return Response(status=204)


@bp.errorhandler(Exception)
def on_error(problem: Exception) -> Response:
    """A caller hears a sentence, never a fault; who was rung is hung up on; everybody else gets the error that is due."""
    if isinstance(problem, HTTPException):
        return on_http_error(problem)
    if request.endpoint not in SPOKEN or "webhook" not in g:  # without it, nobody knows yet whether Twilio asks
        return on_switchboard_error(problem) if isinstance(problem, SwitchboardError) else on_bug(problem)
    log.error(
        "%s could not answer: %s", request.endpoint, type(problem).__name__, exc_info=not isinstance(problem, SwitchboardError)
    )
    metrics.webhook_failed(request.endpoint)
    if _text("Direction") == "outbound-dial":  # any document that ends would put the caller through, to a voicemail, too
        return _twiml(current_switch().refusal())
    return _sorry()


def _asked() -> Asked:
    turn = g.webhook.first("turn")
    spends = limits.InCall(_text("CallSid"), request.headers.get("I-Twilio-Idempotency-Token", ""))
    return Asked(
        value=g.webhook.first,
        now=now(),
        number=current_settings().twilio_from_number,
        turn=int(turn) if turn.isdecimal() and len(turn) < 3 else 1,
        may_text=consent.may_text,
        may_ring=spends.may_ring,
        may_send=spends.may_send,
    )


def _announced() -> Announced:
    """The announcement of the call that Twilio asks about. Raises NoSuchAnnouncement."""
    call = ledger.find(Call, _text("attempt"))
    if call is None or call.announcement is None:
        raise NoSuchAnnouncement("Nothing is known of an announcement in this call.")
    return Announced(current_switch(), _asked(), call.announcement, bool(call.acknowledge))


def _spoken(answer: Answer) -> Response:
    """Keep what the webhook says of the call, and answer it."""
    _advance_call()
    if answer.outcome:
        ledger.note_outcome(_text("ParentCallSid") or _text("CallSid"), answer.outcome)
    return _twiml(answer.twiml)


def _sorry() -> Response:
    """End the call with a sentence; whoever called was missed, unless they came further before."""
    try:
        _advance_call()
        if _text("Direction") == "inbound":
            ledger.note_outcome(_text("CallSid"), "missed")
    except Exception as problem:  # noqa: BLE001  whatever it is, the caller hears a sentence
        log.error("%s could not keep who heard only that we are sorry: %s", request.endpoint, type(problem).__name__)
    return _twiml(current_switch().sorry(_asked().line))


def _advance_call() -> None:
    _advance(Call, "CallStatus", "CallSid", "inbound")


def _advance(kind: Kind, status: str, sid: str, direction: str) -> None:
    """Write the news of a call or message; `status` and `sid` are the names of their parameters."""
    facts: dict[str, Any] = {"parent_sid": _text("ParentCallSid"), "answered_by": _text("AnsweredBy")} if kind is Call else {}
    ledger.advance(
        kind,
        _text(status),
        attempt=_text("attempt")[:32] or None,
        sid=_text(sid) or None,
        error_code=_number("ErrorCode"),
        duration=_number("CallDuration"),
        direction=_text("Direction") or direction,
        from_number=_text("From"),
        to_number=_text("To"),
        sequence=_number("SequenceNumber"),
        **facts,
    )


def _recording(duration: int | None = None, transcription: str | None = None) -> Recording:
    """Write the news of a recording, and return it."""
    sid = _text("RecordingSid")
    if not RECORDING.fullmatch(sid):
        abort(400, "That is no recording's SID.")
    return recordings.keep(
        sid,
        call_sid=_text("CallSid"),
        step=_text("step"),
        from_number=_text("From"),
        to_number=_text("To"),
        duration=duration,
        transcription=transcription,
    )


def _keep_recorded(step: str) -> None:
    """Write that a caller left something: the callback about the recording may be lost, and its owners are told late then."""
    sid, duration = _text("RecordingUrl").rpartition("/")[2], _number("RecordingDuration")
    if RECORDING.fullmatch(sid) and duration:
        caller, line = _text("From"), _text("To")
        recordings.keep(sid, call_sid=_text("CallSid"), step=step, from_number=caller, to_number=line, duration=duration)


def _text(name: str) -> str:
    value: str = g.webhook.first(name)
    return value[:TEXT]


def _number(name: str) -> int | None:
    """A parameter as a whole number below ten digits, or None."""
    text = g.webhook.first(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _twiml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
