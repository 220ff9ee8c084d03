"""Conferences and their participants, as the REST API shows them."""

from typing import Any

from simulator.rest.resources import account_path, render_moment
from simulator.voice.calls import Call, CallStatus
from simulator.voice.conferences import Conference, Participant
from simulator.web.parameters import API_VERSION, rfc2822

CALL_STATUSES = {CallStatus.QUEUED: "queued", CallStatus.RINGING: "ringing", CallStatus.IN_PROGRESS: "connecting"}


def render_conference(conference: Conference) -> dict[str, Any]:
    """Render a conference; why it has ended is null until then."""
    path = f"{account_path(conference.account_sid)}/Conferences/{conference.sid}"
    return {
        "account_sid": conference.account_sid,
        "api_version": API_VERSION,
        "call_sid_ending_conference": conference.call_ending,
        "date_created": rfc2822(conference.created_at),
        "date_updated": rfc2822(conference.updated_at),
        "friendly_name": conference.name,
        "reason_conference_ended": conference.reason_ended,
        "region": "us1",
        "sid": conference.sid,
        "status": conference.status,
        "subresource_uris": {name: f"{path}/{name.title()}.json" for name in ("participants", "recordings")},
        "uri": f"{path}.json",
    }


def _participant_status(call: Call, joined: bool) -> str:
    return "connected" if joined and not call.over else CALL_STATUSES.get(call.status, "complete")


def render_participant(conference: Conference, participant: Participant, created: bool = False) -> dict[str, Any]:
    """Render a participant, who may not have answered yet; `queue_time` is told when it is created."""
    call = participant.call
    return {
        "account_sid": conference.account_sid,
        "call_sid": call.sid,
        "call_sid_to_coach": call.coaching or None,
        "coaching": bool(call.coaching),
        "conference_sid": conference.sid,
        "date_created": rfc2822(participant.joined_at or call.created_at),
        "date_updated": render_moment(participant.updated_at or participant.joined_at or call.created_at),
        "end_conference_on_exit": participant.end_on_exit,
        "hold": call.on_hold,
        "label": participant.label or None,
        "muted": call.muted,
        "queue_time": str(call.queue_ms) if created else None,
        "start_conference_on_enter": participant.start_on_enter,
        "status": _participant_status(call, call.sid in conference.participants),
        "uri": f"{account_path(conference.account_sid)}/Conferences/{conference.sid}/Participants/{call.sid}.json",
    }
