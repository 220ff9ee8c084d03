"""Texts that nobody waits for and that Twilio could not take: when each is sent again."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from app.clock import now
from app.database import read, write
from app.models import Message


def put_off(attempt: str, until: datetime) -> None:
    """Have a text that Twilio surely did not take sent later."""
    theirs = update(Message).where(Message.attempt == attempt, Message.sid.is_(None))
    write(lambda connection: connection.execute(theirs.values(due_at=until, status="requested", progress=0, updated_at=now())))


def claim() -> Message | None:
    """The text that is due longest, for us to send, and nobody else: if no more is heard of us, it is unknown."""
    at = now()
    is_due = Message.due_at <= at, Message.sid.is_(None)
    first = select(Message.id).where(*is_due).order_by(Message.due_at).limit(1)

    def work(connection: Connection) -> int | None:
        found = connection.scalar(first.with_for_update(skip_locked=True))
        if found is not None:
            claimed = {"due_at": None, "tries": Message.tries + 1, "updated_at": at}
            connection.execute(update(Message).where(Message.id == found).values(claimed))
        return found

    with read() as session:
        if session.scalar(first) is None:  # nearly always, and then nobody needs to wait for us to write
            return None
    found = write(work)
    if found is None:
        return None
    with read() as session:
        return session.get(Message, found)
