"""How an attempt of ours learns Twilio's SID, whichever was written first."""

from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from app.clock import now
from app.ledger import statements
from app.models import Kind, Message

STATE = ("status", "progress", "error_code", "updated_at")
FACTS = ("parent_sid", "outcome", "answered_by", "duration")


def join(connection: Connection, kind: Kind, attempt: str, sid: str | None, taken: dict[str, Any]) -> bool:
    """Whether the row of that attempt is the one of that SID, or of none if that is None; it learns the SID if it has none.

    A SID says that Twilio took it, whatever was thought before (`taken` is the state in which it then is at least). Where news
    that named no attempt came first, and made a row of their own, the two become one. A SID that belongs to another attempt
    stays there, and so does a second call of the same attempt, should Twilio ever place one.
    """
    found = connection.execute(statements.state(kind), {"of_attempt": attempt}).first()
    if found is None or sid is None or found.sid is not None:
        return found is not None and found.sid == sid
    learned = taken | {"sid": sid, "error_code": None, "remark": None, "updated_at": now()}
    if kind is Message:
        learned["due_at"] = None
    learn = statements.changed(kind)
    try:
        with connection.begin_nested():
            connection.execute(learn, learned | {"of_id": found.id})
        return True
    except IntegrityError:
        other = connection.execute(select(statements.table_of(kind)).where(kind.sid == sid).with_for_update()).mappings().first()
    if other is not None:
        if other["attempt"]:
            return False
        if other["progress"] > taken["progress"]:
            learned |= {name: other[name] for name in STATE}
        learned |= {name: other[name] for name in FACTS if other.get(name) is not None}
        connection.execute(delete(kind).where(kind.id == other["id"]))
    connection.execute(learn, learned | {"of_id": found.id})
    return True
