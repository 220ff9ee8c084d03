"""Writing: SQLite's one writer, whose appended rows share a disk flush, and PostgreSQL's many."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

from app import patience
from app.errors import LedgerUnavailable
from app.models import Base

log = logging.getLogger(__name__)

T = TypeVar("T")
Row = dict[str, str | int | datetime | None]


class SingleWriter:
    """SQLite lets one connection write at a time: the threads of this process take turns here.

    A commit waits for the disk, which costs more than all else in a webhook. So the rows that are appended while another write is
    under way wait together; the first of their threads then leads, and writes them all with one statement and one flush.
    """

    def __init__(self, engine: Engine, appended: type[Base]) -> None:
        self._table = appended.metadata.tables[appended.__tablename__]
        self._engine = engine
        self._transactions = engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        self._turn = Lock()
        self._queue = Lock()
        self._waiting: list[_Appended] = []
        self._led = False

    def write(self, work: Callable[[Connection], T]) -> T:
        with self._take_turn(), self._transactions.begin() as connection:
            return work(connection)

    def append(self, row: Row) -> bool:
        appended = _Appended(row | {name: _stored(value) for name, value in row.items() if isinstance(value, datetime)})
        with self._queue:
            self._waiting.append(appended)
            leads, self._led = not self._led, True
        if not leads and not appended.woken.acquire(timeout=patience.left()):
            self._give_up(appended)
        if not appended.done:
            self._lead()
        if appended.error:
            raise appended.error
        return appended.is_new

    def _give_up(self, appended: "_Appended") -> None:
        """Withdraw a row that was waited for long enough; one that is just being written may be kept all the same."""
        with self._queue:
            if appended.woken.acquire(blocking=False):  # at the last moment, perhaps to lead: the others wait for that
                return
            if appended in self._waiting:
                self._waiting.remove(appended)
        log.error("database fault=a row was not written in time")
        raise LedgerUnavailable("The database is too busy to be written just now.")

    def _lead(self) -> None:
        with self._queue:
            batch, self._waiting = self._waiting, []
        try:
            self._write_rows(batch)
        finally:
            with self._queue:
                if self._waiting:
                    self._waiting[0].woken.release()  # to lead the next batch
                else:
                    self._led = False
            for appended in batch:
                appended.done = True
                appended.woken.release()

    def _write_rows(self, batch: list["_Appended"]) -> None:
        statement, columns = _insert(self._table, len(batch))
        values = [appended.row.get(column) for appended in batch for column in columns]
        error: Exception | None = None
        written = 0
        try:
            # The driver's own connection, where a statement is a transaction: SQLAlchemy's would double what the batch costs.
            longest = max(appended.until for appended in batch)
            with patience.until(longest), self._take_turn(), closing(self._engine.raw_connection()) as connection:
                try:
                    written = connection.cursor().execute(statement, values).rowcount
                except sqlite3.Error:
                    connection.invalidate()  # see database._tend_sqlite
                    raise
        except Exception as fault:  # noqa: BLE001  whatever it is, each of the waiting threads must hear of it
            error = fault
        for appended in batch:
            appended.error, appended.is_new = error, written == len(batch)

    @contextmanager
    def _take_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=patience.left()):
            log.error("database fault=no turn to write in time")
            raise LedgerUnavailable("The database is too busy to be written just now.")
        try:
            yield
        finally:
            self._turn.release()


class _Appended:
    """A row on its way to the disk; its thread is woken when it is there, or to lead. Until then `error` stands."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.until = monotonic() + patience.left()
        self.done = False
        self.is_new = False
        self.error: Exception | None = LedgerUnavailable("The write was abandoned.")
        self.woken = Lock()
        self.woken.acquire()


@cache
def _insert(table: Table, rows: int) -> tuple[str, list[str]]:
    """One INSERT of so many rows, and the columns in the order of its parameters."""
    columns = [column.name for column in table.columns if not column.primary_key]
    statement = sqlite.insert(table).values([dict.fromkeys(columns)] * rows).on_conflict_do_nothing()
    return str(statement.compile(dialect=sqlite.dialect())), columns


def _stored(time: datetime) -> str:
    """A time as SQLAlchemy's own columns hold it in SQLite."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class ManyWriters:
    """PostgreSQL has many writers and lets them share a flush by itself."""

    def __init__(self, engine: Engine, appended: type[Base]) -> None:
        self._engine = engine
        key = appended.metadata.tables[appended.__tablename__].primary_key
        self._insert = postgresql.insert(appended).on_conflict_do_nothing().returning(*key)

    def write(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    def append(self, row: Row) -> bool:
        with self._engine.begin() as connection:
            return connection.scalar(self._insert, row) is not None  # SQLAlchemy gives no row count for such an INSERT
