"""What was heard of each call and message, in the order in which it came: only ever added to.

An incoming text has no events: it is answered once, and its row says all of it, in one statement.
"""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Connection, bindparam, insert, or_, select

from app.clock import now
from app.database import read
from app.ledger.statements import table_of
from app.models import Call, Event, Kind, Message

EVENTS = table_of(Event)
# Built once: to build one costs more than to execute it.
ADD = insert(EVENTS)
VALUES = {column.name: bindparam(column.name, type_=column.type) for column in EVENTS.c if not column.primary_key}
AGAIN = select(EVENTS.c.id).where(
    *(EVENTS.c[name] == VALUES[name] for name in ("sid", "source", "status")),
    EVENTS.c.sequence.is_not_distinct_from(VALUES["sequence"]),  # PostgreSQL has no use for an index in this: not for the SID
)
ADD_NEWS = insert(EVENTS).from_select(list(VALUES), select(*VALUES.values()).where(~AGAIN.exists()))

# Who said it: we, when we asked for it; Twilio, in its answer or by a callback; Twilio again, when it was asked later; a person.
Source = Literal["asked", "answer", "callback", "reconciled", "operator"]


def append(
    connection: Connection,
    kind: Kind,
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
    connection.execute(ADD if sid is None else ADD_NEWS, values)


def of(row: Call | Message) -> Sequence[Event]:
    """What was heard of one call or message, oldest first."""
    about = [Event.attempt == row.attempt] if row.attempt else []
    about += [Event.sid == row.sid] if row.sid else []
    wanted = select(Event).where(Event.kind == _name(type(row)), or_(*about)).order_by(Event.id)
    with read() as session:
        return session.scalars(wanted).all() if about else []


def _name(kind: Kind) -> str:
    return "call" if kind is Call else "message"
