"""The database connection: SQLite in WAL by default, PostgreSQL by DATABASE_URL; migrations; writes that share a disk flush."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from flask import Flask, current_app
from flask_alembic import Alembic
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import Session

from app import logs
from app.errors import LedgerUnavailable
from app.models import Base, Message
from app.settings import Settings

log = logging.getLogger(__name__)

PATIENCE = 5  # seconds a request waits for a connection or the write lock; Twilio waits 15 for the answer

T = TypeVar("T")
Row = dict[str, str | int | datetime | None]


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the database and its migrations to the application; a relative SQLite path is below the instance folder."""
    url = make_url(settings.database_url.get_secret_value())
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite:
        url = _in_folder(url, Path(app.instance_path))
    # A parameter is a phone number or a text, and an error message may reach the log.
    if is_sqlite:
        engine = create_engine(url, pool_timeout=PATIENCE, hide_parameters=True)
    else:
        limits = {"connect_timeout": PATIENCE, "options": f"-c statement_timeout={PATIENCE}s"}
        engine = create_engine(url, pool_timeout=PATIENCE, pool_pre_ping=True, connect_args=limits, hide_parameters=True)
    app.extensions["engine"] = engine
    if is_sqlite:
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        _follow_file(engine, Path(url.database or ""))
        app.extensions["writer"] = SingleWriter(engine, Message)
    else:
        app.extensions["writer"] = ManyWriters(engine, Message)
    app.config["ALEMBIC"] = {"script_location": "migrations"}
    Alembic(app, metadatas=Base.metadata, engines=engine, run_mkdir=False)


@contextmanager
def read() -> Iterator[Session]:
    """A session to read with: what it returned stays readable after it. Raises LedgerUnavailable."""
    with _faults_named(), Session(current_app.extensions["engine"]) as session:
        yield session


def write(work: Callable[[Connection], T]) -> T:
    """Run `work` in a transaction and return its result once that is on disk. Raises LedgerUnavailable."""
    with _faults_named():
        result: T = current_app.extensions["writer"].write(work)
        return result


def append_message(row: Row) -> bool:
    """Put a message on disk unless one with its SID is there; False if one may have been. Raises LedgerUnavailable."""
    with _faults_named():
        is_new: bool = current_app.extensions["writer"].append(row)
        return is_new


def empty_journal() -> bool:
    """Empty SQLite's journal into the file: it holds what was erased. False if it is in use; PostgreSQL has none of that kind."""
    engine = current_app.extensions["engine"]
    if engine.dialect.name != "sqlite":
        return True
    with _faults_named(), closing(engine.raw_connection()) as connection:
        (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


@contextmanager
def _faults_named() -> Iterator[None]:
    started = monotonic()
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        # Names only: PostgreSQL quotes the row in its messages.
        log.error("database fault=%s cause=%s", type(error).__name__, type(error.__cause__).__name__)
        raise LedgerUnavailable("The database cannot be used just now.") from error
    finally:
        logs.spent("database", started)


def is_migrated() -> bool:
    """Whether the database has the newest schema. Raises LedgerUnavailable if it does not answer or was never migrated."""
    newest = current_app.extensions["alembic"].script_directory.get_heads()
    with read() as session:
        return set(session.scalars(text("SELECT version_num FROM alembic_version"))) == set(newest)


def _in_folder(url: URL, folder: Path) -> URL:
    path = folder / (url.database or "switchboard.db")
    path.parent.mkdir(parents=True, exist_ok=True)
    return url.set(database=str(path))


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
        if not leads:
            appended.woken.acquire()
        if not appended.done:
            self._lead()
        if appended.error:
            raise appended.error
        return appended.is_new

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
            with self._take_turn(), closing(self._engine.raw_connection()) as connection:
                written = connection.cursor().execute(statement, values).rowcount
        except Exception as fault:  # whatever it is, each of the waiting threads must hear of it
            error = fault
        for appended in batch:
            appended.error, appended.is_new = error, written == len(batch)

    @contextmanager
    def _take_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=PATIENCE):
            log.error("database fault=no turn to write in %s seconds", PATIENCE)
            raise LedgerUnavailable("The database is too busy to be written just now.")
        try:
            yield
        finally:
            self._turn.release()


class _Appended:
    """A row on its way to the disk; its thread is woken when it is there, or to lead. Until then `error` stands."""

    def __init__(self, row: Row) -> None:
        self.row = row
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


def _open_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions in its own way: _begin_sqlite does
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages of 4 kB; the default, 1000, writes the same pages too often
    connection.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, after a power cut too
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted or changed is overwritten: erased means gone from the file


def _follow_file(engine: Engine, path: Path) -> None:
    """Open a connection anew whose file is gone: it would stay with it for good, though another has its name by now."""

    def identity() -> tuple[int, int] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def remember(_connection: Any, record: Any) -> None:
        record.info["file"] = identity()

    def compare(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != identity():
            raise DisconnectionError("another file has the database's name")

    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", compare)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
