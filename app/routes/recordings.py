"""Recordings and voicemail: heard and deleted by the operator only, always through here, never by a public link."""

import re
from contextlib import suppress

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import audit
from app.auth import require_operator, wants_page
from app.errors import RecordingGone
from app.ledger import recordings
from app.models import Recording
from app.routes.paging import page
from app.twilio_service import RECORDING, current_twilio

SHOWN = 20  # recordings a page
# One part, as players ask for it; anything else is answered with all of it, as HTTP has it (RFC 9110, 14.2).
PART = re.compile(r"bytes=([0-9]{1,15}-[0-9]{0,15}|-[0-9]{1,15})")

bp = Blueprint("recordings", __name__)
bp.before_request(require_operator)


@bp.get("/recordings")
def index() -> str | Response:
    """The recordings, newest first, a page at a time."""
    shown, older = page(recordings.latest, SHOWN)
    if wants_page():
        return render_template("recordings.html", recordings=shown, older=older)
    return jsonify(recordings=[_resource(each) for each in shown], older=older)


@bp.get("/recordings/<sid>")
def recording(sid: str) -> str | Response:
    """One recording, also a deleted one."""
    found = _find(sid)
    return render_template("recording.html", recording=found) if wants_page() else jsonify(_resource(found))


@bp.get("/recordings/<sid>/audio")
def audio(sid: str) -> Response:
    """The sound, as Twilio sends it: all of it, or the part that is asked for."""
    if _find(sid).deleted_at:
        raise RecordingGone("This recording was deleted.")
    part = request.headers.get("Range", "")
    sound = current_twilio().open_recording(sid, part if PART.fullmatch(part) else None)
    if request.method == "GET":  # HEAD gives no sound
        try:
            audit.note_listening(sid)
        except Exception:
            sound.close()
            raise
    response = Response(sound, sound.status, mimetype="audio/mpeg")  # which closes it at its end
    for name in ("Content-Length", "Content-Range", "Accept-Ranges"):
        if value := sound.header(name):
            response.headers[name] = value
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.get("/recordings/<sid>/delete")
def delete(sid: str) -> str:
    """Ask whether to delete it."""
    return render_template("delete_recording.html", recording=_find(sid))


@bp.post("/recordings/<sid>/delete")
def delete_post(sid: str) -> BaseResponse:
    """Delete it at Twilio, then its words here; to repeat this does no harm."""
    if not _find(sid).deleted_at:
        audit.note("recording deleted", sid)
        with suppress(RecordingGone):  # by a request whose answer was lost, or by somebody else
            current_twilio().delete_recording(sid)
        recordings.mark_deleted(sid)
    return redirect(url_for("switchboard.recordings.index"), 303) if wants_page() else jsonify(_resource(_find(sid)))


def _find(sid: str) -> Recording:
    return (RECORDING.fullmatch(sid) and recordings.find(sid)) or abort(404, "No such recording.")


def _resource(row: Recording) -> dict[str, object]:
    """A recording as JSON; `step` is where in the flow it was made."""
    return {
        "sid": row.sid,
        "call_sid": row.call_sid,
        "from": row.from_number,
        "to": row.to_number,
        "step": row.step,
        "duration": row.duration,
        "transcription": row.transcription,
        "created_at": row.created_at.isoformat(),
        "deleted_at": row.deleted_at.isoformat() if row.deleted_at else None,
        "audio": None if row.deleted_at else url_for("switchboard.recordings.audio", sid=row.sid),
    }
