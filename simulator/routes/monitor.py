"""Twilio's Monitor API, as far as it lists alerts: https://www.twilio.com/docs/usage/monitor-alert"""

from functools import partial
from typing import Any

from quart import Blueprint, request

from simulator.rest.errors import RestError
from simulator.rest.notifications import list_notifications
from simulator.rest.paging import filter_resources, read_span, render_page_with_meta
from simulator.rest.resources.notifications import render_alert, render_whole_alert
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import authenticate, current_account, refuse, require

bp = Blueprint("monitor", __name__, url_prefix="/v1/Alerts")
bp.before_request(authenticate)
bp.register_error_handler(RestError, refuse)


def _url() -> str:
    return f"{request.host_url.rstrip('/')}{bp.url_prefix}"


@bp.get("")
async def list_alerts() -> dict[str, Any]:
    """List the alerts, the newest first."""
    alerts = filter_resources(
        list_notifications(current_exchange().journal),
        request.args,
        texts={"LogLevel": lambda notification: notification.alert.level},
        moments={},
    )
    if first := request.args.get("StartDate"):
        alerts = [alert for alert in alerts if alert.at >= read_span("StartDate", first)[0]]
    if last := request.args.get("EndDate"):
        alerts = [alert for alert in alerts if alert.at < read_span("EndDate", last)[1]]
    render = partial(render_alert, current_account().sid, url=_url())
    return render_page_with_meta(alerts, request.args, _url(), "alerts", render)


@bp.get("/<sid>")
async def fetch_alert(sid: str) -> dict[str, Any]:
    """Fetch one with the request and its answer."""
    known = list_notifications(current_exchange().journal)
    notification = require(next((notification for notification in known if notification.sid == sid), None))
    return render_whole_alert(current_account().sid, notification, _url())
