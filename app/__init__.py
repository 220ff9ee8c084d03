"""Switchboard: a Flask application that makes and takes phone calls and text messages through Twilio."""

import logging
from urllib.parse import urlsplit

from flask import Flask
from flask_bootstrap import Bootstrap5

from app import answers, auth, cli, clock, database, limits, logs, routes, signature
from app.flow import Flow
from app.ledger.refusals import Tally
from app.routes import arriving, observed, responses
from app.settings import Settings
from app.switch import Switch
from app.twilio_service import TwilioService

log = logging.getLogger(__name__)

MAX_BODY = 64 * 1024  # bytes; Twilio's webhooks are a few kB


def create_app(settings: Settings | None = None) -> Flask:
    """The application; `settings` default to the environment and `.env`. Raises SettingsError, FlowError."""
    settings = settings or Settings.load()
    logs.hide(settings.secrets)
    app = Flask(__name__)
    app.url_rule_class = routes.Rule
    app.extensions["settings"] = settings
    flow = Flow(settings.flow_path, shown=settings.flow_file)
    app.extensions["switch"] = Switch(flow, settings.public_base_url)
    app.extensions["now"] = clock.system
    app.extensions["refusals"] = Tally()
    app.extensions["diagnoses"] = clock.Allowance(signature.DIAGNOSES, signature.EACH)
    app.extensions["twilio_service"] = TwilioService(settings)
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        MAX_CONTENT_LENGTH=MAX_BODY,
        SERVER_NAME=urlsplit(settings.public_base_url).netloc,  # whatever Host says, which anybody can write
        SESSION_COOKIE_NAME="__Host-switchboard" if settings.behind_tls else "switchboard",  # such a name no other host can set
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.behind_tls,
        PERMANENT_SESSION_LIFETIME=12 * 3600,  # seconds: a working day
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    app.session_interface = auth.Sessions()
    app.url_map.merge_slashes = False  # it would redirect //make_call, and no address has two names
    Bootstrap5(app)
    database.init_app(app, settings)
    answers.init_app(app, settings)
    observed.init_app(app)  # first
    arriving.init_app(app)
    responses.init_app(app, settings)
    app.register_blueprint(routes.bp)
    for sentence in limits.never_rung(settings, flow):
        log.warning(sentence)
    for commands in cli.COMMANDS:
        app.cli.add_command(commands)
    return app
