"""The tables: calls, messages, what was heard of them, what they cost, recordings, and what guards and jobs keep."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Dialect, Index, MetaData, String, Text, TypeDecorator, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TEXT = 256  # characters; what Twilio sends is much shorter, and what is longer is cut where it comes in
# No status of a call comes after one of these, and of a text only "read" after "delivered".
CALL_ENDS = ("canceled", "failed", "no-answer", "busy", "completed")
MESSAGE_ENDS = ("canceled", "failed", "undelivered", "delivered", "read", "received")


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
    `progress` is the rank of `status` (see ledger.PROGRESS) and only ever grows. `checked_at` is when Twilio was last asked how it
    goes on, `remark` what of it only a person can settle. What was erased (`erased_at`) stays for a while as nothing but its SID,
    so that late callbacks do not bring it back.
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
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remark: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def _index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the few rows of which that holds: the others need no place in it, and cost nothing to write."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _indexes(table: str, ends: tuple[str, ...]) -> tuple[Index, ...]:
    """By attempt; those whose SID nobody knows, of which more is to come, of which a person is to know something."""
    return (
        _index(f"uq_{table}_attempt", "attempt", where="attempt IS NOT NULL", unique=True),
        _index(f"ix_{table}_unknown", "created_at", where="attempt IS NOT NULL AND sid IS NULL"),
        _index(f"ix_{table}_open", "updated_at", where=f"status NOT IN ({', '.join(map(repr, ends))})"),
        _index(f"ix_{table}_remarked", "created_at", where="remark <> ''"),
    )


class Call(Traffic, Base):
    """A telephone call; `duration` in seconds, once it is over.

    `parent_sid` is the call that a leg belongs to, `outcome` how far it came (see ledger.OUTCOMES), `answered_by` a human or a
    machine, if Twilio was asked to find out. A placed call begins at `step`, or says an `announcement`, and may `acknowledge` ask
    for a key; without either, it is the usual greeting.
    """

    __tablename__ = "calls"
    __table_args__ = (
        *_indexes("calls", CALL_ENDS),
        Index(None, "to_number", "created_at"),
        _index("ix_calls_missed", "created_at", where="outcome = 'missed'"),
        _index("ix_calls_parent_sid", "parent_sid", where="parent_sid IS NOT NULL"),
    )

    duration: Mapped[int | None]
    parent_sid: Mapped[str | None] = mapped_column(String(TEXT))
    outcome: Mapped[str | None] = mapped_column(String(TEXT))
    answered_by: Mapped[str | None] = mapped_column(String(TEXT))
    step: Mapped[str | None] = mapped_column(String(TEXT))
    announcement: Mapped[str | None] = mapped_column(Text)
    acknowledge: Mapped[bool | None]


class Message(Traffic, Base):
    """A text message; `media` is a JSON list of URLs, `answer` the TwiML that an incoming one got.

    `answer_cost` is what that costs, in millionths of a US dollar, if it does. A text that nobody waits for is sent (again) at
    `due_at`, after so many `tries`.
    """

    __tablename__ = "messages"
    __table_args__ = (
        *_indexes("messages", MESSAGE_ENDS),
        _index("ix_messages_placed_to", "to_number", "created_at", where="attempt IS NOT NULL"),
        _index("ix_messages_due_at", "due_at", where="due_at IS NOT NULL"),
        _index("ix_messages_answered", "created_at", "answer_cost", where="answer_cost IS NOT NULL"),
    )

    body: Mapped[str] = mapped_column(Text)
    media: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    answer_cost: Mapped[int | None] = mapped_column(BigInteger)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int | None]


Kind = type[Call] | type[Message]


class Event(Base):
    """What was heard of a call or message, in the order in which it came; never changed. `source`: see ledger.events."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    kind: Mapped[str] = mapped_column(String(TEXT))
    attempt: Mapped[str | None] = mapped_column(String(32), index=True)
    sid: Mapped[str | None] = mapped_column(String(TEXT), index=True)
    source: Mapped[str] = mapped_column(String(TEXT))
    status: Mapped[str] = mapped_column(String(TEXT))
    sequence: Mapped[int | None]
    error_code: Mapped[int | None]


class Spending(Base):
    """A call or text that costs, written before it is made; `occasion` names it, so that it counts once.

    `cost` in millionths of a US dollar: of a text at once; of a call when it is over, after so much a minute (`rate`). A leg of a
    call is known by `call_sid`, the call that it belongs to, and once it is over by its own, `leg_sid`. `own`: to somebody whom
    the flow file names.
    """

    __tablename__ = "spendings"
    __table_args__ = (Index(None, "number", "at"), Index(None, "at", "cost"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(TEXT))
    number: Mapped[str] = mapped_column(String(TEXT))
    occasion: Mapped[str] = mapped_column(String(TEXT), unique=True)
    call_sid: Mapped[str | None] = mapped_column(String(TEXT), index=True)
    leg_sid: Mapped[str | None] = mapped_column(String(TEXT))
    own: Mapped[bool]
    rate: Mapped[int | None] = mapped_column(BigInteger)
    cost: Mapped[int | None] = mapped_column(BigInteger)


class Stop(Base):
    """The kill switch: while there is one, nothing that costs is done."""

    __tablename__ = "stops"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(String(TEXT))
    reason: Mapped[str] = mapped_column(Text)


class AuditEntry(Base):
    """Who did what, from where; `subject` is an attempt, a SID or a masked number, never a whole one."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    who: Mapped[str] = mapped_column(String(TEXT))
    address: Mapped[str] = mapped_column(String(TEXT))
    action: Mapped[str] = mapped_column(String(TEXT))
    subject: Mapped[str] = mapped_column(String(TEXT))


class RefusedWebhook(Base):
    """Webhooks that were not let in, by address and cause: how many, and when the last one came; neither bears a number.

    `detail` is what was found out of the last one (see diagnosis).
    """

    __tablename__ = "refused_webhooks"
    __table_args__ = (UniqueConstraint("address", "cause"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    address: Mapped[str] = mapped_column(String(TEXT))
    cause: Mapped[str] = mapped_column(String(TEXT))
    detail: Mapped[str] = mapped_column(String(TEXT))
    times: Mapped[int]


class Job(Base):
    """Something that is done again and again: when next, and how it went last. Whoever moves `due_at` on does it.

    One that looks through what came has `looked_until` then.
    """

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(String(TEXT), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(Text)
    looked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Recording(Base):
    """What a caller left, or a talk that was recorded; `duration` in seconds. A deleted one stays, without its words.

    `checked_at` is when Twilio last refused to delete it.
    """

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
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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

    The person knows the texter by `tag`, a number that counts from 1; `at` is when either wrote last, and `turn` tells which of
    the person's texters that was: a clock may jump.
    """

    __tablename__ = "relays"
    __table_args__ = (UniqueConstraint("line", "person", "texter"), UniqueConstraint("line", "person", "tag"))

    id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(String(TEXT))
    person: Mapped[str] = mapped_column(String(TEXT))
    texter: Mapped[str] = mapped_column(String(TEXT))
    tag: Mapped[int]
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignInTry(Base):
    """A password that was tried, by the address it came from: what the limit on sign-in attempts counts.

    `guess` is its fingerprint. Whether it is `wrong` is not known while it is compared.
    """

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index(None, "address", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64))
    guess: Mapped[str | None] = mapped_column(String(64))
    wrong: Mapped[bool | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
