"""What is not settled: outgoing ones of which nobody knows whether Twilio took them, ones that have gone quiet, missed callers."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, update

from app.clock import now
from app.database import passed, read, write
from app.ledger import ENDS, Row
from app.models import CALL_ENDS, Call, Kind, Message, Spending

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Between how long after the last news and how long after it Twilio is asked how it goes on, and the time between two questions.
PACES = ((HOUR, 6 * HOUR, 5 * HOUR), (6 * HOUR, DAY, 6 * HOUR), (DAY, 3650 * DAY, DAY))
GIVEN_UP_AFTER = 5 * DAY
SENT_IS_ENOUGH_AFTER = DAY  # not every carrier says that a text was delivered
AT_ONCE = 500  # quiet ones in one go
UNANSWERED = (Message.remark != literal_column("''"), Message.direction == "inbound")
LONGEST = 4 * HOUR  # of a call (https://www.twilio.com/docs/voice/api/call-resource#timelimit)


def unknown(kind: type[Row]) -> Sequence[Row]:
    """Every attempt of which nobody knows what became of it, oldest first; texts that wait to be sent are none."""
    with read() as session:
        return session.scalars(select(kind).where(_is_unknown(kind)).order_by(kind.id)).all()


def number_unknown(kind: Kind) -> int:
    """How many those are."""
    with read() as session:
        return session.scalar(select(func.count()).select_from(kind).where(_is_unknown(kind))) or 0


def owned(kind: Kind, sids: Collection[str]) -> set[str]:
    """Those of the SIDs that are known to belong to an attempt of ours."""
    with read() as session:
        return set(session.scalars(select(kind.sid).where(kind.sid.in_(sids), kind.attempt.is_not(None))))


def quiet(kind: type[Row], after: timedelta | None = None) -> Sequence[Row]:
    """Those that Twilio has said nothing of for an hour, or for so long, though more was to come; longest unasked first."""
    at = now()
    unheard = select(kind).where(_is_open(kind), kind.sid.is_not(None), kind.remark.is_(None), kind.erased_at.is_(None))
    if kind is Message:
        unheard = unheard.where(or_(kind.status != "sent", kind.updated_at > at - SENT_IS_ENOUGH_AFTER))
    if after is None:
        due = (
            and_(passed(kind.updated_at, at - age), kind.updated_at > at - until, _unasked(kind, at - pause))
            for age, until, pause in PACES
        )
        unheard = unheard.where(or_(*due)).limit(AT_ONCE)
    else:
        unheard = unheard.where(kind.updated_at <= at - after)
    with read() as session:
        return session.scalars(unheard.order_by(kind.checked_at.is_not(None), kind.checked_at, kind.id)).all()


def to_look_at(kind: type[Row], limit: int | None = None) -> Sequence[Row]:
    """Those that only a person can settle, newest first, and then incoming ones that got no answer: their `remark` says why."""
    is_open = or_(kind.status.not_in(ENDS[kind]), kind.direction == "inbound")
    wanted = select(kind).where(kind.remark != literal_column("''"), is_open)
    with read() as session:
        return session.scalars(wanted.order_by(kind.direction == "inbound", kind.created_at.desc()).limit(limit)).all()


def unanswered() -> tuple[int, int]:
    """How many incoming texts got no answer and were not seen by anybody, and the id of the newest."""
    with read() as session:
        number, newest = session.execute(select(func.count(), func.max(Message.id)).where(*UNANSWERED)).one()
        return number, newest or 0


def see_unanswered(until: int) -> None:
    """Write that a person has seen those up to the one with that id."""
    seen = update(Message).where(*UNANSWERED, Message.id <= until).values(remark="")
    write(lambda connection: connection.execute(seen))


def missed(since: datetime, until: datetime) -> Sequence[Call]:
    """Calls that are over, in which the caller reached nobody and left no message, with their last news in that time.

    News of the end of a call may come days later: such a call was not missed just now.
    """
    theirs = select(Call).where(
        Call.outcome == literal_column("'missed'"),
        Call.direction == "inbound",
        Call.status.in_(ENDS[Call]),
        Call.sid.is_not(None),
        Call.created_at > since - LONGEST,
    )
    with read() as session:
        return session.scalars(theirs.where(Call.updated_at > since, Call.updated_at <= until).order_by(Call.created_at)).all()


def legs_are_over(sid: str) -> bool:
    """Whether each leg that the flow was allowed to ring in a call is known to have ended."""
    rung = select(func.count()).where(Spending.call_sid == sid, Spending.kind == "call")  # of browser phones there is none
    with read() as session:
        legs = session.execute(select(Call.to_number, Call.status).where(Call.parent_sid == sid)).all()
        numbers = [leg for leg in legs if not leg.to_number.startswith("client:")]
        return all(leg.status in CALL_ENDS for leg in legs) and len(numbers) >= (session.scalar(rung) or 0)


def note(row: Call | Message, remark: str | None) -> None:
    """Write that Twilio was asked, and what of it only a person can settle; what has gone on meanwhile stays as it is.

    "" says that a person has seen it.
    """
    same = update(type(row)).where(
        type(row).id == row.id, type(row).status == row.status, type(row).sid.is_not_distinct_from(row.sid)
    )
    write(lambda connection: connection.execute(same.values(checked_at=now(), remark=remark)))


def _is_open(kind: Kind) -> ColumnElement[bool]:
    """Whether more is to come; said so that the databases look into the index of such rows: without parameters, and first."""
    return kind.id.in_(select(kind.id).where(kind.status.not_in([literal_column(f"'{end}'") for end in ENDS[kind]])))


def _is_unknown(kind: Kind) -> ColumnElement[bool]:
    is_open = and_(kind.attempt.is_not(None), kind.sid.is_(None), kind.status.in_(("requested", "unknown")))
    return and_(is_open, kind.due_at.is_(None)) if kind is Message else is_open


def _unasked(kind: Kind, since: datetime) -> ColumnElement[bool]:
    return or_(kind.checked_at.is_(None), passed(kind.checked_at, since))
