"""Each request: its id, its line in the log, its figures, and where its time went."""

import logging
from time import monotonic

from flask import Flask, Response, before_render_template, g, request, template_rendered

from app import logs, metrics

# Asked every few seconds, or for every page: their lines would hide the others.
UNSAID = ("static", "bootstrap.static", "switchboard.public.healthz", "switchboard.public.readyz")

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """To be bound first: Flask calls what is bound after a request in reverse order, so this one sees the whole time."""
    app.before_request(_begin)
    app.after_request(_end)
    before_render_template.connect(_rendering, app)
    template_rendered.connect(_rendered, app)


def _begin() -> None:
    g.observed = logs.begin()


def _end(response: Response) -> Response:
    observed: logs.Request = g.observed
    endpoint, parts = request.endpoint, logs.slowest(observed)
    taken = monotonic() - observed.started
    metrics.answered(endpoint, response.status_code, taken)
    if endpoint not in UNSAID:
        name = (endpoint or "none").removeprefix("switchboard.")
        said = {"endpoint": name, "status": response.status_code, "ms": round(taken * 1000, 1), "parts": parts}
        log.info("%s %s", request.method, name, extra={"fields": said})
    logs.end()
    if "webhook" in g:  # Twilio has no use for what follows
        return response
    response.headers["X-Request-Id"] = observed.notes["request_id"]
    if "is_operator" in g:  # nobody else is told how long a password took
        parts["total"] = round(taken * 1000, 1)
        response.headers["Server-Timing"] = ", ".join(f"{part};dur={took}" for part, took in parts.items())
    return response


def _rendering(_app: Flask, **_: object) -> None:
    g.rendering = monotonic()


def _rendered(_app: Flask, **_: object) -> None:
    logs.spent("template", g.rendering)
