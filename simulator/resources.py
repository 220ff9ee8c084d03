"""How the REST API shows its resources: the one place that renders them.

Keys and formats: Twilio's OpenAPI, https://github.com/twilio/twilio-oai spec/json/twilio_api_v2010.json
"""

from datetime import datetime
from typing import Any

from simulator.calls import Call
from simulator.exchange import Account
from simulator.messages import Message
from simulator.numbering import format_number
from simulator.parameters import API_VERSION, rfc2822

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
ACCOUNT_PARTS = {
    "addresses": "Addresses",
    "applications": "Applications",
    "authorized_connect_apps": "AuthorizedConnectApps",
    "available_phone_numbers": "AvailablePhoneNumbers",
    "balance": "Balance",
    "calls": "Calls",
    "conferences": "Conferences",
    "connect_apps": "ConnectApps",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "keys": "Keys",
    "messages": "Messages",
    "notifications": "Notifications",
    "outgoing_caller_ids": "OutgoingCallerIds",
    "queues": "Queues",
    "recordings": "Recordings",
    "short_codes": "SMS/ShortCodes",
    "signing_keys": "SigningKeys",
    "sip": "SIP",
    "transcriptions": "Transcriptions",
    "usage": "Usage",
}


def account_path(sid: str) -> str:
    """Write the path below which an account's resources are."""
    return f"/{API_VERSION}/Accounts/{sid}"


def _moment(value: datetime | None) -> str | None:
    return None if value is None else rfc2822(value)


def render_account(account: Account, created_at: datetime, trial: bool) -> dict[str, Any]:
    """Render an account; its token is not repeated."""
    path = account_path(account.sid)
    return {
        "auth_token": None,
        "date_created": rfc2822(created_at),
        "date_updated": rfc2822(created_at),
        "friendly_name": "Simulated account",
        "owner_account_sid": account.sid,
        "sid": account.sid,
        "status": "active",
        "subresource_uris": {name: f"{path}/{part}.json" for name, part in ACCOUNT_PARTS.items()},
        "type": "Trial" if trial else "Full",
        "uri": f"{path}.json",
    }


def render_call(call: Call) -> dict[str, Any]:
    """Render a call."""
    path = f"{account_path(call.account_sid)}/Calls/{call.sid}"
    return {
        "account_sid": call.account_sid,
        "answered_by": call.answered_by if call.machine_detection else None,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": _moment(call.created_at if call.updated_at else None),
        "date_updated": _moment(call.updated_at),
        "direction": call.direction,
        "duration": None if call.duration is None else str(call.duration),
        "end_time": _moment(call.ended_at),
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
        "start_time": _moment(call.answered_at or call.dialled_at),
        "status": call.status.value,
        "subresource_uris": {name: f"{path}/{part}.json" for name, part in CALL_PARTS.items()},
        "to": call.to_number,
        "to_formatted": format_number(call.to_number),
        "trunk_sid": None,
        "uri": f"{path}.json",
    }


def render_message(message: Message) -> dict[str, Any]:
    """Render a message."""
    path = f"{account_path(message.account_sid)}/Messages/{message.sid}"
    return {
        "account_sid": message.account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": _moment(message.created_at if message.incoming else message.sent_at),
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
