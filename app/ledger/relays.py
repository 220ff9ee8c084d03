"""Texts that go back and forth between texters and a person behind one of our numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from app.clock import now
from app.ledger import TextAnswer
from app.ledger.optouts import is_stopped
from app.models import Relay


@dataclass(frozen=True)
class Texter:
    """Whom a person answers: by `tag` to the person, by `number` to Twilio; who `has_stopped` wants no texts."""

    tag: int
    number: str
    has_stopped: bool


def forward(line: str, person: str, texter: str, build: Callable[[int | None], str]) -> TextAnswer:
    """An answer to a text that goes on to a person: built with the texter's tag, or None where the person wants no texts."""

    def decide(connection: Connection) -> str:
        if is_stopped(connection, line, person):
            return build(None)
        theirs = Relay.line == line, Relay.person == person
        # Nobody else counts meanwhile: see ledger.record_message.
        last_tag, last_turn = connection.execute(select(func.max(Relay.tag), func.max(Relay.turn)).where(*theirs)).one()
        news = {"at": now(), "turn": 1 + (last_turn or 0)}
        tag = connection.scalar(update(Relay).where(*theirs, Relay.texter == texter).values(news).returning(Relay.tag))
        if tag is None:
            tag = 1 + (last_tag or 0)
            connection.execute(insert(Relay).values(line=line, person=person, texter=texter, tag=tag, **news))
        return build(tag)

    return decide


def send_back(line: str, person: str, tag: int | None, build: Callable[[Texter | None], str]) -> TextAnswer:
    """An answer to a person's text: built with the texter of that tag, else of the latest text there or back, or with None."""

    def decide(connection: Connection) -> str:
        theirs = Relay.line == line, Relay.person == person
        found = select(Relay.id, Relay.tag, Relay.texter).where(*theirs)
        latest = found.order_by(Relay.turn.desc(), Relay.at.desc(), Relay.id.desc()).limit(1)
        found = latest if tag is None else found.where(Relay.tag == tag)
        row = connection.execute(found).first()
        if row is None:
            return build(None)
        has_stopped = is_stopped(connection, line, row.texter)
        if not has_stopped:
            last_turn = connection.scalar(select(func.max(Relay.turn)).where(*theirs)) or 0
            connection.execute(update(Relay).where(Relay.id == row.id).values(at=now(), turn=last_turn + 1))
        return build(Texter(row.tag, row.texter, has_stopped))

    return decide
