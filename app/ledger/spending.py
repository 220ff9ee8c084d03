"""What was spent, and the kill switch. Whoever is given a connection works within the transaction of its caller."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from heapq import merge
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from app.clock import AHEAD, now
from app.database import take_turns, write
from app.ledger.statements import table_of
from app.models import CALL_ENDS, Call, Kind, Message, Spending, Stop

What = Literal["call", "text"]
Open = Row[int, datetime, int | None]  # a spending whose cost is to be put down: its id, when it was made, what a minute costs

DAY = timedelta(days=1)
LONGEST_LEG = 240  # minutes: no Dial lasts longer (https://www.twilio.com/docs/voice/twiml/dial#timelimit)

# Built once: to build them costs as much as to ask.
LATELY = (Spending.at > bindparam("since"), Spending.at <= bindparam("until"))
STOPPED = select(Stop.who, Stop.reason, Stop.at).order_by(Stop.id).limit(1)
KNOWN = select(Spending.id).where(Spending.occasion == bindparam("occasion"))
ADD = insert(table_of(Spending))
COUNT = select(func.count()).select_from(Spending).where(*LATELY)
NTH_LATEST = select(Spending.at).where(*LATELY).order_by(Spending.at.desc()).offset(bindparam("later")).limit(1)
TO_DESTINATION = (
    select(Spending.at)
    .where(Spending.number == bindparam("number"), Spending.kind == bindparam("kind"), Spending.own.is_(False), *LATELY)
    .order_by(Spending.at.desc())
    .limit(bindparam("most"))
)
ANSWERED_LATELY = (
    Message.answer_cost.is_not(None),
    Message.created_at > bindparam("since"),
    Message.created_at <= bindparam("until"),
)
ANSWERED = select(func.sum(Message.answer_cost)).where(*ANSWERED_LATELY)
SETTLED = select(func.sum(Spending.cost)).where(*LATELY)
GOING_ON = select(Spending.at, Spending.rate, Spending.call_sid).where(*LATELY, Spending.cost.is_(None))
OLDEST = (
    select(Spending.at, Spending.rate, Spending.cost, Spending.call_sid)
    .where(*LATELY)
    .order_by(Spending.at)
    .limit(bindparam("most"))
)
OLDEST_ANSWERS = (
    select(Message.created_at, Message.answer_cost).where(*ANSWERED_LATELY).order_by(Message.created_at).limit(bindparam("most"))
)

PLACED = select(Spending.id, Spending.at, Spending.rate).where(Spending.occasion == bindparam("occasion"))
OF_CALL = select(Spending.id, Spending.at, Spending.rate).where(Spending.call_sid == bindparam("call_sid"), Spending.kind == "call")
SETTLED_BY_LEG = OF_CALL.where(Spending.leg_sid == bindparam("leg_sid"))
NEXT_LEG = OF_CALL.where(Spending.number == bindparam("number"), Spending.leg_sid.is_(None)).order_by(Spending.id).limit(1)
SPENDINGS = table_of(Spending)
SETTLE = update(SPENDINGS).where(SPENDINGS.c.id == bindparam("of_id"))
GIVEN_BACK = delete(SPENDINGS).where(SPENDINGS.c.occasion == bindparam("of_occasion"))
UNSETTLED = SPENDINGS.c.cost.is_(None)
KEPT = update(SPENDINGS).where(SPENDINGS.c.occasion == bindparam("of_occasion"), UNSETTLED).values(cost=SPENDINGS.c.rate)
NOT_DIALLED = update(SPENDINGS).where(SPENDINGS.c.call_sid == bindparam("of_call"), UNSETTLED).values(cost=0)


def begin(connection: Connection) -> None:
    """Let nobody else spend until this transaction ends: what is counted stays true."""
    take_turns(connection, "spending")


def is_known(connection: Connection, occasion: str) -> bool:
    """Whether that occasion counts already."""
    return connection.scalar(KNOWN, {"occasion": occasion}) is not None


def add(
    connection: Connection,
    *,
    kind: What,
    number: str,
    occasion: str,
    own: bool,
    call_sid: str | None = None,
    rate: int | None = None,
    cost: int | None = None,
) -> None:
    """Write that a call of that `rate` a minute, or a text of that `cost`, is about to be made."""
    row = {"at": now(), "kind": kind, "number": number, "occasion": occasion, "own": own}
    connection.execute(ADD, row | {"call_sid": call_sid, "rate": rate, "cost": cost})


def nth_latest(connection: Connection, number: int, within: timedelta) -> datetime | None:
    """When the latest but so many was made, if that is not longer ago: once it is, there are fewer than `number`."""
    at: datetime | None = connection.scalar(NTH_LATEST, _lately(within) | {"later": number - 1})
    return at


def to_destination(connection: Connection, kind: What, number: str, most: int, within: timedelta) -> Sequence[datetime]:
    """When the latest so many calls, or texts, to one number were made, but for those to somebody whom the flow file names."""
    return connection.scalars(TO_DESTINATION, _lately(within) | {"kind": kind, "number": number, "most": most}).all()


def count(connection: Connection, within: timedelta) -> int:
    """How many calls and texts were made lately."""
    return connection.scalar(COUNT, _lately(within)) or 0


def spent(connection: Connection, longest: int) -> int:
    """What the last day cost, in millionths of a dollar, with what texts were answered.

    A call that goes on costs its minutes so far, at most `longest`.
    """
    day = _lately(DAY)
    settled = (connection.scalar(SETTLED, day) or 0) + answered(connection)
    return int(settled) + sum(_so_far(each.at, each.rate, each.call_sid, longest) for each in connection.execute(GOING_ON, day))


def answered(connection: Connection) -> int:
    """What the last day's answers to texts cost, in millionths of a dollar."""
    return int(connection.scalar(ANSWERED, _lately(DAY)) or 0)


def oldest(connection: Connection, longest: int, most: int) -> Iterator[tuple[datetime, int]]:
    """When each of the last day's first so many calls, texts and answers was made, and what it costs so far."""
    lately = _lately(DAY) | {"most": most}
    asked_for = (
        (each.at, _so_far(each.at, each.rate, each.call_sid, longest) if each.cost is None else each.cost)
        for each in connection.execute(OLDEST, lately)
    )
    answers = ((each.created_at, each.answer_cost or 0) for each in connection.execute(OLDEST_ANSWERS, lately))
    yield from merge(asked_for, answers)


def settle(connection: Connection, kind: Kind, *, attempt: str | None, sid: str | None, answered: bool) -> None:
    """After news that a call or text has ended: put down what a call cost, and give back what Twilio surely did not take.

    That is what it `answered` to the only try. What was concluded later may turn out wrong: of that, the least stays counted.
    """
    row = connection.execute(_ended(kind, "sid" if sid else "attempt"), {"of": sid or attempt}).first()
    if row is None or row.status not in CALL_ENDS:
        return
    if row.status == "failed" and row.sid is None:
        is_given_back = answered and (kind is Call or row.tries in (None, 1))
        connection.execute(GIVEN_BACK if is_given_back else KEPT, {"of_occasion": row.attempt})
    elif kind is Call:
        if row.parent_sid:
            _settle_call(connection, _leg(connection, row.parent_sid, row.to_number, row.sid), row.status, row.duration, row.sid)
        elif row.attempt:
            placed = connection.execute(PLACED, {"occasion": row.attempt}).first()
            _settle_call(connection, placed, row.status, row.duration, None)
        # A leg does not outlast its call. One whose own end is still to be told is settled then; of others, nothing was dialled.
        connection.execute(NOT_DIALLED, {"of_call": row.sid})


@cache
def _ended(kind: Kind, by: str) -> Select[*tuple[Any, ...]]:
    further = (Call.duration, Call.parent_sid, Call.to_number) if kind is Call else (Message.tries,)
    return select(kind.attempt, kind.sid, kind.status, *further).where(getattr(kind, by) == bindparam("of"))


def _settle_call(connection: Connection, spending: Open | None, status: str, duration: int | None, leg_sid: str | None) -> None:
    if spending is None or spending.rate is None:
        return
    minutes = _minutes(now() - spending.at if duration is None else timedelta(seconds=duration)) if status == "completed" else 0
    connection.execute(SETTLE, {"of_id": spending.id, "cost": spending.rate * minutes, "leg_sid": leg_sid})


def _leg(connection: Connection, call_sid: str, number: str, sid: str) -> Open | None:
    """The spending that a leg settles: that which it settled before, else the first to its number that no leg has settled."""
    take_turns(connection, f"legs of {call_sid}")  # two that end at once must not settle the same
    settled = connection.execute(SETTLED_BY_LEG, {"call_sid": call_sid, "leg_sid": sid}).first()
    return settled or connection.execute(NEXT_LEG, {"call_sid": call_sid, "number": number}).first()


def _so_far(at: datetime, rate: int, call_sid: str | None, longest: int) -> int:
    return rate * min(_minutes(now() - at), LONGEST_LEG if call_sid else longest)


def _minutes(time: timedelta) -> int:
    """The minutes begun, which is what Twilio charges for; whoever answers has begun one."""
    return max(1, -(-time // timedelta(minutes=1)))


def _lately(within: timedelta) -> dict[str, Any]:
    """As far ahead as back: machines whose clocks differ share one count, and a clock that is set back forgets nothing."""
    at = now()
    return {"since": at - within, "until": at + min(within, AHEAD)}


def stopped(connection: Connection) -> tuple[str, str, datetime] | None:
    """Who stopped all spending, why and when; None while it goes on."""
    row = connection.execute(STOPPED).first()
    return (row.who, row.reason, row.at) if row else None


def stop(who: str, reason: str) -> bool:
    """Stop all spending; False if somebody did before."""

    def work(connection: Connection) -> bool:
        begin(connection)
        if stopped(connection):
            return False
        connection.execute(insert(Stop).values(at=now(), who=who, reason=reason))
        return True

    return write(work)


def resume() -> bool:
    """Let spending go on; False if it does."""
    return write(lambda connection: connection.execute(delete(Stop)).rowcount > 0)
