"""Who did what, from where: entries are added, listed, and go when they are old; none is ever changed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from app.clock import now
from app.database import lately, read, write
from app.models import TEXT, AuditEntry

Action = Literal[
    "signed in",
    "sign-in failed",
    "locked out",
    "signed out",
    "dialled",
    "announced",
    "texted",
    "listened",
    "recording deleted",
    "exported",
    "erased",
    "deleted",
    "spending stopped",
    "spending resumed",
    "settled",
]

FLOOD, FLOOD_NOTED = timedelta(hours=1), 30  # so many failed sign-ins are noted in that time, wherever they come from


def add(connection: Connection, who: str, address: str, action: Action, subject: str = "") -> int:
    """Write an entry, within the transaction of what it tells of, and return its id; `subject` bears no whole number."""
    entry = {"who": who[:TEXT], "address": address[:TEXT], "action": action, "subject": subject[:TEXT]}
    return connection.execute(insert(AuditEntry).values(at=now(), **entry).returning(AuditEntry.id)).scalar_one()


def is_known(connection: Connection, who: str, address: str, action: Action, subject: str, within: timedelta) -> bool:
    """Whether the same was noted so lately."""
    same = AuditEntry.who == who, AuditEntry.address == address, AuditEntry.action == action, AuditEntry.subject == subject
    return connection.scalar(select(AuditEntry.id).where(lately(AuditEntry.at, within), *same).limit(1)) is not None


def has_signed_in(connection: Connection, address: str, within: timedelta) -> bool:
    """Whether somebody signed in from there so lately."""
    theirs = AuditEntry.address == address, AuditEntry.action == "signed in", lately(AuditEntry.at, within)
    return connection.scalar(select(AuditEntry.id).where(*theirs).limit(1)) is not None


def has_ended(session: int, after: timedelta) -> bool:
    """Whether the session that began with the entry of that id is as old, somebody signed out of it, or its entry is gone."""
    began = AuditEntry.id == session, AuditEntry.action == "signed in", lately(AuditEntry.at, after)
    ended = AuditEntry.id > session, AuditEntry.action == "signed out", AuditEntry.subject == session_name(session)
    with read() as connection:
        is_known = connection.scalar(select(AuditEntry.id).where(*began)) is not None
        return not is_known or connection.scalar(select(AuditEntry.id).where(*ended).limit(1)) is not None


def session_name(session: int) -> str:
    return f"session {session}"


def note_wrong_password(address: str, *, is_last: bool) -> None:
    """Write that a sign-in failed, and whether it was the last that this address may try for now. A flood of them is cut short."""
    at, failed = now(), AuditEntry.action.in_(("sign-in failed", "locked out"))
    so_far = select(func.count()).select_from(AuditEntry).where(AuditEntry.at.between(at - FLOOD, at), failed)

    def work(connection: Connection) -> None:
        noted = connection.scalar(so_far) or 0
        if noted < FLOOD_NOTED:
            rest = "" if noted + 1 < FLOOD_NOTED else "more of them in this hour are not noted"
            add(connection, "unknown", address, "locked out" if is_last else "sign-in failed", rest)

    write(work)


def latest(limit: int, before: int | None = None) -> Sequence[AuditEntry]:
    """The newest entries, newest first; only those older than the one with the id `before`, if it is given."""
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    with read() as session:
        return session.scalars(wanted if before is None else wanted.where(AuditEntry.id < before)).all()
