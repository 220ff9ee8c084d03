"""Up to when Twilio's lists were looked through, and what of them stands here."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from app.database import insert_or, read, write
from app.models import Job, Kind, Message, Recording

AT_ONCE = 1000  # SIDs a question


def known(kind: Kind | type[Recording], sids: Sequence[str]) -> set[str]:
    """Those of the SIDs that stand here, also of what was erased."""
    found: set[str] = set()
    for start in range(0, len(sids), AT_ONCE):
        with read() as session:
            found.update(filter(None, session.scalars(select(kind.sid).where(kind.sid.in_(sids[start : start + AT_ONCE])))))
    return found


def texted_since(line: str, number: str, since: datetime) -> Sequence[str]:
    """What that number has texted to one of ours since then."""
    theirs = select(Message.body).where(Message.to_number == line, Message.from_number == number, Message.created_at > since)
    with read() as session:
        return session.scalars(theirs).all()


def looked_until(name: str) -> datetime | None:
    """Up to when that job has looked; None before its first time."""
    with read() as session:
        return session.scalar(select(Job.looked_until).where(Job.name == name))


def note_look(name: str, until: datetime) -> None:
    """Write that it has looked at all that came before then."""

    def work(connection: Connection) -> None:
        first = insert_or(connection.dialect.name, Job).values(name=name, due_at=until, looked_until=until)
        connection.execute(first.on_conflict_do_update(index_elements=["name"], set_={"looked_until": until}))

    write(work)
