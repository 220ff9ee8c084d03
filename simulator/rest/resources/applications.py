"""Applications, as the REST API shows them."""

from typing import Any

from simulator.lines import Application
from simulator.rest.resources import account_path
from simulator.web.parameters import API_VERSION, rfc2822


def render_application(application: Application) -> dict[str, Any]:
    """Render an application."""
    endpoints = application.endpoints
    return {
        "account_sid": application.account_sid,
        "api_version": API_VERSION,
        "date_created": rfc2822(application.created_at),
        "date_updated": rfc2822(application.updated_at),
        "friendly_name": application.friendly_name,
        "message_status_callback": application.message_status.url,
        "public_application_connect_enabled": application.public_connect,
        "sid": application.sid,
        "sms_fallback_method": endpoints.sms_fallback.method,
        "sms_fallback_url": endpoints.sms_fallback.url,
        "sms_method": endpoints.sms.method,
        "sms_status_callback": application.message_status.url,
        "sms_url": endpoints.sms.url,
        "status_callback": endpoints.status.url,
        "status_callback_method": endpoints.status.method,
        "uri": f"{account_path(application.account_sid)}/Applications/{application.sid}.json",
        "voice_caller_id_lookup": application.caller_id_lookup,
        "voice_fallback_method": endpoints.voice_fallback.method,
        "voice_fallback_url": endpoints.voice_fallback.url,
        "voice_method": endpoints.voice.method,
        "voice_url": endpoints.voice.url,
    }
