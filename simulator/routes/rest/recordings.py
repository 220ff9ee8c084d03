"""Recordings: those of the account, of a call and of a conference. Their sound is in routes/media.py."""

from collections.abc import Callable, Iterable
from typing import Any

from quart import request

from simulator.rest.errors import RestError
from simulator.rest.ordering.recordings import change_recording, start_recording
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.recordings import render_call_recording, render_conference_recording, render_recording
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import bp, read_form, require, resource
from simulator.voice.recordings import Recording

CURRENT = "Twilio.CURRENT"


def _render(recording: Recording) -> dict[str, Any]:
    return render_recording(recording, current_exchange().home.url)


def _with_deleted() -> dict[str, Recording]:
    """Take the recordings, and the deleted ones where they are asked for."""
    recordings = current_exchange().recordings
    if request.args.get("IncludeSoftDeleted", "").lower() == "true":
        return recordings.recordings | recordings.deleted
    return recordings.recordings


def _list(recordings: Iterable[Recording], render: Callable[[Recording], dict[str, Any]]) -> dict[str, Any]:
    found = filter_resources(
        sorted(recordings, key=lambda recording: recording.started_at)[::-1],
        request.args,
        texts={"CallSid": lambda recording: recording.call_sid, "ConferenceSid": lambda recording: recording.conference_sid},
        moments={"DateCreated": lambda recording: recording.started_at},
    )
    return render_page(found, request.args, request.path, "recordings", render)


def _find(recordings: dict[str, Recording], sid: str) -> Recording:
    return require(recordings.get(sid))


def _delete(recording: Recording) -> tuple[str, int]:
    if not recording.over:
        raise RestError(20009)
    current_exchange().recordings.delete(recording)
    return "", 204


def _named(recordings: dict[str, Recording], sid: str) -> Recording:
    """Find one of some recordings by its SID, or the latest that runs by `Twilio.CURRENT`."""
    if sid == CURRENT:
        return _find(recordings, next((sid for sid in reversed(recordings) if not recordings[sid].over), ""))
    return _find(recordings, sid)


@resource("GET", "/Recordings")
async def list_recordings() -> dict[str, Any]:
    """List the recordings of the account, newest first."""
    return _list(_with_deleted().values(), _render)


@bp.get("/Accounts/<account_sid>/Recordings/<sid>.json")
async def fetch_recording(sid: str) -> dict[str, Any]:
    """Fetch what is known of a recording; without `.json`, the address is that of its sound."""
    return _render(_find(_with_deleted(), sid))


@resource("DELETE", "/Recordings/<sid>")
async def delete_recording(sid: str) -> tuple[str, int]:
    """Delete a recording that has ended."""
    return _delete(_find(current_exchange().recordings.recordings, sid))


def _of_call(call_sid: str) -> dict[str, Recording]:
    exchange = current_exchange()
    if call_sid not in exchange.telephony.calls:
        raise RestError(20404, path=request.path)
    return {sid: each for sid, each in exchange.recordings.recordings.items() if each.call_sid == call_sid}


@resource("GET", "/Calls/<call_sid>/Recordings")
async def list_call_recordings(call_sid: str) -> dict[str, Any]:
    """List the recordings of a call, newest first."""
    return _list(_of_call(call_sid).values(), render_call_recording)


@resource("POST", "/Calls/<call_sid>/Recordings")
async def start_call_recording(call_sid: str) -> tuple[dict[str, Any], int]:
    """Start to record a call."""
    _of_call(call_sid)
    exchange = current_exchange()
    return render_call_recording(start_recording(exchange, exchange.telephony.calls[call_sid], await read_form())), 201


@resource("GET", "/Calls/<call_sid>/Recordings/<sid>")
async def fetch_call_recording(call_sid: str, sid: str) -> dict[str, Any]:
    """Fetch a recording of a call."""
    return render_call_recording(_named(_of_call(call_sid), sid))


@resource("POST", "/Calls/<call_sid>/Recordings/<sid>")
async def update_call_recording(call_sid: str, sid: str) -> dict[str, Any]:
    """Pause, continue or stop a recording of a call."""
    recording = _named(_of_call(call_sid), sid)
    change_recording(current_exchange(), recording, await read_form())
    return render_call_recording(recording)


@resource("DELETE", "/Calls/<call_sid>/Recordings/<sid>")
async def delete_call_recording(call_sid: str, sid: str) -> tuple[str, int]:
    """Delete a recording of a call."""
    return _delete(_named(_of_call(call_sid), sid))


def _of_conference(conference_sid: str) -> dict[str, Recording]:
    exchange = current_exchange()
    if conference_sid not in exchange.conferences.conferences:
        raise RestError(20404, path=request.path)
    return {sid: each for sid, each in exchange.recordings.recordings.items() if each.conference_sid == conference_sid}


@resource("GET", "/Conferences/<conference_sid>/Recordings")
async def list_conference_recordings(conference_sid: str) -> dict[str, Any]:
    """List the recordings of a conference, newest first."""
    return _list(_of_conference(conference_sid).values(), render_conference_recording)


@resource("GET", "/Conferences/<conference_sid>/Recordings/<sid>")
async def fetch_conference_recording(conference_sid: str, sid: str) -> dict[str, Any]:
    """Fetch a recording of a conference."""
    return render_conference_recording(_named(_of_conference(conference_sid), sid))


@resource("POST", "/Conferences/<conference_sid>/Recordings/<sid>")
async def update_conference_recording(conference_sid: str, sid: str) -> dict[str, Any]:
    """Pause, continue or stop a recording of a conference."""
    recording = _named(_of_conference(conference_sid), sid)
    change_recording(current_exchange(), recording, await read_form())
    return render_conference_recording(recording)


@resource("DELETE", "/Conferences/<conference_sid>/Recordings/<sid>")
async def delete_conference_recording(conference_sid: str, sid: str) -> tuple[str, int]:
    """Delete a recording of a conference."""
    return _delete(_named(_of_conference(conference_sid), sid))
