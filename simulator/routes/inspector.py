"""What testers use: the record of webhooks, faults, and the virtual clock."""

from typing import Any

from quart import Blueprint, Response, jsonify, render_template, request

from simulator.clock import VirtualClock
from simulator.routes import current_exchange, read_json, read_seconds
from simulator.web.faults import UNREACHABLE, kinds_as_json
from simulator.web.replays import replay

bp = Blueprint("inspector", __name__)

MAX_ADVANCE = 7 * 24 * 3600.0


def _refusal(status: int, code: str, message: str) -> tuple[Response, int]:
    return jsonify({"error": {"code": code, "message": message}}), status


async def _fields() -> dict[str, Any]:
    return await read_json() or {} if request.is_json else dict(await request.form)


@bp.get("/requests")
async def list_requests() -> Response:
    """List the webhooks, oldest first, all or those `after` one: a page for a browser, JSON, whole or some `fields`, else."""
    sid, after, fields = request.args.get("sid"), request.args.get("after", 0, type=int), request.args.get("fields", "")
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        response = Response(await render_template("requests.html", sid=sid))
    else:
        response = jsonify(
            {"requests": [entry.as_json(fields.split(",")) for entry in current_exchange().journal.entries(sid, after)]}
        )
    response.headers["Vary"] = "Accept"
    return response


@bp.get("/requests/<int:number>")
async def show_request(number: int) -> dict[str, Any] | tuple[Response, int]:
    """Show one webhook."""
    entry = current_exchange().journal.entry(number)
    return _unknown() if entry is None else entry.as_json()


@bp.post("/requests/<int:number>/replay")
async def replay_request(number: int) -> tuple[Response, int]:
    """Send a webhook once more, newly signed; its answer is shown and not carried out."""
    exchange = current_exchange()
    entry = exchange.journal.entry(number)
    if entry is None:
        return _unknown()
    with exchange.clock.working():
        sent = await replay(exchange.webhooks, entry)
    return jsonify(sent.as_json()), 201


def _unknown() -> tuple[Response, int]:
    return _refusal(404, "no_such_request", "There is no such request, or it is forgotten.")


@bp.get("/faults")
async def list_faults() -> dict[str, Any]:
    """List the faults that are still to happen, and the kinds that there are."""
    return {"faults": current_exchange().faults.as_json(), "kinds": kinds_as_json()}


@bp.post("/faults")
async def add_fault() -> tuple[Response, int]:
    """Ask for a fault."""
    fields = await _fields()
    match, sid = fields.get("match"), fields.get("sid")
    try:
        fault = current_exchange().faults.add(
            str(fields.get("target", "")),
            str(fields.get("kind", "")),
            None if match is None else str(match),
            int(fields.get("count", 1)),
            float(fields.get("seconds", 0)),
            int(fields.get("code", UNREACHABLE)),
            int(fields.get("status", 0)),
            None if sid is None else str(sid),
            float(fields.get("rate", 0)),
            int(fields.get("seed", 0)),
        )
    except (TypeError, ValueError, OverflowError) as error:
        return _refusal(400, "bad_fault", str(error))
    return jsonify(fault.as_json()), 201


@bp.delete("/faults")
async def clear_faults() -> tuple[str, int]:
    """Forget every fault."""
    current_exchange().faults.clear()
    return "", 204


@bp.get("/clock")
async def show_clock() -> dict[str, Any]:
    """Tell the time of the simulated world, and how fast it runs; 0 is a clock that only `POST /clock` moves."""
    exchange = current_exchange()
    speed = 0 if isinstance(exchange.clock, VirtualClock) else exchange.config.speed
    return {"now": exchange.clock.now().isoformat(), "speed": speed}


@bp.post("/clock")
async def advance_clock() -> Response | tuple[Response, int]:
    """Move virtual time forward by some seconds."""
    clock = current_exchange().clock
    if not isinstance(clock, VirtualClock):
        return _refusal(409, "real_clock", "This clock runs by itself.")
    seconds = read_seconds((await _fields()).get("advance"), MAX_ADVANCE)
    if seconds is None:
        return _refusal(400, "bad_body", f"advance must be between 0 and {MAX_ADVANCE:.0f} seconds.")
    await clock.advance(seconds)
    return jsonify({"now": clock.now().isoformat()})
