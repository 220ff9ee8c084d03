"""What was heard of each call and message, in the order in which it came: only ever added to.

An incoming text has no events: it is answered once, and its row says all of it, in one statement.
"""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Connection, insert, literal, or_, select

from app.clock import now
from app.database import read
from app.models import Call, Event, Message

# Who said it: we, when we asked for it; Twilio, in its answer or by a callback; Twilio again, when it was asked later; a person.
Source = Literal["asked", "answer", "callback", "reconciled", "operator"]


def append(
    connection: Connection,
    kind: type[Call] | type[Message],
    source: Source,
    status: str,
    *,
    attempt: str | None = None,
    sid: str | None = None,
    sequence: int | None = None,
    error_code: int | None = None,
) -> None:
    """Write what was heard, within the transaction that acts on it; the same once more of the same SID is no news."""
    values = {
        "at": now(),
        "kind": _name(kind),
        "attempt": attempt,
        "sid": sid,
        "source": source,
        "status": status,
        "sequence": sequence,
        "error_code": error_code,
    }
    if sid is None:
        connection.execute(insert(Event).values(values))
        return
    columns = Event.__table__.c
    row = select(*(literal(value, columns[name].type) for name, value in values.items()))
    again = select(Event.id).where(Event.sid == sid, Event.source == source, Event.status == status)
    again = again.where(Event.sequence == sequence if sequence is not None else Event.sequence.is_(None))
    connection.execute(insert(Event).from_select(list(values), row.where(~again.exists())))


def of(row: Call | Message) -> Sequence[Event]:
    """What was heard of one call or message, oldest first."""
    about = [Event.attempt == row.attempt] if row.attempt else []
    about += [Event.sid == row.sid] if row.sid else []
    wanted = select(Event).where(Event.kind == _name(type(row)), or_(*about)).order_by(Event.id)
    with read() as session:
        return session.scalars(wanted).all() if about else []


def _name(kind: type[Call] | type[Message]) -> str:
    return "call" if kind is Call else "message"
