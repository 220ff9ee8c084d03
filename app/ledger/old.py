"""What is old enough to go, and how it goes: a batch at a time, so that nobody waits long, and it may be broken off anywhere."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, false, or_, select, update

from app.clock import now
from app.database import passed, read, write
from app.ledger import refusals
from app.ledger.parties import BATCH, Row, delete_events, is_over
from app.models import AuditEntry, Base, Call, Event, Kind, Recording, RefusedWebhook, Relay, SignInTry, Spending

LATE = timedelta(days=30)  # in which Twilio may still tell of what was erased
FAILURES_KEPT = timedelta(days=1)  # of sign-ins, long after they count
ASK_AGAIN = timedelta(hours=1)  # after Twilio refused to delete something


def rows(kind: Kind, before: datetime | None, limit: int) -> Sequence[Row]:
    """Calls or texts from before then that are over, oldest first, and what was erased long ago; not those refused lately."""
    old = kind.created_at < before if before else false()
    wanted = select(kind.id, kind.sid, kind.attempt).where(or_(kind.erased_at < now() - LATE, old), is_over(kind))
    with read() as session:
        return [Row(*row) for row in session.execute(wanted.where(_may_be_asked(kind)).order_by(kind.id).limit(limit))]


def delete_rows(kind: Kind, gone: Sequence[Row]) -> None:
    """Delete calls or texts, and their events."""

    def work(connection: Connection) -> None:
        delete_events(connection, gone)
        connection.execute(delete(kind).where(kind.id.in_([row.id for row in gone])))

    write(work)


def recordings(before: datetime | None, limit: int) -> Sequence[Recording]:
    """Recordings from before then, and those of erased calls, whose sound is to go; not those refused lately."""
    of_erased = Recording.call_sid.in_(select(Call.sid).where(Call.erased_at.is_not(None))) & Recording.deleted_at.is_(None)
    old = Recording.created_at < before if before else false()
    erased = (Recording.deleted_at < now() - LATE) & (Recording.from_number == "") & (Recording.to_number == "")
    wanted = select(Recording).where(or_(old, of_erased, erased), _may_be_asked(Recording))
    with read() as session:
        return session.scalars(wanted.order_by(Recording.id).limit(limit)).all()


def delete_recordings(gone: Sequence[Recording]) -> None:
    """Delete what is known of recordings."""
    ids = [recording.id for recording in gone]
    write(lambda connection: connection.execute(delete(Recording).where(Recording.id.in_(ids))))


def note_refusal(kind: Kind | type[Recording], row_id: int) -> None:
    """Write that Twilio would not delete it just now."""
    write(lambda connection: connection.execute(update(kind).where(kind.id == row_id).values(checked_at=now())))


def delete_relays(before: datetime) -> int:
    """Delete relays that nobody has used since then; returns how many, at most BATCH."""
    return _delete(Relay, Relay.at < before)


def delete_audit(before: datetime) -> int:
    """Delete entries of the audit from before then; returns how many, at most BATCH."""
    return _delete(AuditEntry, AuditEntry.at < before)


def delete_events_alone(before: datetime) -> int:
    """Delete events from before then, whatever has become of what they tell of; returns how many, at most BATCH."""
    return _delete(Event, Event.at < before)


def delete_spendings(counted: timedelta) -> int:
    """Delete spending that counts no more; returns how many, at most BATCH."""
    return _delete(Spending, Spending.at < now() - counted)


def delete_refusals() -> int:
    """Delete refused webhooks that are no news any more; returns how many, at most BATCH."""
    return _delete(RefusedWebhook, RefusedWebhook.at < now() - refusals.KEPT)


def delete_failures() -> int:
    """Delete wrong passwords that count no more; returns how many, at most BATCH."""
    return _delete(SignInTry, SignInTry.at < now() - FAILURES_KEPT)


def _delete(table: type[Base], old: Any) -> int:
    key: Any = table.__mapper__.primary_key[0]
    batch = select(key).where(old).limit(BATCH).with_for_update(skip_locked=True).scalar_subquery()  # see refusals._keep
    return write(lambda connection: connection.execute(delete(table).where(key.in_(batch))).rowcount)


def _may_be_asked(kind: Kind | type[Recording]) -> Any:
    return or_(kind.checked_at.is_(None), passed(kind.checked_at, now() - ASK_AGAIN))
