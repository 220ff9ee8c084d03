"""Notifications, of the account and of one call; and a call's events, the requests that were made for it."""

from functools import partial
from typing import Any

from quart import request

from simulator.rest.errors import RestError
from simulator.rest.notifications import Notification, list_notifications
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.events import Event, render_event
from simulator.rest.resources.notifications import render_notification, render_whole_notification
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, require, resource


def _check_call(call_sid: str) -> None:
    exchange = current_exchange()
    if call_sid not in exchange.telephony.calls and not exchange.journal.entries(call_sid):
        raise RestError(20404, path=request.path)


def _list(call_sid: str | None = None) -> dict[str, Any]:
    notifications = filter_resources(
        list_notifications(current_exchange().journal, call_sid),
        request.args,
        texts={"Log": lambda notification: notification.log},
        moments={"MessageDate": lambda notification: notification.at},
    )
    render = partial(render_notification, current_account().sid, of_call=call_sid)
    return render_page(notifications, request.args, request.path, "notifications", render)


def _notification(sid: str, call_sid: str | None = None) -> Notification:
    known = list_notifications(current_exchange().journal, call_sid)
    return require(next((notification for notification in known if notification.sid == sid), None))


@resource("GET", "/Notifications")
async def list_account_notifications() -> dict[str, Any]:
    """List what went wrong, the newest first."""
    return _list()


@resource("GET", "/Notifications/<sid>")
async def fetch_account_notification(sid: str) -> dict[str, Any]:
    """Fetch one with the request and its answer."""
    return render_whole_notification(current_account().sid, _notification(sid))


@resource("GET", "/Calls/<call_sid>/Notifications")
async def list_call_notifications(call_sid: str) -> dict[str, Any]:
    """List what went wrong in one call."""
    _check_call(call_sid)
    return _list(call_sid)


@resource("GET", "/Calls/<call_sid>/Notifications/<sid>")
async def fetch_call_notification(call_sid: str, sid: str) -> dict[str, Any]:
    """Fetch one of a call's."""
    return render_whole_notification(current_account().sid, _notification(sid, call_sid), call_sid)


@resource("GET", "/Calls/<call_sid>/Events")
async def list_call_events(call_sid: str) -> dict[str, Any]:
    """List the requests of a call with their answers, in their order."""
    _check_call(call_sid)
    events = [Event(entry) for entry in current_exchange().journal.entries(call_sid)]
    return render_page(events, request.args, request.path, "events", render_event)
