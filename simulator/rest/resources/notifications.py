"""Notifications, as the REST API and the monitor show them."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from simulator.rest.notifications import Notification
from simulator.rest.resources import account_path
from simulator.web.parameters import API_VERSION, rfc2822

DICTIONARY = "https://www.twilio.com/docs/errors"


def _message(notification: Notification) -> str:
    """Write what happened as Twilio's debugger does: as a form."""
    alert, entry = notification.alert, notification.entry
    fields = {"Msg": alert.text, "ErrorCode": alert.code, "LogLevel": alert.level.upper(), "url": entry.url}
    return urlencode(fields | ({"httpResponse": entry.status} if entry.status is not None else {}))


def _exchange(notification: Notification) -> dict[str, str]:
    """Write what was sent and what came back, which only a single one shows."""
    entry = notification.entry
    return {
        "request_variables": urlencode(entry.params),
        "response_body": entry.body,
        "response_headers": urlencode(entry.response_headers),
    }


def render_notification(account_sid: str, notification: Notification, of_call: str | None = None) -> dict[str, Any]:
    """Render a notification for a list, of the account or of one call."""
    moment = rfc2822(notification.at)
    path = account_path(account_sid) + (f"/Calls/{of_call}" if of_call else "")
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "call_sid": notification.call_sid,
        "date_created": moment,
        "date_updated": moment,
        "error_code": str(notification.alert.code),
        "log": notification.log,
        "message_date": moment,
        "message_text": _message(notification),
        "more_info": f"{DICTIONARY}/{notification.alert.code}",
        "request_method": notification.entry.method,
        "request_url": notification.entry.url,
        "sid": notification.sid,
        "uri": f"{path}/Notifications/{notification.sid}.json",
    }


def render_whole_notification(account_sid: str, notification: Notification, of_call: str | None = None) -> dict[str, Any]:
    """Render a notification with the request and its answer."""
    return render_notification(account_sid, notification, of_call) | _exchange(notification)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def render_alert(account_sid: str, notification: Notification, url: str) -> dict[str, Any]:
    """Render a notification as the monitor lists it; `url` is that of the list."""
    moment = _iso(notification.at)
    return {
        "account_sid": account_sid,
        "alert_text": _message(notification),
        "api_version": API_VERSION,
        "date_created": moment,
        "date_generated": moment,
        "date_updated": moment,
        "error_code": str(notification.alert.code),
        "log_level": notification.alert.level,
        "more_info": f"{DICTIONARY}/{notification.alert.code}",
        "request_method": notification.entry.method,
        "request_url": notification.entry.url,
        "resource_sid": notification.entry.sid,
        "service_sid": None,
        "sid": notification.sid,
        "url": f"{url}/{notification.sid}",
    }


def render_whole_alert(account_sid: str, notification: Notification, url: str) -> dict[str, Any]:
    """Render a notification as the monitor shows it alone."""
    return render_alert(account_sid, notification, url) | _exchange(notification) | {"request_headers": ""}
