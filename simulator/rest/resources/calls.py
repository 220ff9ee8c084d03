"""Calls, as the REST API shows them."""

from typing import Any

from simulator.numbering import format_number
from simulator.rest.resources import account_path, render_moment
from simulator.voice.calls import Call
from simulator.web.parameters import API_VERSION

CALL_PARTS = {
    "events": "Events",
    "notifications": "Notifications",
    "payments": "Payments",
    "recordings": "Recordings",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


def render_call(call: Call) -> dict[str, Any]:
    """Render a call."""
    path = f"{account_path(call.account_sid)}/Calls/{call.sid}"
    return {
        "account_sid": call.account_sid,
        "answered_by": call.answered_by if call.machine_detection else None,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": render_moment(call.created_at if call.updated_at else None),
        "date_updated": render_moment(call.updated_at),
        "direction": call.direction,
        "duration": None if call.duration is None else str(call.duration),
        "end_time": render_moment(call.ended_at),
        "forwarded_from": None,
        "from": call.from_number,
        "from_formatted": format_number(call.from_number),
        "group_sid": None,
        "parent_call_sid": call.parent_sid,
        "phone_number_sid": call.phone_number_sid,
        "price": None,
        "price_unit": "USD",
        "queue_time": str(call.queue_ms),
        "sid": call.sid,
        "start_time": render_moment(call.answered_at or call.dialled_at),
        "status": call.status.value,
        "subresource_uris": {name: f"{path}/{part}.json" for name, part in CALL_PARTS.items()},
        "to": call.to_number,
        "to_formatted": format_number(call.to_number),
        "trunk_sid": None,
        "uri": f"{path}.json",
    }
