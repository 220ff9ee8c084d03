"""When each periodic job is due next, and how it went last."""

from datetime import timedelta

from sqlalchemy import Connection, or_, update

from app.clock import now
from app.database import insert_or, write
from app.models import Job


def claim(name: str, seconds: float) -> bool:
    """Whether a job is due, and ours to do: it is due again in so many `seconds`, whoever else looks meanwhile.

    One that is due later than that was put off by a clock that went wrong.
    """
    at, later = now(), now() + timedelta(seconds=seconds)

    def work(connection: Connection) -> bool:
        connection.execute(insert_or(connection.dialect.name, Job).values(name=name, due_at=at).on_conflict_do_nothing())
        is_due = or_(Job.due_at <= at, Job.due_at > later)
        return connection.execute(update(Job).where(Job.name == name, is_due).values(due_at=later)).rowcount == 1

    return write(work)


def note_end(name: str, outcome: str) -> None:
    """Write how a job went; "" where there was nothing to do."""
    write(lambda connection: connection.execute(update(Job).where(Job.name == name).values(ended_at=now(), outcome=outcome)))
