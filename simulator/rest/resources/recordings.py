"""Recordings and transcriptions, as the REST API shows them: below the account, a call or a conference."""

from typing import Any

from simulator.rest.resources import account_path
from simulator.voice.recordings import Recording, Transcription
from simulator.web.parameters import API_VERSION, rfc2822

TOO_SHORT = 16101


def _render_common(recording: Recording, path: str) -> dict[str, Any]:
    return {
        "account_sid": recording.account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid,
        "channels": recording.rules.channels,
        "conference_sid": recording.conference_sid,
        "date_created": rfc2822(recording.started_at),
        "date_updated": rfc2822(recording.updated_at),
        "duration": str(recording.seconds) if recording.over else None,
        "encryption_details": None,
        "error_code": TOO_SHORT if recording.status == "absent" else None,
        "price": None,
        "price_unit": "USD",
        "sid": recording.sid,
        "source": recording.source,
        "start_time": rfc2822(recording.started_at),
        "status": recording.status,
        "uri": f"{path}/Recordings/{recording.sid}.json",
    }


def render_recording(recording: Recording, home: str) -> dict[str, Any]:
    """Render a recording of the account; its media are at `home`."""
    path = account_path(recording.account_sid)
    below = f"{path}/Recordings/{recording.sid}"
    return _render_common(recording, path) | {
        "media_url": f"{home}{below}",
        "subresource_uris": {
            "add_on_results": f"{below}/AddOnResults.json",
            "transcriptions": f"{below}/Transcriptions.json",
        },
    }


def render_call_recording(recording: Recording) -> dict[str, Any]:
    """Render a recording as one of its call."""
    path = f"{account_path(recording.account_sid)}/Calls/{recording.call_sid}"
    return _render_common(recording, path) | {"track": recording.rules.track}


def render_conference_recording(recording: Recording) -> dict[str, Any]:
    """Render a recording as one of its conference."""
    return _render_common(recording, f"{account_path(recording.account_sid)}/Conferences/{recording.conference_sid}")


def render_transcription(transcription: Transcription) -> dict[str, Any]:
    """Render a transcription."""
    return {
        "account_sid": transcription.account_sid,
        "api_version": API_VERSION,
        "date_created": rfc2822(transcription.created_at),
        "date_updated": rfc2822(transcription.updated_at),
        "duration": str(transcription.seconds),
        "price": None,
        "price_unit": "USD",
        "recording_sid": transcription.recording_sid,
        "sid": transcription.sid,
        "status": transcription.status,
        "transcription_text": transcription.text,
        "type": "fast",
        "uri": f"{account_path(transcription.account_sid)}/Transcriptions/{transcription.sid}.json",
    }
