"""What was heard of one call or text, and what an operator says became of it where Twilio does not."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import audit, ledger, likeness, reconcile
from app.auth import require_operator
from app.errors import TwilioError
from app.inquiries import Resource
from app.ledger import Row, events, unsettled
from app.models import Call, Message
from app.routes.paging import row_id
from app.twiml import xml_safe

bp = Blueprint("settling", __name__)
bp.before_request(require_operator)


@bp.get("/messages/<attempt>")
def message(attempt: str) -> Response:
    """One text, by its attempt id or its SID."""
    found = find(Message, attempt)
    if wants_json():
        return jsonify(known(found) | {"error_code": found.error_code, "events": listed(found)})
    return make_response(render_template("message.html", message=found, events=events.of(found), likely=likely(found)))


@bp.post("/calls/<attempt>/settle")
def settle_call(attempt: str) -> BaseResponse:
    """Take the operator's word on what became of a call."""
    _settle(find(Call, attempt))
    return redirect(url_for("switchboard.operator.call", attempt=attempt), 303)


@bp.post("/messages/<attempt>/settle")
def settle_message(attempt: str) -> BaseResponse:
    """Take the operator's word on what became of a text."""
    _settle(find(Message, attempt))
    return redirect(url_for("switchboard.settling.message", attempt=attempt), 303)


@bp.post("/messages/seen")
def see_messages() -> BaseResponse:
    """Take the operator's word that the texts that got no answer were seen, `until` the one that was the newest then."""
    until = request.form.get("until", type=row_id)
    if until is None:
        abort(400, "Say what was seen: `until` is the number of the newest, as the button on the start page gives it.")
    audit.note("settled", f"texts without an answer, up to {until}")
    unsettled.see_unanswered(until)
    return redirect(url_for("switchboard.operator.index"), 303)


def find(kind: type[Row], name: str) -> Row:
    """The call or message of an attempt or a SID; 404 if there is none."""
    written = xml_safe(name)
    found = ledger.find(kind, written) or ledger.find_by_sid(kind, written)
    return found or abort(404, "No such call." if kind is Call else "No such text.")


def known(row: Call | Message) -> dict[str, Any]:
    """What a script is told of each."""
    return {"sid": row.sid, "to": row.to_number, "from": row.from_number, "status": row.status}


def listed(row: Call | Message) -> list[dict[str, Any]]:
    """What was heard of one, for a script."""
    return [
        {"at": each.at.isoformat(), "source": each.source, "status": each.status, "error_code": each.error_code}
        for each in events.of(row)
    ]


def likely(row: Call | Message) -> Sequence[Resource]:
    """What a call or text may be that only a person can settle, by Twilio's list; none where that cannot be asked."""
    if not row.remark or row.sid or row.status not in ("requested", "unknown"):
        return []
    try:
        return likeness.candidates(row)
    except TwilioError:
        return []


def wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _settle(row: Call | Message) -> None:
    match request.form.get("as"):
        case "seen" if row.sid and row.remark:
            unsettled.note(row, "")
        case "never" | "sid" as how:
            reconcile.settle_by_hand(row, xml_safe(request.form.get("sid", "")) if how == "sid" else None)
        case _:
            abort(400, "Say what it is: `as` is `sid`, with `sid`, or `never`; `seen` for one whose SID is known.")
    audit.note("settled", row.attempt or row.sid or "")
