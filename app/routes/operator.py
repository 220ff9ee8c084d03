"""What the operator does: dial, text, see what happened."""

import re

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import audit, auth, ledger, limits, outbound, phone
from app.auth import client_address, is_cross_site, require_operator, wants_page
from app.errors import LedgerUnavailable
from app.ledger import events, figures, recordings, refusals, unsettled
from app.models import Call, Message
from app.routes import placing, settling
from app.routes.responses import error
from app.routes.settling import known, listed, wants_json
from app.settings import current_settings
from app.switch import current_switch
from app.twiml import xml_safe

RELOAD = 10  # seconds in which asking for the same call or text again shows it instead of making another
SHOWN = 20  # calls and messages on the start page
LONGEST_REASON = 200  # characters
KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")

bp = Blueprint("operator", __name__)
bp.before_request(require_operator)


@bp.get("/")
def index() -> str:
    """Dial, text, the last calls and messages."""
    calls = ledger.latest_calls(SHOWN)
    return render_template(
        "index.html",
        settings=current_settings(),
        calls=calls,
        legs=ledger.legs(calls),
        messages=ledger.latest(Message, SHOWN),
        open_calls=unsettled.to_look_at(Call, SHOWN + 1),
        open_messages=unsettled.to_look_at(Message, SHOWN + 1),
        unanswered=unsettled.unanswered(),
        shown=SHOWN,
        entries=sorted(current_switch().flow.entries),
        refused=refusals.so_far(),
        jobs_run=figures.jobs_run(),
        recorded=recordings.of_calls(call.sid for call in calls),
        spent=limits.overview(),
    )


@bp.get("/make_call")
def make_call() -> Response:
    """Place the call that the guide places: by opening this address."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
        return Response(status=204)
    if is_cross_site() or _says_more_than_whom():
        return _confirm()
    return _place(reuse_within=RELOAD)


@bp.post("/make_call")
def make_call_post() -> Response:
    """Place a call; twice the same from a browser within seconds is a double click, from a script it is meant."""
    return _place(reuse_within=RELOAD if wants_page() else 0)


@bp.get("/calls/<attempt>")
def call(attempt: str) -> Response:
    """One call, by its attempt id or its SID: so a script can wait until an announcement is acknowledged."""
    found = settling.find(Call, attempt)
    if wants_json():
        news = {"outcome": found.outcome, "answered_by": found.answered_by, "duration": found.duration}
        return jsonify(known(found) | news | {"events": listed(found)})
    return _call_page(found)


@bp.post("/send_sms")
def send_sms() -> BaseResponse:
    """Send a text; twice the same from a browser within seconds is a double click, as with calls."""
    given = _given()
    if not given.get("to") or "body" not in given:
        return error("invalid_request", "Give `to`, a phone number, and `body`, the text.", 400)
    message, new = outbound.send_sms(
        given["to"], given["body"], reuse_within=RELOAD if wants_page() else 0, key=_key(), noted=audit.noting("texted")
    )
    if wants_page():
        return redirect(url_for("switchboard.operator.index"), 303)
    response = _resource(message, 201 if new else 200)
    response.location = url_for("switchboard.settling.message", attempt=message.attempt)
    return response


@bp.post("/spending/stop")
def stop_spending() -> BaseResponse:
    """Let nothing that costs be done any more."""
    reason = _given().get("reason", "").strip()
    if not reason or len(reason) > LONGEST_REASON:
        return error("invalid_request", f"Give `reason`, why all is stopped, in 1 to {LONGEST_REASON} characters.", 400)
    audit.note("spending stopped")
    limits.stop(f"the operator at {client_address()}", reason)
    return _spending()


@bp.post("/spending/resume")
def resume_spending() -> BaseResponse:
    """End that."""
    audit.note("spending resumed")
    limits.resume(f"the operator at {client_address()}")
    return _spending()


@bp.post("/sign_out")
def sign_out() -> BaseResponse:
    """End the session."""
    audit.note("signed out", auth.sign_out())  # whose cookie ends also where the database cannot be written
    return redirect(url_for("switchboard.public.sign_in"), 303)


def _spending() -> BaseResponse:
    """Whether spending is stopped: back to the start page, which says it, or as JSON."""
    return redirect(url_for("switchboard.operator.index"), 303) if wants_page() else jsonify(stopped=limits.is_stopped())


def _says_more_than_whom() -> bool:
    """Whether a browser's address says what is to be heard: one that is typed cannot be told from a stranger's link in a mail."""
    return wants_page() and any(request.args.get(name) for name in placing.PARAMETERS if name != "to")


def _confirm() -> Response:
    """Ask whether a call that somebody else's link may ask for is to be placed. Raises InvalidNumber."""
    given = {name: value for name, value in _given().items() if name in placing.PARAMETERS}
    heard = placing.heard(given, current_switch().flow.entries)
    settings = current_settings()
    given["to"] = phone.parse(given.get("to", settings.twilio_to_number), home=settings.twilio_from_number).e164
    return make_response(render_template("confirm.html", given=given, heard=heard))


def _place(reuse_within: float) -> Response:
    given = _given()
    heard = placing.heard(given, current_switch().flow.entries)
    noted = audit.noting("dialled" if heard.announcement is None else "announced")
    placed, new = outbound.place_call(given.get("to"), heard, reuse_within=reuse_within, key=_key(), noted=noted)
    if not wants_json():
        try:
            return _call_page(placed)
        except LedgerUnavailable:  # it rings all the same: an error would read as if it did not
            return make_response(render_template("call.html", call=placed, legs={}, events=[], likely=[]))
    response = _resource(placed, 201 if new else 200)
    response.location = url_for("switchboard.operator.call", attempt=placed.attempt)
    return response


def _call_page(call: Call) -> Response:
    return make_response(
        render_template("call.html", call=call, legs=ledger.legs([call]), events=events.of(call), likely=settling.likely(call))
    )


def _resource(row: Call | Message, status: int) -> Response:
    """A call or message as JSON; 202 instead while nobody knows Twilio's SID for it."""
    response = jsonify(known(row))
    response.status_code = 202 if row.sid is None else status
    return response


def _key() -> str | None:
    """What names a request of a script, so that it counts once however often it comes."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        abort(400, "An Idempotency-Key is 1 to 255 printable characters.")
    return key


def _given() -> dict[str, str]:
    """What was sent, as a form, in JSON or in the address, without what XML and databases cannot carry."""
    try:
        document = request.get_json() if request.is_json else request.values.to_dict()
    except RecursionError:
        abort(400, "Send a JSON object.")
    if not isinstance(document, dict):
        abort(400, "Send a JSON object.")
    if not all(isinstance(value, str) for value in document.values()):
        abort(400, "Each value is a text.")
    return {name: xml_safe(value) for name, value in document.items()}
