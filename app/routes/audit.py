"""The audit: who did what, as the operator sees it."""

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from app.auth import require_operator, wants_page
from app.ledger import audit
from app.routes.recordings import row_id

SHOWN = 50  # entries a page

bp = Blueprint("audit", __name__)
bp.before_request(require_operator)


@bp.get("/audit")
def index() -> str | Response:
    """The entries, newest first, a page at a time."""
    found = audit.latest(SHOWN + 1, request.args.get("before", type=row_id))
    shown = found[:SHOWN]
    older = url_for("switchboard.audit.index", before=shown[-1].id) if len(found) > SHOWN else None
    if wants_page():
        return render_template("audit.html", entries=shown, older=older, paged="before" in request.args)
    entries = [
        {"at": entry.at.isoformat(), "who": entry.who, "address": entry.address, "action": entry.action, "subject": entry.subject}
        for entry in shown
    ]
    return jsonify(entries=entries, older=older)
