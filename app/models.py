"""Tables."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Index, MetaData, String, Text, TypeDecorator, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TEXT = 256  # characters; what Twilio sends is much shorter, and what is longer is cut where it comes in


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, also in SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Traffic:
    """What calls and messages have in common.

    `attempt` is our own id of an outgoing one, written before Twilio is asked; `sid` is Twilio's, known once it answers.
    `progress` is the rank of `status` (see ledger.PROGRESS) and only ever grows.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[str | None] = mapped_column(String(32))
    sid: Mapped[str | None] = mapped_column(String(TEXT), unique=True)
    direction: Mapped[str] = mapped_column(String(TEXT))
    from_number: Mapped[str] = mapped_column(String(TEXT))
    to_number: Mapped[str] = mapped_column(String(TEXT))
    status: Mapped[str] = mapped_column(String(TEXT))
    progress: Mapped[int]
    error_code: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


def _unique_attempt(table: str) -> Index:
    """Incoming ones have no attempt, and need no place in its index."""
    placed = text("attempt IS NOT NULL")
    return Index(f"uq_{table}_attempt", "attempt", unique=True, sqlite_where=placed, postgresql_where=placed)


def _legs() -> Index:
    """Most calls are no leg, and need no place in its index."""
    is_leg = text("parent_sid IS NOT NULL")
    return Index("ix_calls_parent_sid", "parent_sid", sqlite_where=is_leg, postgresql_where=is_leg)


class Call(Traffic, Base):
    """A telephone call; `duration` in seconds, once it is over.

    `parent_sid` is the call that a leg belongs to, `outcome` how far it came (see ledger.OUTCOMES), `answered_by` a human or a
    machine, if Twilio was asked to find out. A placed call begins at `step`, or says an `announcement`, and may `acknowledge` ask
    for a key; without either, it is the usual greeting.
    """

    __tablename__ = "calls"
    __table_args__ = (_unique_attempt("calls"), Index(None, "to_number", "created_at"), _legs())

    duration: Mapped[int | None]
    parent_sid: Mapped[str | None] = mapped_column(String(TEXT))
    outcome: Mapped[str | None] = mapped_column(String(TEXT))
    answered_by: Mapped[str | None] = mapped_column(String(TEXT))
    step: Mapped[str | None] = mapped_column(String(TEXT))
    announcement: Mapped[str | None] = mapped_column(Text)
    acknowledge: Mapped[bool | None]


class Message(Traffic, Base):
    """A text message; `media` is a JSON list of URLs, `answer` the TwiML that an incoming one got."""

    __tablename__ = "messages"
    __table_args__ = (_unique_attempt("messages"),)

    body: Mapped[str] = mapped_column(Text)
    media: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)


class Recording(Base):
    """What a caller left, or a talk that was recorded; `duration` in seconds. A deleted one stays, without its words."""

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(String(TEXT), unique=True)
    call_sid: Mapped[str] = mapped_column(String(TEXT), index=True)
    step: Mapped[str] = mapped_column(String(TEXT))
    from_number: Mapped[str] = mapped_column(String(TEXT))
    to_number: Mapped[str] = mapped_column(String(TEXT))
    duration: Mapped[int | None]
    transcription: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OptOut(Base):
    """A number that wants no texts from one of ours."""

    __tablename__ = "opt_outs"
    __table_args__ = (UniqueConstraint("line", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(String(TEXT))
    number: Mapped[str] = mapped_column(String(TEXT))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Relay(Base):
    """Texts that go back and forth between a texter and a person behind one of our numbers, who see no number but that one.

    The person knows the texter by `tag`, a number that counts from 1; `at` is when either wrote last.
    """

    __tablename__ = "relays"
    __table_args__ = (UniqueConstraint("line", "person", "texter"), UniqueConstraint("line", "person", "tag"))

    id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(String(TEXT))
    person: Mapped[str] = mapped_column(String(TEXT))
    texter: Mapped[str] = mapped_column(String(TEXT))
    tag: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignInFailure(Base):
    """A wrong password, by the address it came from: what the limit on sign-in attempts counts."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index(None, "address", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
