"""The audit: who did what, as the operator sees it."""

from flask import Blueprint, Response, jsonify, render_template

from app.auth import require_operator, wants_page
from app.ledger import audit
from app.routes.paging import page

SHOWN = 50  # entries a page

bp = Blueprint("audit", __name__)
bp.before_request(require_operator)


@bp.get("/audit")
def index() -> str | Response:
    """The entries, newest first, a page at a time."""
    shown, older = page(audit.latest, SHOWN)
    if wants_page():
        return render_template("audit.html", entries=shown, older=older)
    entries = [
        {"at": entry.at.isoformat(), "who": entry.who, "address": entry.address, "action": entry.action, "subject": entry.subject}
        for entry in shown
    ]
    return jsonify(entries=entries, older=older)
