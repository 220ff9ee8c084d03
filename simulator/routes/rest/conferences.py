"""Conferences and their participants."""

from functools import partial
from typing import Any

from quart import request

from simulator.rest.errors import RestError
from simulator.rest.ordering import conferences as ordering
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.conferences import render_conference, render_participant
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, read_form, require, resource
from simulator.voice.conferences import Conference, Participant


def _conference(sid: str) -> Conference:
    return require(current_exchange().conferences.conferences.get(sid))


@resource("GET", "/Conferences")
async def list_conferences() -> dict[str, Any]:
    """List the conferences, newest first."""
    found = filter_resources(
        reversed(current_exchange().conferences.conferences.values()),
        request.args,
        texts={"Status": lambda conference: conference.status, "FriendlyName": lambda conference: conference.name},
        moments={"DateCreated": lambda conference: conference.created_at, "DateUpdated": lambda conference: conference.updated_at},
    )
    return render_page(found, request.args, request.path, "conferences", render_conference)


@resource("GET", "/Conferences/<sid>")
async def fetch_conference(sid: str) -> dict[str, Any]:
    """Fetch a conference."""
    return render_conference(_conference(sid))


@resource("POST", "/Conferences/<sid>")
async def update_conference(sid: str) -> dict[str, Any]:
    """End a conference, or announce something in it."""
    conference = _conference(sid)
    ordering.change_conference(current_exchange(), conference, await read_form())
    return render_conference(conference)


def _participant(conference: Conference, name: str) -> Participant:
    return require(ordering.find_participant(conference, name))


@resource("GET", "/Conferences/<conference_sid>/Participants")
async def list_participants(conference_sid: str) -> dict[str, Any]:
    """List who is in a conference or called into it, newest first."""
    conference = _conference(conference_sid)
    found = filter_resources(
        reversed(ordering.list_participants(conference).values()),
        request.args,
        texts={
            "Muted": lambda participant: str(participant.call.muted).lower(),
            "Hold": lambda participant: str(participant.call.on_hold).lower(),
            "Coaching": lambda participant: str(bool(participant.call.coaching)).lower(),
        },
        moments={},
    )
    return render_page(found, request.args, request.path, "participants", partial(render_participant, conference))


@resource("POST", "/Conferences/<sid_or_name>/Participants")
async def create_participant(sid_or_name: str) -> tuple[dict[str, Any], int]:
    """Call somebody into a conference, named by its SID or by its name."""
    made = ordering.invite_participant(current_exchange(), current_account(), sid_or_name, await read_form())
    return render_participant(*made, created=True), 201


@resource("GET", "/Conferences/<conference_sid>/Participants/<name>")
async def fetch_participant(conference_sid: str, name: str) -> dict[str, Any]:
    """Fetch a participant, by the call's SID or the label."""
    conference = _conference(conference_sid)
    return render_participant(conference, _participant(conference, name))


@resource("POST", "/Conferences/<conference_sid>/Participants/<name>")
async def update_participant(conference_sid: str, name: str) -> dict[str, Any]:
    """Change a participant who is in the conference."""
    conference = _conference(conference_sid)
    participant = _participant(conference, name)
    if participant.sid not in conference.participants:
        raise RestError(20404, path=request.path)
    ordering.change_participant(current_exchange(), conference, participant, await read_form())
    return render_participant(conference, participant)


@resource("DELETE", "/Conferences/<conference_sid>/Participants/<name>")
async def delete_participant(conference_sid: str, name: str) -> tuple[str, int]:
    """Take a participant out of the conference."""
    conference = _conference(conference_sid)
    ordering.remove_participant(current_exchange(), conference, _participant(conference, name))
    return "", 204
