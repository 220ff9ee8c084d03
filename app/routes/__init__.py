"""The edge: one blueprint, whose children each bind their guard once."""

from flask import Blueprint

from app.routes import audit, flow, operator, public, recordings, settling, watch, webhooks

bp = Blueprint("switchboard", __name__)
bp.register_blueprint(webhooks.bp)
bp.register_blueprint(operator.bp)
bp.register_blueprint(settling.bp)
bp.register_blueprint(flow.bp)
bp.register_blueprint(recordings.bp)
bp.register_blueprint(audit.bp)
bp.register_blueprint(watch.bp)
bp.register_blueprint(public.bp)
