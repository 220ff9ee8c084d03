"""Figures that the tables hold, for whoever watches the application from afar."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from app.clock import now
from app.database import read
from app.ledger import PROGRESS
from app.models import Call, Job, Message, Spending

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Jobs:
    """When each job is due next, and when it ended last, in seconds since 1970."""

    due: dict[str, float]
    ended: dict[str, float]


def unsettled() -> dict[str, float]:
    """How many calls and messages there are of which nobody knows whether Twilio took them."""
    found = {}
    with read() as session:
        for kind in (Call, Message):
            open_ = select(func.count()).where(kind.attempt.is_not(None), kind.progress <= PROGRESS[kind]["unknown"])
            found[kind.__name__.lower()] = float(session.scalar(open_) or 0)
    return found


def spent() -> float:
    """What the calls and texts of the last 24 hours cost so far, in US dollars."""
    with read() as session:
        return (session.scalar(select(func.sum(Spending.cost)).where(Spending.at > now() - DAY)) or 0) / 1_000_000


def jobs() -> Jobs:
    with read() as session:
        rows = session.scalars(select(Job)).all()
    return Jobs(
        {row.name: row.due_at.timestamp() for row in rows},
        {row.name: row.ended_at.timestamp() for row in rows if row.ended_at},
    )
