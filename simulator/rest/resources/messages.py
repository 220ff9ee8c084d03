"""Messages, as the REST API shows them."""

from datetime import datetime
from typing import Any

from simulator.rest.resources import account_path, render_moment
from simulator.texts.media import Media
from simulator.texts.messages import Message
from simulator.web.parameters import API_VERSION, rfc2822


def render_message(message: Message) -> dict[str, Any]:
    """Render a message."""
    path = f"{account_path(message.account_sid)}/Messages/{message.sid}"
    return {
        "account_sid": message.account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": render_moment(message.created_at if message.incoming else message.sent_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": message.error_message,
        "from": message.from_number or None,
        "messaging_service_sid": message.service_sid,
        "num_media": str(message.num_media),
        "num_segments": str(message.segments if message.from_number else 0),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status.value,
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": message.to_number,
        "uri": f"{path}.json",
    }


def render_media(media: Media) -> dict[str, Any]:
    """Render the record of a file."""
    return {
        "account_sid": media.account_sid,
        "content_type": media.content_type,
        "date_created": rfc2822(media.created_at),
        "date_updated": rfc2822(media.created_at),
        "parent_sid": media.message_sid,
        "sid": media.sid,
        "uri": f"{account_path(media.account_sid)}/Messages/{media.message_sid}/Media/{media.sid}.json",
    }


def render_feedback(message: Message, outcome: str, now: datetime) -> dict[str, Any]:
    """Render what an application says became of a message."""
    return {
        "account_sid": message.account_sid,
        "date_created": rfc2822(now),
        "date_updated": rfc2822(now),
        "message_sid": message.sid,
        "outcome": outcome,
        "uri": f"{account_path(message.account_sid)}/Messages/{message.sid}/Feedback.json",
    }
