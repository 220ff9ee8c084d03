"""What every answer has in common: one shape for errors, strict headers."""

import logging

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from app.auth import wants_page
from app.errors import SpendLimited, SwitchboardError
from app.settings import Settings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

log = logging.getLogger(__name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the error handlers and the headers to the application."""
    headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if settings.behind_tls else {})

    def add_headers(response: Response) -> Response:
        if "webhook" in g:  # Twilio's answer: it has no use for them, and they cost as much as checking its signature
            return response
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    app.after_request(add_headers)
    app.register_error_handler(SwitchboardError, on_switchboard_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, on_bug)


def error(code: str, message: str, status: int) -> Response:
    """An error for whoever asked: a page for a browser, else `{"error": {"code", "message"}}`."""
    if wants_page():
        return make_response(render_template("error.html", message=message, status=status), status)
    response = jsonify(error={"code": code, "message": message})
    response.status_code = status
    return response


def on_switchboard_error(problem: SwitchboardError) -> Response:
    response = error(problem.code, str(problem), problem.status)
    if isinstance(problem, SpendLimited) and problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def on_http_error(problem: HTTPException) -> Response:
    status = problem.code or 500
    response = error(problem.name.lower().replace(" ", "_"), problem.description or problem.name, status)
    for name, value in problem.get_headers(request.environ):
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def on_bug(problem: Exception) -> Response:
    log.error("unexpected error endpoint=%s", request.endpoint, exc_info=problem)
    return error("internal_error", InternalServerError.description, 500)
