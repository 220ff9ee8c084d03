"""What callers left and talks that were recorded: kept once by SID, in whatever order Twilio tells of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from app.clock import now
from app.database import insert_or, read, write
from app.ledger import is_erased
from app.models import Call, Recording


def keep(
    sid: str,
    *,
    call_sid: str,
    step: str,
    from_number: str = "",
    to_number: str = "",
    duration: int | None = None,
    transcription: str | None = None,
    at: datetime | None = None,
) -> Recording:
    """Write what is known of a recording, and return all that is known by now; nothing known is forgotten or changed.

    The callback of a recording names no numbers: they are those of its call. `transcription` is "" where none could be made. A
    recording that was deleted learns no words any more, and one of an erased call neither words nor numbers. `at` is when it was
    made, if that was not just now.
    """
    row: dict[str, Any] = {"sid": sid, "call_sid": call_sid, "step": step, "from_number": from_number, "to_number": to_number}
    row |= {"duration": duration, "transcription": transcription, "created_at": at or now()}

    def work(connection: Connection) -> None:
        if not (from_number and to_number):
            known = connection.execute(select(Call.from_number, Call.to_number).where(Call.sid == call_sid)).first()
            row["from_number"], row["to_number"] = known or (from_number, to_number)
        if is_erased(connection, call_sid):
            row.update(from_number="", to_number="", transcription=None)
        first = insert_or(connection.dialect.name, Recording).values(row)
        texts = {
            name: func.coalesce(func.nullif(getattr(Recording, name), ""), first.excluded[name])
            for name in ("call_sid", "step", "from_number", "to_number")
        }
        news = {name: func.coalesce(getattr(Recording, name), first.excluded[name]) for name in ("duration", "transcription")}
        connection.execute(
            first.on_conflict_do_update(index_elements=["sid"], set_=texts | news, where=Recording.deleted_at.is_(None))
        )

    write(work)
    with read() as session:
        return session.scalars(select(Recording).where(Recording.sid == sid)).one()


def find(sid: str) -> Recording | None:
    """The recording with that SID, also a deleted one."""
    with read() as session:
        return session.scalar(select(Recording).where(Recording.sid == sid))


def latest(limit: int, before: int | None = None) -> Sequence[Recording]:
    """The newest recordings that are there, newest first; only those older than the one with the id `before`, if it is given."""
    wanted = select(Recording).where(Recording.deleted_at.is_(None)).order_by(Recording.id.desc()).limit(limit)
    with read() as session:
        return session.scalars(wanted if before is None else wanted.where(Recording.id < before)).all()


def between(since: datetime, until: datetime) -> Sequence[Recording]:
    """The recordings of that time that are there, oldest first."""
    wanted = select(Recording).where(Recording.created_at.between(since, until), Recording.deleted_at.is_(None))
    with read() as session:
        return session.scalars(wanted.order_by(Recording.id)).all()


def of_calls(sids: Iterable[str | None]) -> dict[str, str]:
    """The SID of the newest recording that is there of each of the calls that have one, by the call's SID."""
    wanted = select(Recording.call_sid, Recording.sid).where(Recording.call_sid.in_([sid for sid in sids if sid]))
    with read() as session:
        rows = session.execute(wanted.where(Recording.deleted_at.is_(None)).order_by(Recording.id))
        return {row.call_sid: row.sid for row in rows}


def mark_deleted(sid: str) -> None:
    """Forget the words of a recording that is gone at Twilio; when it was deleted first stays."""
    gone = update(Recording).where(Recording.sid == sid, Recording.deleted_at.is_(None))
    write(lambda connection: connection.execute(gone.values(deleted_at=now(), transcription=None)))
