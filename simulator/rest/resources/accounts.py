"""The account, as the REST API shows it."""

from datetime import datetime
from typing import Any

from simulator.exchange import Account
from simulator.keys import Key
from simulator.rest.resources import account_path
from simulator.web.parameters import rfc2822

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


def render_account(account: Account, friendly_name: str, created_at: datetime, trial: bool) -> dict[str, Any]:
    """Render an account; its token is not repeated."""
    path = account_path(account.sid)
    return {
        "auth_token": None,
        "date_created": rfc2822(created_at),
        "date_updated": rfc2822(created_at),
        "friendly_name": friendly_name,
        "owner_account_sid": account.sid,
        "sid": account.sid,
        "status": "active",
        "subresource_uris": {name: f"{path}/{part}.json" for name, part in ACCOUNT_PARTS.items()},
        "type": "Trial" if trial else "Full",
        "uri": f"{path}.json",
    }


def render_key(key: Key) -> dict[str, Any]:
    """Render an API key without its secret."""
    return {
        "date_created": rfc2822(key.created_at),
        "date_updated": rfc2822(key.updated_at),
        "friendly_name": key.friendly_name,
        "sid": key.sid,
    }
