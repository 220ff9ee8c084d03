"""What a clock dated that was ahead for a while: else it would be young for as long, and never due, asked about or old."""

from datetime import timedelta

from sqlalchemy import Update, case, literal, or_, select, update

from app.clock import now
from app.database import read, write
from app.models import Base, Call, Message, Recording, RefusedWebhook, UtcDateTime

AHEAD = timedelta(hours=1)  # what is less far ahead is soon right; nothing is put off for longer
BATCH = 500  # rows a transaction: others wait for it
# What goes by a counter or by its order is left as it is, and so is what is only added to, or does not count when it is ahead.
DATES: dict[type[Base], tuple[str, ...]] = {
    Call: ("created_at", "updated_at", "checked_at", "erased_at"),
    Message: ("created_at", "updated_at", "checked_at", "erased_at", "due_at"),
    Recording: ("created_at", "checked_at", "deleted_at"),
    RefusedWebhook: ("at",),
}


def set_right() -> str:
    """Date what is dated far ahead as of now, when that is noticed; returns how many rows, in words."""
    number = sum(_set_right(table, names) for table, names in DATES.items())
    return f"dated {number} rows anew that a clock had dated ahead" if number else ""


def _set_right(table: type[Base], names: tuple[str, ...]) -> int:
    at, number = now(), 0
    dates = [getattr(table, name) for name in names]
    key = table.__mapper__.primary_key[0]
    ahead = select(key).where(or_(*(date > at + AHEAD for date in dates))).limit(BATCH)
    # When Twilio was asked is as good as never.
    right = {
        date.key: case((date > at + AHEAD, literal(None if date.key == "checked_at" else at, UtcDateTime)), else_=date)
        for date in dates
    }
    while True:
        with read() as session:  # nearly always none, and then nobody needs to wait for us to write
            ids = session.scalars(ahead).all()
        if not ids:
            return number
        number += _write(update(table).where(key.in_(ids)).values(right))


def _write(anew: Update) -> int:
    return write(lambda connection: connection.execute(anew).rowcount)
