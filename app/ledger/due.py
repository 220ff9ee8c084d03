"""Texts that nobody waits for and that Twilio could not take: when each is sent again."""

from datetime import datetime

from sqlalchemy import Connection, and_, select, update

from app.clock import now
from app.database import passed, read, write
from app.models import Message

OPEN = and_(Message.sid.is_(None), Message.status.in_(("requested", "unknown")))


def put_off(attempt: str, tries: int, until: datetime) -> None:
    """Have a text that Twilio surely did not take in its last try sent later; not if there was another since, or it has ended."""
    theirs = update(Message).where(Message.attempt == attempt, Message.tries == tries, Message.due_at.is_(None), OPEN)
    news = {"due_at": until, "status": "requested", "progress": 0, "remark": None, "updated_at": now()}
    write(lambda connection: connection.execute(theirs.values(news)))


def claim() -> Message | None:
    """The text that is due longest, for us to send, and nobody else: if no more is heard of us, it is unknown."""
    at = now()
    is_due = passed(Message.due_at, at), OPEN
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
