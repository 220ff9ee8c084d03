"""Twilio's REST API, version 2010-04-01: accounts, calls and messages."""

import binascii
import hmac
from base64 import b64decode
from typing import Any

from quart import Blueprint, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException

from simulator import ordering
from simulator.calls import Call
from simulator.errors import RestError
from simulator.exchange import Account
from simulator.form import Form
from simulator.identifiers import new_sid
from simulator.messages import Message, MessageStatus
from simulator.paging import filter_resources, render_page
from simulator.resources import render_account, render_call, render_message
from simulator.routes import current_exchange

bp = Blueprint("rest", __name__, url_prefix="/2010-04-01")

HEADERS = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Idempotency-Key"
    ),
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Twilio-Concurrent-Requests": "1",
    "Twilio-Request-Duration": "0.010",
    "X-API-Domain": "api.twilio.com",
    "X-Home-Region": "us1",
    "X-Powered-By": "AT-5000",
    "X-Shenanigans": "none",
}
UNDER_WAY = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})


def _credentials() -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise RestError(20003)
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise RestError(20003) from None
    return user, password


@bp.before_request
async def authenticate() -> None:
    """Let in only who knows the account's token, and only to the account's own paths."""
    user, password = _credentials()
    wanted = (request.view_args or {}).get("account_sid", user)
    for account in current_exchange().accounts:
        known = hmac.compare_digest(password.encode(), account.token.encode())
        if known and account.sid == user == wanted:
            g.account = account
            return
    raise RestError(20003)


@bp.before_request
async def fail() -> None:
    """Let happen what a tester asked to go wrong with this request."""
    exchange = current_exchange()
    fault = exchange.faults.take("rest", request.path)
    if fault is None:
        return
    if fault.kind == "refuse":
        raise RestError(20429)
    if fault.kind == "error":
        raise RestError(20500)
    if fault.kind == "lost":
        g.lost = True
        return
    with exchange.clock.working():
        await exchange.clock.sleep(fault.seconds)


@bp.after_request
async def lose(response: Response) -> Response:
    """Break the connection off where the answer is to be lost: the request itself was carried out."""
    if g.get("lost"):
        current_app.extensions["cut"](request.scope["client"])
    return response


@bp.after_request
async def add_headers(response: Response) -> Response:
    """Answer with the headers that Twilio's answers have."""
    response.headers.update(HEADERS)
    response.headers["Twilio-Request-Id"] = new_sid("RQ")
    return response


@bp.errorhandler(RestError)
async def refuse(error: RestError) -> Response:
    """Answer a refusal."""
    response = jsonify(error.as_json())
    response.status_code = error.status
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return response


async def refuse_unrouted(error: HTTPException) -> Response:
    """Answer what has no view, a wrong method or path, in Twilio's way; the credentials count first."""
    known = {404: 20404, 405: 20004, 413: 20413}
    try:
        await authenticate()
        refusal = RestError(known.get(error.code or 500, 20500), path=request.path)
    except RestError as unauthorized:
        refusal = unauthorized
    return await add_headers(await refuse(refusal))


def _account(allow_test: bool = False) -> Account:
    account: Account = g.account
    if account.test and not allow_test:
        raise RestError(20008)
    return account


async def _form() -> Form:
    return Form(await request.form)


@bp.get("/Accounts/<account_sid>.json")
@bp.get("/Accounts/<account_sid>")
async def fetch_account(account_sid: str) -> dict[str, Any]:
    """Fetch the account."""
    exchange = current_exchange()
    return render_account(_account(), exchange.started_at, exchange.config.trial)


@bp.post("/Accounts/<account_sid>/Calls.json")
@bp.post("/Accounts/<account_sid>/Calls")
async def create_call(account_sid: str) -> tuple[dict[str, Any], int]:
    """Place a call."""
    return render_call(ordering.order_call(current_exchange(), _account(allow_test=True), await _form())), 201


@bp.get("/Accounts/<account_sid>/Calls.json")
@bp.get("/Accounts/<account_sid>/Calls")
async def list_calls(account_sid: str) -> dict[str, Any]:
    """List the calls, newest first."""
    _account()
    calls = filter_resources(
        reversed(current_exchange().telephony.calls.values()),
        request.args,
        texts={
            "To": lambda call: call.to_number,
            "From": lambda call: call.from_number,
            "Status": lambda call: call.status.value,
            "ParentCallSid": lambda call: call.parent_sid,
        },
        moments={"StartTime": lambda call: call.answered_at or call.dialled_at, "EndTime": lambda call: call.ended_at},
    )
    return render_page(calls, request.args, request.path, "calls", render_call)


def _call(sid: str) -> Call:
    _account()
    call = current_exchange().telephony.calls.get(sid.removesuffix(".json"))
    if call is None:
        raise RestError(20404, path=request.path)
    return call


@bp.get("/Accounts/<account_sid>/Calls/<sid>")
async def fetch_call(account_sid: str, sid: str) -> dict[str, Any]:
    """Fetch a call."""
    return render_call(_call(sid))


@bp.post("/Accounts/<account_sid>/Calls/<sid>")
async def update_call(account_sid: str, sid: str) -> dict[str, Any]:
    """Redirect or end a call."""
    call = _call(sid)
    ordering.change_call(current_exchange(), call, await _form())
    return render_call(call)


@bp.delete("/Accounts/<account_sid>/Calls/<sid>")
async def delete_call(account_sid: str, sid: str) -> tuple[str, int]:
    """Delete the record of a call that is over."""
    call = _call(sid)
    if not call.over:
        raise RestError(20009)
    del current_exchange().telephony.calls[call.sid]
    return "", 204


@bp.post("/Accounts/<account_sid>/Messages.json")
@bp.post("/Accounts/<account_sid>/Messages")
async def create_message(account_sid: str) -> tuple[dict[str, Any], int]:
    """Send a message."""
    return render_message(ordering.order_message(current_exchange(), _account(allow_test=True), await _form())), 201


@bp.get("/Accounts/<account_sid>/Messages.json")
@bp.get("/Accounts/<account_sid>/Messages")
async def list_messages(account_sid: str) -> dict[str, Any]:
    """List the messages, newest first."""
    _account()
    messages = filter_resources(
        reversed(current_exchange().messaging.messages.values()),
        request.args,
        texts={"To": lambda message: message.to_number, "From": lambda message: message.from_number},
        moments={"DateSent": lambda message: message.created_at if message.incoming else message.sent_at},
    )
    return render_page(messages, request.args, request.path, "messages", render_message)


def _message(sid: str) -> Message:
    _account()
    message = current_exchange().messaging.messages.get(sid.removesuffix(".json"))
    if message is None:
        raise RestError(20404, path=request.path)
    return message


@bp.get("/Accounts/<account_sid>/Messages/<sid>")
async def fetch_message(account_sid: str, sid: str) -> dict[str, Any]:
    """Fetch a message."""
    return render_message(_message(sid))


@bp.post("/Accounts/<account_sid>/Messages/<sid>")
async def update_message(account_sid: str, sid: str) -> dict[str, Any]:
    """Redact or cancel a message."""
    message = _message(sid)
    ordering.change_message(current_exchange(), message, await _form())
    return render_message(message)


@bp.delete("/Accounts/<account_sid>/Messages/<sid>")
async def delete_message(account_sid: str, sid: str) -> tuple[str, int]:
    """Delete a message that is no longer on its way."""
    message = _message(sid)
    if message.status in UNDER_WAY:
        raise RestError(20009)
    del current_exchange().messaging.messages[message.sid]
    return "", 204
