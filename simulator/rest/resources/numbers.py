"""The account's numbers, those that can be bought, and verified ones, as the REST API shows them."""

from typing import Any

from simulator.lines import AccountNumber, CallerId
from simulator.numbering import format_number
from simulator.rest.market import Offer
from simulator.rest.resources import account_path
from simulator.rest.verification import Verification
from simulator.web.parameters import API_VERSION, rfc2822

CAPABILITIES = {"fax": False, "mms": True, "sms": True, "voice": True}
KIND_PATHS = {"local": "Local", "mobile": "Mobile", "toll-free": "TollFree"}


def render_number(line: AccountNumber) -> dict[str, Any]:
    """Render a number of the account."""
    return render_number_of_kind(line) | {"type": line.kind}


def render_number_of_kind(line: AccountNumber) -> dict[str, Any]:
    """Render a number of the account for the list of its kind, which does not name the kind."""
    endpoints = line.endpoints
    return {
        "account_sid": line.account_sid,
        "address_requirements": "none",
        "address_sid": None,
        "api_version": API_VERSION,
        "beta": False,
        "bundle_sid": None,
        "capabilities": CAPABILITIES,
        "date_created": rfc2822(line.created_at),
        "date_updated": rfc2822(line.updated_at),
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": line.friendly_name,
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": line.number,
        "sid": line.sid,
        "sms_application_sid": line.sms_application.sid if line.sms_application else "",
        "sms_fallback_method": endpoints.sms_fallback.method,
        "sms_fallback_url": endpoints.sms_fallback.url,
        "sms_method": endpoints.sms.method,
        "sms_url": endpoints.sms.url,
        "status": "in-use",
        "status_callback": endpoints.status.url,
        "status_callback_method": endpoints.status.method,
        "trunk_sid": None,
        "uri": f"{account_path(line.account_sid)}/IncomingPhoneNumbers/{line.sid}.json",
        "voice_application_sid": line.voice_application.sid if line.voice_application else "",
        "voice_caller_id_lookup": line.caller_id_lookup,
        "voice_fallback_method": endpoints.voice_fallback.method,
        "voice_fallback_url": endpoints.voice_fallback.url,
        "voice_method": endpoints.voice.method,
        "voice_receive_mode": "voice",
        "voice_url": endpoints.voice.url,
    }


def render_offer(offer: Offer) -> dict[str, Any]:
    """Render a number that can be bought."""
    return {
        "address_requirements": "none",
        "beta": False,
        "capabilities": CAPABILITIES,
        "friendly_name": format_number(offer.number),
        "iso_country": offer.country,
        "lata": None,
        "latitude": None,
        "locality": offer.locality,
        "longitude": None,
        "phone_number": offer.number,
        "postal_code": None,
        "rate_center": None,
        "region": offer.region,
    }


def render_country(account_sid: str, country: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Render a country in which numbers can be bought; its name is its code."""
    path = f"{account_path(account_sid)}/AvailablePhoneNumbers/{country}"
    return {
        "beta": False,
        "country": country,
        "country_code": country,
        "subresource_uris": {kind.replace("-", "_"): f"{path}/{KIND_PATHS[kind]}.json" for kind in kinds},
        "uri": f"{path}.json",
    }


def render_caller_id(caller: CallerId) -> dict[str, Any]:
    """Render a verified number."""
    return {
        "account_sid": caller.account_sid,
        "date_created": rfc2822(caller.created_at),
        "date_updated": rfc2822(caller.updated_at),
        "friendly_name": caller.friendly_name,
        "phone_number": caller.number,
        "sid": caller.sid,
        "uri": f"{account_path(caller.account_sid)}/OutgoingCallerIds/{caller.sid}.json",
    }


def render_verification(verification: Verification) -> dict[str, Any]:
    """Render an attempt to verify a number, with the code that is to be entered."""
    return {
        "account_sid": verification.call.account_sid,
        "call_sid": verification.call.sid,
        "friendly_name": verification.friendly_name,
        "phone_number": verification.call.to_number,
        "validation_code": verification.code,
    }
