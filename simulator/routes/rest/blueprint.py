"""What all resources of the REST API share: the way to their views, credentials, faults asked for, headers, refusals."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Callable
from http.client import responses
from typing import Any, TypeVar

from quart import Blueprint, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException

from simulator.exchange import Account
from simulator.identifiers import new_sid
from simulator.rest.errors import RestError
from simulator.rest.form import Form
from simulator.routes import current_exchange

R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])

bp = Blueprint("rest", __name__, url_prefix="/2010-04-01")

HEADERS = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Idempotency-Key"
    ),
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Twilio-Request-Duration": "0.010",
    "X-API-Domain": "api.twilio.com",
    "X-Home-Region": "us1",
    "X-Powered-By": "AT-5000",
    "X-Shenanigans": "none",
}
OPEN_TO_TESTS: set[str] = set()
AFTERWARDS = frozenset({"lost", "head", "half", "gateway"})  # faults that let the request be carried out


def resource(method: str, path: str, test_credentials: bool = False) -> Callable[[V], V]:
    """Register a view below the account's path, with and without `.json`; test credentials reach only what says so."""

    def register(view: V) -> V:
        for suffix in (".json", ""):
            bp.add_url_rule(f"/Accounts/<account_sid>{path}{suffix}", view_func=view, methods=[method])
        if test_credentials:
            OPEN_TO_TESTS.add(f"{bp.name}.{view.__name__}")
        return view

    return register


@bp.url_value_preprocessor
def take_account(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Keep the account of the path for the check of the credentials; no view needs it."""
    if values and "account_sid" in values:
        g.account_sid = values.pop("account_sid")


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
    """Let in only who knows the account's token or a key's secret, and only to the account's own paths."""
    account = _identify(*_credentials())
    if account is None or g.get("account_sid", account.sid) != account.sid:
        raise RestError(20003)
    if account.test and request.endpoint not in OPEN_TO_TESTS:
        raise RestError(20008)
    g.account = account


def _identify(user: str, password: str) -> Account | None:
    exchange = current_exchange()
    key = exchange.keys.get(user)
    if key is not None and hmac.compare_digest(password.encode(), key.secret.encode()):
        return exchange.accounts[0]
    for account in exchange.accounts:
        if hmac.compare_digest(password.encode(), account.token.encode()) and account.sid == user:
            return account
    return None


@bp.before_request
async def enter() -> None:
    """Count the request among those that are answered now, and refuse one too many."""
    exchange = current_exchange()
    if 0 < exchange.config.concurrency <= len(exchange.rest_requests):
        raise RestError(20429)
    g.entered = object()
    exchange.rest_requests.add(g.entered)


@bp.teardown_request
async def leave(error: BaseException | None) -> None:
    """Make room for another request, however this one ended."""
    current_exchange().rest_requests.discard(g.get("entered"))


@bp.before_request
async def fail() -> tuple[dict[str, Any], int] | None:
    """Let happen what a tester asked to go wrong with this request."""
    exchange = current_exchange()
    fault = exchange.faults.take("rest", request.path)
    if fault is None:
        return None
    if fault.kind == "refuse":
        raise RestError(20429)
    if fault.kind == "error":
        raise RestError(20500)
    if fault.kind in AFTERWARDS:
        g.fault = fault
        return None
    if fault.kind == "reset":
        current_app.extensions["cut"](request.scope["client"])
        return {}, 500
    if fault.kind == "status":
        code = int(f"20{fault.status}")
        more = f"https://www.twilio.com/docs/errors/{code}"
        text = responses.get(fault.status, "Error")
        return {"code": code, "message": text, "more_info": more, "status": fault.status}, fault.status
    with exchange.clock.working():
        await exchange.clock.sleep(fault.seconds)
    return None


@bp.after_request
async def lose(response: Response) -> Response:
    """Lose the answer, or a part of it, as a tester asked: the request itself was carried out."""
    fault = g.get("fault")
    if fault is None:
        return response
    if fault.kind == "gateway":
        text = responses.get(fault.status, "Error")
        return Response(f"<html><title>{fault.status} {text}</title></html>", fault.status, content_type="text/html")
    body = await response.get_data(as_text=False)
    lines = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in response.headers.items()), "", ""]
    head = "\r\n".join(lines).encode()
    parts = {"lost": b"", "head": head[: len(head) // 2], "half": head + body[: len(body) // 2]}
    current_app.extensions["cut"](request.scope["client"], parts[fault.kind])
    return response


@bp.after_request
async def add_headers(response: Response) -> Response:
    """Answer with the headers that Twilio's answers have."""
    response.headers.update(HEADERS)
    response.headers["Twilio-Concurrent-Requests"] = str(len(current_exchange().rest_requests))
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


def require(record: R | None) -> R:
    """Pass on what was looked for; 20404 where there is nothing."""
    if record is None:
        raise RestError(20404, path=request.path)
    return record


def current_account() -> Account:
    """Name the account that asks."""
    account: Account = g.account
    return account


async def read_form() -> Form:
    """Read the parameters of a change."""
    return Form(await request.form)
