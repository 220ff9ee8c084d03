"""Messages' files, as records, and what an application says became of a message."""

from typing import Any

from quart import request

from simulator.rest.errors import RestError
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.messages import render_feedback, render_media
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import bp, read_form, resource
from simulator.routes.rest.messages import find_message
from simulator.texts.media import Media
from simulator.texts.messages import Message


def find_media(message_sid: str, sid: str) -> tuple[Message, Media]:
    """Find a file and its message; RestError 20404 where there is none."""
    message = find_message(message_sid)
    for media in message.media:
        if media.sid == sid:
            return message, media
    raise RestError(20404, path=request.path)


@resource("GET", "/Messages/<message_sid>/Media")
async def list_media(message_sid: str) -> dict[str, Any]:
    """List the files of a message."""
    moments = {"DateCreated": lambda media: media.created_at}
    files = filter_resources(find_message(message_sid).media, request.args, texts={}, moments=moments)
    return render_page(files, request.args, request.path, "media_list", render_media)


@bp.get("/Accounts/<account_sid>/Messages/<message_sid>/Media/<sid>.json")
async def fetch_media(message_sid: str, sid: str) -> dict[str, Any]:
    """Fetch the record of a file."""
    return render_media(find_media(message_sid, sid)[1])


@resource("DELETE", "/Messages/<message_sid>/Media/<sid>")
async def delete_media(message_sid: str, sid: str) -> tuple[str, int]:
    """Delete a file."""
    message, media = find_media(message_sid, sid)
    current_exchange().messaging.media.forget(message, media)
    return "", 204


@resource("POST", "/Messages/<message_sid>/Feedback")
async def create_feedback(message_sid: str) -> dict[str, Any]:
    """Take note that a person did what a message was for; nothing here depends on it."""
    message = find_message(message_sid)
    outcome = (await read_form()).choice("Outcome", ("confirmed", "unconfirmed"), 20001) or "confirmed"
    if message.incoming:
        raise RestError(20404, path=request.path)
    return render_feedback(message, outcome, current_exchange().clock.now())
