"""The HTTP application around an exchange."""

from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

from quart import Quart, Response, jsonify, request
from quart.routing import QuartRule
from werkzeug.exceptions import HTTPException

from simulator import gate
from simulator.exchange import Exchange
from simulator.routes import current_exchange, events, files, inspector, media, monitor, phones, rest

HEADERS = {
    "Content-Security-Policy": (
        # Pictures of texts and sounds of calls come from wherever the application keeps them; code and style never do.
        "default-src 'self'; img-src 'self' data: http: https:; media-src 'self' http: https:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PAGES = Path(__file__).parent / "pages"
MAX_REQUEST = 8 * 1024 * 1024  # a phone's pictures, 5 MB of them, as base64


class Rule(QuartRule):
    """A route whose addresses are compiled for writing only once one is written: that takes three quarters of a start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(rule: QuartRule, **values: Any) -> tuple[str, str]:
            return super(Rule, self)._compile_builder(append_unknown)(rule, **values)

        return build


def create_app(exchange: Exchange) -> Quart:
    """Build the application: Twilio's REST API, the phones, and the tools for testers."""
    app = copy(_without_exchange())
    app.extensions = {
        "exchange": exchange,
        "cut": lambda peer, last=b"": None,  # the listener, which has the connections, puts its own here
    }
    return app


@cache
def _without_exchange() -> Quart:
    """Build what all simulators of a process share: 200 routes take longer to compile than all else takes to start."""
    app = Quart(
        __name__,
        template_folder=str(PAGES / "templates"),
        static_folder=str(PAGES / "static"),
        static_url_path="/static",
    )
    app.url_rule_class = Rule
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.json.sort_keys = False  # type: ignore[attr-defined]

    @app.before_request
    async def keep_out() -> tuple[Response, int] | None:
        await request.get_data()  # an answer that comes before the whole request would cost the client its connection
        reason = gate.reason_to_refuse(request, current_exchange().config.host)
        if reason is None:
            return None
        return jsonify({"error": {"code": "forbidden", "message": reason}}), 403

    @app.after_request
    async def protect_pages(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    async def refuse(error: HTTPException) -> Response:
        if request.path.startswith(f"{rest.bp.url_prefix}/"):
            return await rest.refuse_unrouted(error)
        response = jsonify({"error": {"code": error.name.lower().replace(" ", "_"), "message": error.description}})
        response.status_code = error.code or 500
        return response

    app.register_blueprint(rest.bp)
    app.register_blueprint(media.bp)
    app.register_blueprint(files.bp)
    app.register_blueprint(monitor.bp)
    app.register_blueprint(phones.bp)
    app.register_blueprint(events.bp)
    app.register_blueprint(inspector.bp)
    return app
