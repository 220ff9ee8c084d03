"""The handsets over HTTP: the page for people, JSON for scripts."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from quart import Blueprint, Response, jsonify, render_template, request

from simulator.addresses import is_web_address
from simulator.clock import Clock
from simulator.numbering import parse_number
from simulator.phones import HABITS, TEXT_HABITS, Phone, PhoneError, call_json
from simulator.routes import current_exchange, read_json, read_seconds
from simulator.texts.media import MAX_FILES, File
from simulator.texts.messages import MAX_BODY

bp = Blueprint("phones", __name__)

KEEP_ALIVE_SECONDS = 15.0
MAX_SPEECH_SECONDS = 4 * 3600.0
CALLS_LISTED = 20
_CLIENT = re.compile(r"client:[A-Za-z0-9_.@+=%-]{1,121}")  # a browser of the Voice SDK, by its identity
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a pair, which JSON can hold and no request can carry


def find_phone(number: str) -> Phone:
    """Find the handset of a number or of a browser client, or make it; PhoneError where it is neither."""
    if _CLIENT.fullmatch(number):
        return current_exchange().phone(number)
    parsed = parse_number(number if number.startswith("+") else f"+{number.strip()}")
    if parsed is None:
        raise PhoneError(404, "bad_number", "A phone is named by its number, as +15550002222, or as client:alice.")
    return current_exchange().phone(parsed)


def phone_json(phone: Phone, clock: Clock) -> dict[str, Any]:
    """Render a handset with the time of the simulated world, for timers."""
    return phone.as_json() | {"now": clock.now().isoformat()}


def _shown(phone: Phone) -> dict[str, Any]:
    return phone_json(phone, current_exchange().clock)


async def _body() -> dict[str, Any]:
    """Read a body of JSON or of a form."""
    if request.is_json:
        body = await read_json()
        if body is None:
            raise PhoneError(400, "bad_body", "The body must be a JSON object.")
        return body
    form = await request.form
    return {name: form.getlist(name) if name == "media" else form[name] for name in form}


def _text(body: dict[str, Any], name: str, most: int = MAX_BODY) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > most or _SURROGATE.search(value):
        raise PhoneError(400, "bad_body", f"The body needs {name}: a text of 1 to {most} characters.")
    return value


def _seconds(body: dict[str, Any]) -> float:
    """Read how long something takes to say; 0 stands for as long as its words do."""
    seconds = read_seconds(body.get("seconds") or 0, MAX_SPEECH_SECONDS)
    if seconds is None:
        raise PhoneError(400, "bad_body", f"seconds must be a number up to {MAX_SPEECH_SECONDS:.0f}.")
    return seconds


def _is_address(value: object) -> bool:
    return isinstance(value, str) and (is_web_address(value) or value.startswith("data:"))


def _parameters(body: dict[str, Any]) -> dict[str, str]:
    """Read what a client sends along with its call: texts by their names."""
    given = body.get("parameters", {})
    if not isinstance(given, dict):
        raise PhoneError(400, "bad_body", "parameters must be an object of texts.")
    return {name: _text(given, name) for name in given}


def _number(body: dict[str, Any]) -> str:
    number = parse_number(_text(body, "to"))
    if number is None:
        raise PhoneError(400, "bad_body", "to must be a phone number.")
    return number


@bp.errorhandler(PhoneError)
async def refuse(error: PhoneError) -> tuple[Response, int]:
    """Answer what a phone cannot do."""
    return jsonify({"error": {"code": error.code, "message": str(error)}}), error.status


@bp.get("/")
async def show_page() -> str:
    """Show the phones to a person."""
    exchange = current_exchange()
    return await render_template("phones.html", numbers=list(exchange.numbers), default_phone=exchange.default_phone)


@bp.get("/phones")
async def list_phones() -> dict[str, Any]:
    """List the account's numbers and the handsets."""
    exchange = current_exchange()
    return {"numbers": list(exchange.numbers), "phones": [phone.summary() for phone in exchange.phones.all()]}


@bp.get("/phones/<number>")
async def show_phone(number: str) -> dict[str, Any]:
    """Show one handset."""
    return _shown(find_phone(number))


@bp.post("/phones/<number>")
async def change_phone(number: str) -> dict[str, Any]:
    """Set what a handset does when it rings and nobody looks at it, and what becomes of its texts."""
    phone, body = find_phone(number), await _body()
    on_ring, on_text = body.get("on_ring", phone.on_ring), body.get("on_text", phone.on_text)
    if on_ring not in HABITS or not body.keys() & {"on_ring", "on_text"}:
        raise PhoneError(400, "bad_body", f"on_ring must be one of {', '.join(HABITS)}.")
    if on_text not in TEXT_HABITS:
        raise PhoneError(400, "bad_body", f"on_text must be one of {', '.join(TEXT_HABITS)}.")
    phone.on_ring, phone.on_text = on_ring, on_text
    phone.touch()
    if phone.current is not None:
        phone.current.stirred.notify()
    return _shown(phone)


@bp.post("/phones/<number>/call")
async def call(number: str) -> tuple[dict[str, Any], int]:
    """Call a number of the account from this handset; a client calls whom it likes, and its application decides."""
    phone, body = find_phone(number), await _body()
    to = _text(body, "to") if phone.number.startswith("client:") else _number(body)
    placed = current_exchange().dial(phone, to, _parameters(body))
    return {"sid": placed.sid, "from": placed.from_number, "to": placed.to_number, "status": placed.status.value}, 201


@bp.post("/phones/<number>/answer")
async def answer(number: str) -> dict[str, Any]:
    """Pick up."""
    phone = find_phone(number)
    current_exchange().answer(phone)
    return _shown(phone)


@bp.post("/phones/<number>/reject")
async def reject(number: str) -> dict[str, Any]:
    """Refuse the call that rings."""
    phone = find_phone(number)
    current_exchange().reject(phone)
    return _shown(phone)


@bp.post("/phones/<number>/hangup")
async def hangup(number: str) -> dict[str, Any]:
    """Hang up."""
    phone = find_phone(number)
    current_exchange().hang_up(phone)
    return _shown(phone)


@bp.post("/phones/<number>/press")
async def press(number: str) -> dict[str, Any]:
    """Press keys."""
    phone = find_phone(number)
    digits = _text(await _body(), "digits", 64)
    if not re.fullmatch(r"[0-9A-D#*]+", digits):
        raise PhoneError(400, "bad_body", "digits are 0 to 9, A to D, # and *.")
    current_exchange().enter(phone, "digits", digits)
    return _shown(phone)


@bp.post("/phones/<number>/speak")
async def speak(number: str) -> dict[str, Any]:
    """Say something."""
    phone, body = find_phone(number), await _body()
    current_exchange().enter(phone, "speech", _text(body, "text"), _seconds(body))
    return _shown(phone)


@bp.post("/phones/<number>/text")
async def text(number: str) -> tuple[dict[str, Any], int]:
    """Send a text, with pictures uploaded or by their addresses, to a number of the account."""
    phone, body = find_phone(number), await _body()
    media = body.get("media") or []
    if not isinstance(media, list) or not all(map(_is_address, media)):
        raise PhoneError(400, "bad_body", "media must be a list of web or data addresses.")
    uploads = (await request.files).getlist("media")
    files = (*media, *(File(upload.content_type or "", upload.read()) for upload in uploads))
    if len(files) > MAX_FILES:
        raise PhoneError(400, "bad_body", f"At most {MAX_FILES} files go with a text.")
    words = "" if files and not body.get("body") else _text(body, "body")
    message = await current_exchange().text(phone, _number(body), words, files)
    return {"sid": message.sid, "from": message.from_number, "to": message.to_number, "status": "received"}, 201


@bp.get("/phones/<number>/calls")
async def list_calls(number: str) -> dict[str, Any]:
    """List the last calls of this handset, newest first, each with what was said in it."""
    phone, known = find_phone(number), current_exchange().telephony.calls.values()
    own = [one for one in known if one.phone_number == phone.number and one.dialled_at]
    own.sort(key=lambda one: one.dialled_at or one.created_at, reverse=True)
    return {"calls": [{**(call_json(one) or {}), "transcript": list(one.transcript)} for one in own[:CALLS_LISTED]]}


@bp.get("/phones/<number>/events")
async def events(number: str) -> Response:
    """Stream the handset's state as server-sent events: at once and after every change."""
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
    response = Response(_stream(find_phone(number), current_exchange().clock), headers=headers)
    response.timeout = None
    return response


async def _stream(phone: Phone, clock: Clock) -> AsyncIterator[bytes]:
    changed = asyncio.Event()
    changed.set()
    phone.watchers.add(changed)
    try:
        while True:
            try:
                await asyncio.wait_for(changed.wait(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            changed.clear()
            yield f"event: state\ndata: {json.dumps(phone_json(phone, clock))}\n\n".encode()
    finally:
        phone.watchers.discard(changed)
