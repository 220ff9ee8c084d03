"""How it goes, for the operator and for Prometheus: figures, and the webhooks that were not let in."""

from flask import Blueprint, Response, current_app, jsonify, render_template
from prometheus_client import CONTENT_TYPE_LATEST

from app import limits
from app.auth import require_operator, wants_page
from app.diagnosis import CAUSES, explained
from app.errors import LedgerUnavailable
from app.ledger import figures, refusals
from app.metrics import Gauge, Labels, exposition, foresee
from app.models import RefusedWebhook

REFUSED_SO_FAR = "Webhooks that were not let in so far, of each kind of which one came in the last hour."

bp = Blueprint("watch", __name__)
bp.before_request(require_operator)


@bp.get("/metrics")
def metrics() -> Response:
    """Figures in Prometheus' text format: those that were counted also while the database does not answer."""
    try:
        gauges = [*_gauges(), Gauge("database_up", "Whether the database answers.", [({}, 1)])]
    except LedgerUnavailable:
        gauges = [Gauge("database_up", "Whether the database answers.", [({}, 0)])]
    foresee(CAUSES, current_app.view_functions)
    return Response(exposition(gauges), content_type=CONTENT_TYPE_LATEST)


@bp.get("/webhooks")
def webhooks() -> str | Response:
    """The webhooks that were refused, until none alike comes for an hour: why, and what to do."""
    refused = refusals.latest()
    if wants_page():
        return render_template("webhooks.html", refused=[(row, *explained(row.cause, row.detail)) for row in refused])
    return jsonify(refused=[_resource(row) for row in refused])


def _gauges() -> list[Gauge]:
    unsettled, jobs = figures.unsettled(), figures.jobs()
    return [
        Gauge("unsettled", "Calls and messages of which nobody knows yet whether Twilio took them.", _each("kind", unsettled)),
        Gauge("spent_dollars", "What calls, texts and answers cost in the last 24 hours.", [({}, limits.overview().dollars)]),
        Gauge("webhooks_refused_so_far", REFUSED_SO_FAR, [({}, refusals.so_far().number)]),
        Gauge("job_due_timestamp_seconds", "When a job is to run next.", _each("job", jobs.due)),
        Gauge("job_ended_timestamp_seconds", "When a job ran last.", _each("job", jobs.ended)),
    ]


def _each(label: str, values: dict[str, float]) -> list[tuple[Labels, float]]:
    return [({label: name}, value) for name, value in values.items()]


def _resource(row: RefusedWebhook) -> dict[str, object]:
    wrong, mend = explained(row.cause, row.detail)
    return {
        "at": row.at.isoformat(),
        "address": row.address,
        "cause": row.cause,
        "times": row.times,
        "wrong": wrong,
        "mend": mend,
    }
