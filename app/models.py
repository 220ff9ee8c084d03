"""Tables."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Index, MetaData, String, Text, TypeDecorator, text
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


class Call(Traffic, Base):
    """A telephone call; `duration` in seconds, once it is over."""

    __tablename__ = "calls"
    __table_args__ = (_unique_attempt("calls"), Index(None, "to_number", "created_at"))

    duration: Mapped[int | None]


class Message(Traffic, Base):
    """A text message; `media` is a JSON list of URLs, `answer` the TwiML that an incoming one got."""

    __tablename__ = "messages"
    __table_args__ = (_unique_attempt("messages"),)

    body: Mapped[str] = mapped_column(Text)
    media: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)


class SignInFailure(Base):
    """A wrong password, by the address it came from: what the limit on sign-in attempts counts."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index(None, "address", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
