"""What anyone may ask: the sign-in page, and whether we are alive."""

from flask import Blueprint, abort, jsonify, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app import audit, auth, database
from app.routes.responses import error
from app.switch import current_switch

bp = Blueprint("public", __name__)


@bp.get("/sign_in")
def sign_in() -> Response:
    """The sign-in page."""
    if auth.is_signed_in():
        return redirect(url_for("switchboard.operator.index"))
    return make_response(render_template("sign_in.html", problem=None))


@bp.post("/sign_in")
def sign_in_post() -> Response:
    """Sign in, and go back to where the sign-in page was met."""
    auth.refuse_other_sites()
    try:
        auth.check_password(request.form.get("password"))
    except HTTPException as refusal:
        page = make_response(render_template("sign_in.html", problem=refusal.description), refusal.code)
        page.headers.extend((name, value) for name, value in refusal.get_headers() if name == "Retry-After")
        return page
    return redirect(auth.sign_in(audit.note("signed in")), 303)


@bp.get("/files/<name>")
def file(name: str) -> Response:
    """A clip or picture of the flow, which Twilio fetches, as the phones of those who get it do."""
    found = current_switch().flow.published.get(name) or abort(404)
    response = send_file(found.path, mimetype=found.media_type, max_age=31536000)  # seconds: another content has another name
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@bp.get("/healthz")
def healthz() -> Response:
    """Whether this process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> Response:
    """Whether it can do its work: the database answers and has the newest schema."""
    if not database.is_migrated():
        return error("not_ready", "The database is not migrated: flask --app wsgi db upgrade", 503)
    return jsonify(status="ok")
