"""Messages, as the REST API shows them."""

from typing import Any

from simulator.messages import Message
from simulator.parameters import API_VERSION, rfc2822
from simulator.resources import account_path, render_moment


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
        "from": message.from_number,
        "messaging_service_sid": None,
        "num_media": str(len(message.media)),
        "num_segments": str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status.value,
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": message.to_number,
        "uri": f"{path}.json",
    }
