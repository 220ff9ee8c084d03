"""What happened to each call and message: the only reader and writer of the tables.

An outgoing one is written before Twilio is asked (`begin`), and settled by Twilio's answer or by the first callback that bears its
attempt id, whichever comes first (`advance`). An incoming one is written by its first webhook. A status has a rank, and a row
takes a new status only if its rank is higher: callbacks may come late, twice and in any order, and end the same. What comes with
a SID counts more than what came without one: Twilio took it, whatever was thought before.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, Literal, TypeVar, get_args

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from app import metrics
from app.clock import now
from app.database import append_message, read, take_turns, write
from app.ledger import events, spending, statements
from app.ledger.events import Source
from app.ledger.joining import join
from app.models import CALL_ENDS, MESSAGE_ENDS, Call, Kind, Message

# The ends have ranks of their own, so that two different ones, should Twilio ever send both, come out the same in any order.
PROGRESS: dict[type, dict[str, int]] = {
    Call: {
        "requested": 0,
        "unknown": 1,
        "queued": 2,
        "initiated": 3,
        "ringing": 4,
        "in-progress": 5,
        "canceled": 6,
        "failed": 7,
        "no-answer": 8,
        "busy": 9,
        "completed": 10,
    },
    Message: {
        "requested": 0,
        "unknown": 1,
        "accepted": 2,
        "scheduled": 3,
        "queued": 4,
        "sending": 5,
        "sent": 6,
        "canceled": 7,
        "failed": 8,
        "undelivered": 9,
        "delivered": 10,
        "read": 11,
        "receiving": 12,
        "received": 13,
    },
}
TAKEN: dict[type, str] = {Call: "queued", Message: "accepted"}  # the least that a SID says
ENDS: dict[type, tuple[str, ...]] = {Call: CALL_ENDS, Message: MESSAGE_ENDS}
# Of what has failed, that which Twilio surely never got, and might take now.
UNSENT = "Nothing was sent: Twilio could not be reached, or took no more requests just then."
# How far a call came with what its caller wanted; it only ever gets further.
Outcome = Literal["missed", "voicemail", "acknowledged", "connected"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
# Built once: to build one costs as much as to ask.
GIVEN = select(Message.answer).where(Message.sid == bindparam("sid"))
OUTCOME = select(Call.outcome).where(Call.sid == bindparam("sid"))
ERASED_AT = select(Call.erased_at).where(Call.sid == bindparam("sid"))
COME_FURTHER = update(statements.table_of(Call)).where(
    Call.sid == bindparam("of_sid"),
    or_(Call.outcome.is_(None), Call.outcome.in_(bindparam("of_nearer", expanding=True))),
    Call.erased_at.is_(None),
)
NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response />'  # TwiML that answers a text with none
# The TwiML that answers an incoming text, or what decides on it in the transaction that writes the text.
TextAnswer = str | Callable[[Connection], str]
# Writes, in a transaction, who begins the attempt of that id.
Noting = Callable[[Connection, str], None]
Row = TypeVar("Row", Call, Message)
# What allows a new attempt, in the transaction that writes it, or raises.
Guard = Callable[[Connection, str], None]


def begin(
    kind: type[Row],
    *,
    to: str,
    from_: str,
    guard: Guard | None = None,
    attempt: str | None = None,
    reuse_within: float = 0,
    noted: Noting | None = None,
    **fields: Any,
) -> tuple[str, bool]:
    """Write that we are about to ask Twilio for a call or message; returns its attempt id and whether it is new.

    `guard` is asked before a new one is written, and what it raises is raised here.
    An `attempt` that is given stands for its occasion: it is new only once, whoever else asks at the same time, and anew each time
    that nothing was sent (UNSENT). `fields` are further columns, such as a text's `body`. With `reuse_within` seconds, an outgoing
    one to the same number that is younger, has the same `fields` and has not failed is returned instead. What is new is `noted` in
    the same transaction.
    """
    is_named, attempt, at = attempt is not None, attempt or token_hex(16), now()
    row = _new_row(kind, attempt=attempt, direction="outbound-api", from_number=from_, to_number=to, status="requested")
    row |= fields
    near = timedelta(seconds=reuse_within)  # on both sides: what a clock wrote that was ahead is not young until it was right
    recent = (
        select(kind.attempt)
        .where(kind.to_number == to, kind.created_at.between(at - near, at + near), kind.attempt.is_not(None))
        .where(kind.status != "failed", *(getattr(kind, name) == value for name, value in fields.items()))
        .order_by(kind.id.desc())
        .limit(1)
    )

    def work(connection: Connection) -> tuple[str, bool]:
        if reuse_within:
            take_turns(connection, to)
            if earlier := connection.scalar(recent):
                return earlier, False
        known = connection.execute(statements.state(kind), {"of_attempt": attempt}).first() if is_named else None
        if known and not is_unsent(known):
            return attempt, False
        if guard:
            guard(connection, attempt)
        begun = statements.begun(kind, connection.dialect.name)  # PostgreSQL gives no row count for it
        if known:
            anew = row | {"error_code": None, "remark": None, "of_id": known.id}
            connection.execute(statements.changed(kind), anew)
        elif connection.scalar(begun, row) is None:
            return attempt, False
        events.append(connection, kind, "asked", row["status"], attempt=attempt)
        if noted:
            noted(connection, attempt)
        return attempt, True

    return write(work)


def is_unsent(row: Any) -> bool:
    """Whether what was asked for has failed without a doubt that Twilio got it, and may be asked for again."""
    return row.status == "failed" and row.sid is None and row.remark == UNSENT


def advance(
    kind: Kind,
    status: str,
    *,
    attempt: str | None = None,
    sid: str | None = None,
    error_code: int | None = None,
    duration: int | None = None,
    direction: str = "inbound",
    from_number: str = "",
    to_number: str = "",
    source: Source = "callback",
    sequence: int | None = None,
    remark: str | None = None,
    at: datetime | None = None,
    **facts: str | None,
) -> None:
    """Take a call or message to `status`, unless it is further already; a status without a rank counts as no progress.

    The row is found by `attempt`, and learns its `sid` here, or else by `sid`. A SID never seen before gets a row of its own,
    with `direction`, `from_number` and `to_number` as given. `facts` are further columns that do not go on but are known or not,
    such as `parent_sid`: each is kept from whichever news brings it. What was heard, from which `source`, is an event. `at` is
    when it happened, if that was not just now.
    """
    step: dict[str, Any] = {"status": status, "progress": PROGRESS[kind].get(status, -1), "error_code": error_code}
    step |= {"updated_at": at or now(), "remark": remark}
    known: dict[str, Any] = {name: value for name, value in facts.items() if value}
    if duration is not None:  # the last webhook of a call may say that it is over before the one that says how long it was
        known["duration"] = duration
    row = _new_row(kind, at, sid=sid, direction=direction, from_number=from_number, to_number=to_number, **known)
    taken = {"status": TAKEN[kind], "progress": PROGRESS[kind][TAKEN[kind]]}

    def work(connection: Connection) -> bool:
        is_ours = attempt is not None and join(connection, kind, attempt, sid, taken)
        is_news = False
        if is_ours:
            of = {"of_attempt": attempt, "of_progress": step["progress"]}
            is_news = connection.execute(statements.further(kind), step | of).rowcount > 0
            if known:
                connection.execute(statements.known(kind, "attempt"), known | {"of_attempt": attempt})
        elif sid:
            erased = nameless() if is_erased(connection, known.get("parent_sid")) else {}
            news = statements.first_or_further(kind, connection.dialect.name, tuple(step))
            is_news = connection.scalar(news, row | step | erased) is not None
            if known:
                connection.execute(statements.known(kind, "sid"), known | {"of_sid": sid})
        events.append(
            connection,
            kind,
            source,
            status,
            attempt=attempt if is_ours or sid is None else None,
            sid=sid,
            sequence=sequence,
            error_code=error_code,
        )
        if status in CALL_ENDS:  # those of a text that cost nothing bear such names, too
            spending.settle(connection, kind, attempt=attempt, sid=sid, answered=source == "answer")
        return is_news

    if write(work) and step["progress"] >= 0:
        metrics.reached(kind.__name__.lower(), status)


def note_outcome(sid: str, outcome: Outcome) -> None:
    """Write how far the call with that SID came, unless it came further already."""
    nearer = OUTCOMES[: OUTCOMES.index(outcome)]
    write(lambda connection: connection.execute(COME_FURTHER, {"of_sid": sid, "of_nearer": nearer, "outcome": outcome}))


def outcome(sid: str) -> str | None:
    """How far the call with that SID came (see OUTCOMES)."""
    with read() as session:
        return session.scalar(OUTCOME, {"sid": sid})


def record_message(
    *,
    sid: str | None,
    from_number: str,
    to_number: str,
    body: str,
    media: Sequence[str],
    answer: TextAnswer,
    cost: Callable[[str], int | None] = lambda answer: None,
    at: datetime | None = None,
    remark: str | None = None,
) -> str:
    """Write an incoming text with the TwiML that answers it and its `cost`, and return it: the first one given, if it came before.

    An answer that is decided with other tables is decided once, in the transaction that writes the text; those to one of our
    numbers take turns. One that is known costs no transaction of its own. `at` is when the text came, if that was not just now;
    `remark` what a person is to know of it.
    """
    row = _new_row(Message, at, sid=sid, direction="inbound", from_number=from_number, to_number=to_number, status="received")
    row |= {"body": body, "media": json.dumps(media) if media else None, "remark": remark}
    if isinstance(answer, str):
        if append_message(row | {"answer": answer, "answer_cost": cost(answer)}) or sid is None:
            metrics.reached("message", "received")
            return answer
        with read() as session:
            return session.scalar(GIVEN, {"sid": sid}) or answer

    def work(connection: Connection) -> tuple[str, bool]:
        take_turns(connection, to_number)
        if sid and (given := connection.scalar(GIVEN, {"sid": sid})):
            return given, False
        decision = answer(connection)
        connection.execute(insert(Message).values(row | {"answer": decision, "answer_cost": cost(decision)}))
        return decision, True

    kept, is_new = write(work)
    if is_new:
        metrics.reached("message", "received")
    return kept


def is_erased(connection: Connection, sid: str | None) -> bool:
    """Whether the call with that SID was erased: what is told of it late must not bring its numbers back."""
    return bool(sid) and connection.scalar(ERASED_AT, {"sid": sid}) is not None


def nameless() -> dict[str, Any]:
    """What stands in an erased row in place of who it was with."""
    return {"from_number": "", "to_number": "", "erased_at": now()}


def _new_row(kind: Kind, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    at = at or now()
    row = {"created_at": at, "updated_at": at} | ({"body": ""} if kind is Message else {}) | fields
    if "status" in row:
        row["progress"] = PROGRESS[kind][row["status"]]
    return row


def latest(kind: type[Row], limit: int) -> Sequence[Row]:
    """The newest calls or messages, newest first."""
    with read() as session:
        return session.scalars(select(kind).where(kind.erased_at.is_(None)).order_by(kind.id.desc()).limit(limit)).all()


def latest_calls(limit: int) -> Sequence[Call]:
    """The newest calls that are no legs of others, newest first."""
    with read() as session:
        found = select(Call).where(Call.parent_sid.is_(None), Call.erased_at.is_(None))
        return session.scalars(found.order_by(Call.id.desc()).limit(limit)).all()


def legs(calls: Sequence[Call]) -> dict[str, list[Call]]:
    """The legs of these calls by the SID of the call that they belong to, oldest first."""
    of_them = select(Call).where(Call.parent_sid.in_([call.sid for call in calls if call.sid]), Call.erased_at.is_(None))
    found: dict[str, list[Call]] = {}
    with read() as session:
        for leg in session.scalars(of_them.order_by(Call.id)):
            found.setdefault(leg.parent_sid or "", []).append(leg)
    return found


def find(kind: type[Row], attempt: str) -> Row | None:
    """The outgoing call or message of an attempt."""
    with read() as session:
        found: Row | None = session.scalar(statements.unerased(kind, "attempt"), {"of_attempt": attempt})
        return found


def find_by_sid(kind: type[Row], sid: str) -> Row | None:
    """The call or message that Twilio knows by that SID."""
    with read() as session:
        found: Row | None = session.scalar(statements.unerased(kind, "sid"), {"of_sid": sid})
        return found
