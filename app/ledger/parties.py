"""What is kept of a party, the number or name at the other end: found, and erased.

An erased call or text stays for a while as nothing but its SID: what Twilio tells late of it finds that, and no more. The same goes
for a recording. A free text of somebody else that names the party is erased, too, and what it was part of stays.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    delete,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)

from app.clock import now
from app.database import read, write
from app.ledger import NO_ANSWER, PROGRESS, nameless
from app.ledger.spending import DAY
from app.models import Base, Call, Event, Kind, Message, OptOut, Recording, Relay, Spending

BATCH = 500  # rows a transaction: others wait for it
ERASED = "[erased]"
OVER: dict[Kind, str] = {Call: "canceled", Message: "sent"}  # such a status, or one of a higher rank, ends it
NO_MORE_NEWS = timedelta(days=7)  # what was silent for so long goes on no more, whatever its status says
FINAL = {"status": "erased", "progress": 99, "error_code": None, "remark": None}  # no status moves it on
WITHOUT: dict[Kind, dict[str, Any]] = {
    Call: FINAL | dict.fromkeys(("duration", "outcome", "answered_by", "step", "announcement", "acknowledge")),
    Message: FINAL | {"body": "", "media": None, "answer": NO_ANSWER, "due_at": None, "tries": None},
}
IN_PLACE = {"answer": NO_ANSWER, "media": "[]"}  # of a text that names the party, by column; else ERASED


class Known(NamedTuple):
    """How much is kept of a party."""

    calls: int
    texts: int
    recordings: int
    relays: int
    spendings: int
    going_on: int
    opt_outs: Sequence[str]  # the numbers of ours that it wants no texts from

    @property
    def is_anything(self) -> bool:
        """Whether there is anything that can be erased."""
        return any((self.calls, self.texts, self.recordings, self.relays, self.spendings))


class Row(NamedTuple):
    """A call or text, as it is to be erased."""

    id: int
    sid: str | None
    attempt: str | None


def is_over(kind: Kind) -> ColumnElement[bool]:
    """Whether no more is to come of a call or text."""
    return or_(kind.progress >= PROGRESS[kind][OVER[kind]], kind.updated_at < now() - NO_MORE_NEWS)


def known(party: str) -> Known:
    """How much is kept."""
    with read() as session:

        def count(rows: Select[*tuple[Any, ...]]) -> int:
            return session.scalar(select(func.count()).select_from(rows.subquery())) or 0

        return Known(
            count(_of(Call, party)),
            count(_of(Message, party)),
            count(_recordings(party).where(Recording.deleted_at.is_(None) | _is_with(Recording, party))),
            count(select(Relay.id).where(_relayed(party))),
            count(select(Spending.id).where(Spending.number == party)),
            sum(count(_of(kind, party).where(not_(is_over(kind)))) for kind in (Call, Message)),
            session.scalars(select(OptOut.line).where(OptOut.number == party).order_by(OptOut.line)).all(),
        )


def everything(party: str) -> dict[str, list[dict[str, Any]]]:
    """All that is kept, by table: each row as it stands there, and calls and texts with their events."""
    rows: dict[str, Select[Any]] = {
        "calls": _of(Call, party).with_only_columns(Call).order_by(Call.id),
        "messages": _of(Message, party).with_only_columns(Message).order_by(Message.id),
        "recordings": _recordings(party).with_only_columns(Recording).order_by(Recording.id),
        "relays": select(Relay).where(_relayed(party)),
        "opt_outs": select(OptOut).where(OptOut.number == party),
        "spendings": select(Spending).where(Spending.number == party).order_by(Spending.id),
    }
    with read() as session:
        found = {table: [_plain(row) for row in session.scalars(wanted)] for table, wanted in rows.items()}
        for row in (*found["calls"], *found["messages"]):
            events = select(Event).where(_events_of([row["sid"]], [row["attempt"]])).order_by(Event.id)
            row["events"] = [_plain(event) for event in session.scalars(events)]
    return found


def recordings(party: str) -> Sequence[Recording]:
    """The recordings of the party's calls, also deleted ones."""
    with read() as session:
        return session.scalars(_recordings(party).with_only_columns(Recording).order_by(Recording.id)).all()


def rows(kind: Kind, party: str, after: int) -> Sequence[Row]:
    """The next calls or texts that are over, of those with an id behind `after`; a call whose recording is still there is none."""
    wanted = _of(kind, party).where(kind.id > after, is_over(kind)).order_by(kind.id).limit(BATCH)
    if kind is Call:
        kept = select(Recording.id).where(Recording.call_sid == Call.sid, Recording.deleted_at.is_(None))
        wanted = wanted.where(not_(kept.exists()))
    with read() as session:
        return [Row(*row) for row in session.execute(wanted)]


def erase_recording(sid: str) -> None:
    """Forget whose a recording was and what was said; its sound is gone already."""
    without = {"from_number": "", "to_number": "", "transcription": None, "deleted_at": func.coalesce(Recording.deleted_at, now())}
    write(lambda connection: connection.execute(update(Recording).where(Recording.sid == sid).values(without)))


def erase(kind: Kind, erased: Sequence[Row]) -> None:
    """Leave nothing of these calls or texts but their SIDs; legs of a call are calls of their own."""

    def work(connection: Connection) -> None:
        delete_events(connection, erased)
        gone = update(kind).where(kind.id.in_([row.id for row in erased]))
        connection.execute(gone.values(nameless() | WITHOUT[kind]))

    write(work)


def delete_events(connection: Connection, of: Sequence[Row]) -> None:
    """Delete the events of these calls or texts."""
    connection.execute(delete(Event).where(_events_of([row.sid for row in of], [row.attempt for row in of])))


def erase_traces(party: str, digits: re.Pattern[str] | None, sids: Collection[str]) -> int:
    """Erase the rest: relays, spending, and the texts of others that name the party or one of the recordings with these `sids`.

    `digits` finds the party in a text. Returns how many such texts there were. Spending that still counts stays without its number.
    """
    counts = and_(Spending.number == party, Spending.at > now() - DAY)

    def work(connection: Connection) -> None:
        connection.execute(delete(Relay).where(_relayed(party)))
        names_it = Spending.occasion.contains(party, autoescape=True)
        nameless_occasion = literal(f"{ERASED} ").concat(cast(Spending.id, Text))
        nobody = {"number": ERASED, "occasion": case((names_it, nameless_occasion), else_=Spending.occasion)}
        connection.execute(update(Spending).where(counts).values(nobody))
        connection.execute(delete(Spending).where(Spending.number == party))

    write(work)
    return sum(_erase_text(column, found) for column, found in _naming(party, digits, sids))


def erase_bodies(attempts: Collection[str]) -> None:
    """Erase the words of the texts of these attempts."""
    found = update(Message).where(Message.attempt.in_(attempts), Message.body != ERASED)
    write(lambda connection: connection.execute(found.values(body=ERASED)))


def texted_since(recording: Recording) -> set[str]:
    """Whom texts of ours went to within a day of a recording: its owners are among them."""
    begin = recording.created_at
    placed = select(Message.to_number).where(Message.created_at.between(begin, begin + timedelta(days=1)))
    with read() as session:
        return set(session.scalars(placed.where(Message.attempt.is_not(None)).distinct()))


def named_in(party: str, digits: re.Pattern[str] | None, sids: Collection[str]) -> list[dict[str, Any]]:
    """The texts of others that name the party or one of its recordings, and where they stand."""
    found = []
    for column, keys in _naming(party, digits, sids):
        table, (key,) = column.table, column.table.primary_key.columns
        wanted = select(column).where(key.in_(keys)).order_by(key)
        if "from_number" in table.columns:
            wanted = wanted.where(table.c.from_number != party, table.c.to_number != party)
        with read() as session:
            found += [{"where": f"{table.name}.{column.name}", "text": text} for text in session.scalars(wanted)]
    return found


def _naming(party: str, digits: re.Pattern[str] | None, sids: Collection[str]) -> Iterator[tuple[Any, list[Any]]]:
    """Each column of free text, with the keys of the rows in which it names the party or a recording."""
    links = re.compile("|".join(map(re.escape, sids))) if sids else None
    for table in Base.metadata.sorted_tables:
        (key,) = table.primary_key.columns
        for column in table.columns:
            if not isinstance(column.type, Text):
                continue
            last: Any = None
            while True:
                likely = _may_name(column, party) if digits else false()
                linked = column.like("%/recordings/RE%") if links else false()
                wanted = select(key, column).where(or_(likely, linked)).order_by(key).limit(BATCH)
                with read() as session:
                    page = session.execute(wanted if last is None else wanted.where(key > last)).all()
                yield column, [row[0] for row in page if any(each and each.search(row[1]) for each in (digits, links))]
                if len(page) < BATCH:
                    break
                last = page[-1][0]


def _erase_text(column: Any, keys: list[Any]) -> int:
    if keys:
        (key,) = column.table.primary_key.columns
        gone = update(column.table).where(key.in_(keys)).values({column: IN_PLACE.get(column.name, ERASED)})
        write(lambda connection: connection.execute(gone))
    return len(keys)


def _may_name(column: Any, party: str) -> ColumnElement[bool]:
    """Whether a text has the last digits of a number in their order, whatever is between; or all of a name."""
    found: ColumnElement[bool] = column.contains(party, autoescape=True)
    return column.like("%" + "%".join(party[-7:]) + "%") if party.startswith("+") else found


def _of(kind: Kind, party: str) -> Select[int, str | None, str | None]:
    """The calls or texts with the party, and the legs of those calls."""
    wanted = select(kind.id, kind.sid, kind.attempt).where(kind.erased_at.is_(None))
    if kind is Message:
        return wanted.where(_is_with(Message, party))
    return wanted.where(_is_with(Call, party) | Call.parent_sid.in_(select(Call.sid).where(_is_with(Call, party))))


def _recordings(party: str) -> Select[Any]:
    """The recordings of the party's calls."""
    of_calls = Recording.call_sid.in_(select(Call.sid).where(_is_with(Call, party)))
    return select(Recording.id).where(_is_with(Recording, party) | of_calls)


def _is_with(kind: Kind | type[Recording], party: str) -> ColumnElement[bool]:
    return or_(kind.from_number == party, kind.to_number == party)


def _relayed(party: str) -> ColumnElement[bool]:
    return or_(Relay.person == party, Relay.texter == party)


def _events_of(sids: Collection[str | None], attempts: Collection[str | None]) -> ColumnElement[bool]:
    return or_(Event.sid.in_(list(filter(None, sids))), Event.attempt.in_(list(filter(None, attempts))))


def _plain(row: Base) -> dict[str, Any]:
    """A row by the names of its columns."""
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name != "id"}
