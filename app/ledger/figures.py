"""Figures that the tables hold, for whoever watches the application from afar."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.database import lately, read
from app.ledger.unsettled import number_unknown
from app.models import Call, Job, Message

QUIET = timedelta(minutes=10)  # in which some job ends, most of them each minute


@dataclass(frozen=True)
class Jobs:
    """When each job is due next, and when it ended last, in seconds since 1970."""

    due: dict[str, float]
    ended: dict[str, float]


def unsettled() -> dict[str, float]:
    """How many calls and messages there are of which nobody knows whether Twilio took them."""
    return {kind.__name__.lower(): float(number_unknown(kind)) for kind in (Call, Message)}


def jobs() -> Jobs:
    with read() as session:
        rows = session.scalars(select(Job)).all()
    return Jobs(
        {row.name: row.due_at.timestamp() for row in rows},
        {row.name: row.ended_at.timestamp() for row in rows if row.ended_at},
    )


def jobs_run() -> bool:
    """Whether a job has ended lately: that there is a process that does them."""
    with read() as session:
        return session.scalar(select(Job.name).where(lately(Job.ended_at, QUIET)).limit(1)) is not None
