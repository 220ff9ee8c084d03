"""Transcriptions, those of the account and of a recording."""

from typing import Any

from quart import Response, request

from simulator.rest.paging import render_page
from simulator.rest.resources.recordings import render_transcription
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import bp, require, resource
from simulator.voice.recordings import Transcription


def _transcriptions(recording_sid: str | None = None) -> dict[str, Transcription]:
    everything = current_exchange().recordings.transcriptions
    return {sid: each for sid, each in everything.items() if recording_sid in {None, each.recording_sid}}


def _find(sid: str, recording_sid: str | None = None) -> Transcription:
    return require(_transcriptions(recording_sid).get(sid))


@resource("GET", "/Transcriptions")
@resource("GET", "/Recordings/<recording_sid>/Transcriptions")
async def list_transcriptions(recording_sid: str | None = None) -> dict[str, Any]:
    """List the transcriptions of the account or of a recording, newest first."""
    newest = list(reversed(_transcriptions(recording_sid).values()))
    return render_page(newest, request.args, request.path, "transcriptions", render_transcription)


@resource("GET", "/Transcriptions/<sid>")
@resource("GET", "/Recordings/<recording_sid>/Transcriptions/<sid>")
async def fetch_transcription(sid: str, recording_sid: str | None = None) -> dict[str, Any]:
    """Fetch a transcription."""
    return render_transcription(_find(sid, recording_sid))


@bp.get("/Accounts/<account_sid>/Transcriptions/<sid>.txt")
async def fetch_transcription_text(sid: str) -> Response:
    """Fetch the text of a transcription alone."""
    return Response(_find(sid).text, mimetype="text/plain")


@resource("DELETE", "/Transcriptions/<sid>")
@resource("DELETE", "/Recordings/<recording_sid>/Transcriptions/<sid>")
async def delete_transcription(sid: str, recording_sid: str | None = None) -> tuple[str, int]:
    """Delete a transcription."""
    del current_exchange().recordings.transcriptions[_find(sid, recording_sid).sid]
    return "", 204
