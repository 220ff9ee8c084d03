"""Wrong passwords: what the limit on sign-in attempts counts."""

from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select

from app.clock import now
from app.database import read, write
from app.models import SignInFailure


def failures(within: timedelta, address: str | None = None) -> int:
    """How many wrong passwords came lately, from `address` or in all."""
    recent = select(func.count()).select_from(SignInFailure).where(SignInFailure.at > now() - within)
    with read() as session:
        return session.scalar(recent.where(SignInFailure.address == address) if address else recent) or 0


def record_failure(address: str, keep: timedelta) -> None:
    """Count a wrong password from `address`, and forget those older than `keep`."""

    def work(connection: Connection) -> None:
        connection.execute(delete(SignInFailure).where(SignInFailure.at < now() - keep))
        connection.execute(insert(SignInFailure).values(address=address, at=now()))

    write(work)


def forget_failures(address: str) -> None:
    """Start the count for `address` anew."""
    write(lambda connection: connection.execute(delete(SignInFailure).where(SignInFailure.address == address)))
