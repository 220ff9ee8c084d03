"""Webhooks that were not let in, kept until none alike came for an hour: what tells the operator that a setting is wrong."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Connection, delete, func, select

from app.clock import Allowance, now
from app.database import insert_or, read, write
from app.errors import LedgerUnavailable
from app.models import TEXT, RefusedWebhook

KEPT = timedelta(hours=1)
WRITES, EACH = 10, 1.0  # so many at once, then one in so many seconds: a flood of forged webhooks must not cost as many flushes

Key = tuple[str, str]


class Tally:
    """Counts refusals in this process and writes them down now and then, all that wait in one transaction.

    What was counted and not written yet is lost when the process ends. A refusal is answered whatever becomes of its count.
    """

    def __init__(self) -> None:
        self._counting, self._writing = Lock(), Lock()
        self._waiting: dict[Key, tuple[int, str]] = {}
        self._allowance = Allowance(WRITES, EACH)

    def count(self, address: str, cause: str, detail: str) -> None:
        """Count a refusal at an address without query and numbers; `detail` is what was found out, from what Twilio signed."""
        with self._counting:
            times, _ = self._waiting.get((address, cause), (0, ""))
            self._waiting[address, cause] = (times + 1, detail[:TEXT])
            may_write = self._allowance.take()
        if may_write:
            self.flush()

    def flush(self) -> None:
        """Write what waits, unless another thread does or the database cannot be written."""
        if not self._writing.acquire(blocking=False):  # no second thread is to wait for a slow database
            return
        try:
            with self._counting:
                waiting, self._waiting = self._waiting, {}
            if waiting:
                self._write(waiting)
        finally:
            self._writing.release()

    def _write(self, waiting: dict[Key, tuple[int, str]]) -> None:
        try:
            write(lambda connection: _keep(connection, waiting))
        except LedgerUnavailable:  # logged
            with self._counting:
                for key, (times, detail) in waiting.items():
                    self._waiting[key] = (self._waiting.get(key, (0, ""))[0] + times, detail)


def _keep(connection: Connection, waiting: dict[Key, tuple[int, str]]) -> None:
    at = now()
    # What another worker is just counting again is not old to it, and to wait for it could mean to wait for each other.
    old = select(RefusedWebhook.id).where(RefusedWebhook.at < at - KEPT).with_for_update(skip_locked=True)
    connection.execute(delete(RefusedWebhook).where(RefusedWebhook.id.in_(old)))
    for (address, cause), (times, detail) in sorted(waiting.items()):  # in one order, so that two workers do not lock each other
        first = insert_or(connection.dialect.name, RefusedWebhook).values(
            at=at, address=address, cause=cause, detail=detail, times=times
        )
        news = {"at": at, "detail": detail, "times": RefusedWebhook.times + times}
        connection.execute(first.on_conflict_do_update(index_elements=["address", "cause"], set_=news))


def latest() -> Sequence[RefusedWebhook]:
    """Those that came in the last hour, newest first, with what this process has counted; each has the `times` so far."""
    current_tally().flush()
    with read() as session:
        return session.scalars(
            select(RefusedWebhook).where(RefusedWebhook.at > now() - KEPT).order_by(RefusedWebhook.at.desc(), RefusedWebhook.id)
        ).all()


class SoFar(NamedTuple):
    """How many there were, and when the last one came."""

    number: int
    last: datetime | None


def so_far() -> SoFar:
    """Of those that came in the last hour: each counts from when it first came, or came again after an hour without."""
    with read() as session:
        lately = select(func.sum(RefusedWebhook.times), func.max(RefusedWebhook.at)).where(RefusedWebhook.at > now() - KEPT)
        number, last = session.execute(lately).one()
    return SoFar(number or 0, last)


def current_tally() -> Tally:
    """The tally of the application that answers this request."""
    tally: Tally = current_app.extensions["refusals"]
    return tally
