"""The database connection: SQLite in WAL by default, PostgreSQL by DATABASE_URL; migrations; waits that end, named faults."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from os import W_OK, access
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, current_app
from flask_alembic import Alembic
from sqlalchemy import URL, ColumnElement, Connection, Engine, Table, create_engine, event, make_url, or_, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.pool import NullPool

from app import logs, patience
from app.clock import AHEAD, now
from app.errors import LedgerUnavailable
from app.models import Base, Message
from app.patience import Fuse
from app.settings import Settings
from app.writers import ManyWriters, Row, SingleWriter

log = logging.getLogger(__name__)

T = TypeVar("T")
UNBOUNDED = -1  # connections: each thread has one at most, and the server few threads, so that nobody waits for one


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the database and its migrations to the application; a relative SQLite path is below the instance folder."""
    url = make_url(settings.database_url.get_secret_value())
    # Parameters are hidden: one is a phone number or a text, and an error message may reach the log.
    if url.get_backend_name() == "sqlite":
        url = _in_folder(url, Path(app.instance_path))
        engine = create_engine(url, max_overflow=UNBOUNDED, hide_parameters=True)
        _tend_sqlite(engine, Path(url.database or ""))
        app.extensions["writer"] = SingleWriter(engine, Message)
        migrated = engine
    else:
        from app import impatient  # here, for its driver takes long to load, and SQLite needs none

        limits = {"options": f"-c statement_timeout={patience.PATIENCE}s"}
        engine = create_engine(url, max_overflow=UNBOUNDED, pool_pre_ping=True, connect_args=limits, hide_parameters=True)
        event.listen(engine, "do_connect", impatient.connect)
        app.extensions["writer"] = ManyWriters(engine, Message)
        migrated = create_engine(url, poolclass=NullPool, hide_parameters=True)  # an index of a large table takes its time
    app.extensions["engine"] = engine
    app.extensions["fuses"] = {"read": Fuse(), "write": Fuse()}  # a database that is locked or full can be read
    app.config["ALEMBIC"] = {"script_location": "migrations"}
    Alembic(app, metadatas=Base.metadata, engines=migrated, run_mkdir=False)


@contextmanager
def read() -> Iterator[Session]:
    """A session to read with: what it returned stays readable after it. Raises LedgerUnavailable."""
    with _faults_named("read"), Session(current_app.extensions["engine"]) as session:
        yield session


def write(work: Callable[[Connection], T]) -> T:
    """Run `work` in a transaction and return its result once that is on disk. Raises LedgerUnavailable."""
    with _faults_named("write"):
        result: T = current_app.extensions["writer"].write(work)
        return result


def append_message(row: Row) -> bool:
    """Put a message on disk unless one with its SID is there; False if one may have been. Raises LedgerUnavailable."""
    with _faults_named("write"):
        is_new: bool = current_app.extensions["writer"].append(row)
        return is_new


def take_turns(connection: Connection, name: str) -> None:
    """Let nobody else into a transaction of that name until this one ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


def insert_or(dialect: str, table: type[Base] | Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what is to be done on a conflict, in the dialect of a connection (its name)."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def passed(date: InstrumentedAttribute[Any], moment: datetime) -> ColumnElement[bool]:
    """Whether a date is not after a moment, or so far ahead that a clock was wrong: that is not waited for."""
    return or_(date <= moment, date > now() + AHEAD)


def lately(date: InstrumentedAttribute[Any], within: timedelta) -> ColumnElement[bool]:
    """Whether a date is not longer ago. One that is further ahead, a clock wrote that was wrong: it would be young for as long."""
    return date.between(now() - within, now() + within)


def empty_journal() -> bool:
    """Empty SQLite's journal into the file: it holds what was erased. False if it is in use; PostgreSQL has none of that kind."""
    engine = current_app.extensions["engine"]
    if engine.dialect.name != "sqlite":
        return True
    with _faults_named("write"), closing(engine.raw_connection()) as connection:
        (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


@contextmanager
def _faults_named(what: str) -> Iterator[None]:
    started = monotonic()
    try:
        with current_app.extensions["fuses"][what].work():
            try:
                yield
            except (SQLAlchemyError, sqlite3.Error) as error:
                # No message: PostgreSQL quotes the row in it. A statement bears marks where its parameters would stand.
                statement = " ".join((getattr(error, "statement", None) or "none").split())
                log.error(
                    "database fault=%s cause=%s statement=%s", type(error).__name__, type(error.__cause__).__name__, statement
                )
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


def _tend_sqlite(engine: Engine, path: Path) -> None:
    """Open connections to the file, as long as it is there, and each anew that met a fault.

    A connection stays for good with the file that it opened, though another has its name by now, and one that was opened while
    the disk could only be read can only read: both are opened anew, too.
    """

    def identity() -> tuple[int, int, bool] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, access(path, W_OK)

    opened = False

    def connect(_dialect: object, _record: object, arguments: list[Any], parameters: dict[str, Any]) -> sqlite3.Connection:
        """A new file is made at the start only: it would make SQLite throw away what the log beside a lost one still holds."""
        nonlocal opened
        is_new = not opened and not path.with_name(f"{path.name}-wal").exists()
        if is_new:
            with suppress(OSError):  # what is wrong then, SQLite says
                path.touch(mode=0o600)  # numbers and texts are for us only; SQLite gives its journal the same rights
        connection: sqlite3.Connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={'rwc' if is_new else 'rw'}", uri=True, **parameters
        )
        opened = True
        return connection

    def opened_one(connection: sqlite3.Connection, record: Any) -> None:
        record.info["file"], record.info["waits"] = identity(), None
        connection.isolation_level = None  # the driver would begin transactions in its own way: _begin_sqlite does
        limit(connection, record)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages of 4 kB; the default, 1000, writes the same pages too often
        connection.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, after a power cut too
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted or changed is written over: erased means gone

    def limit(connection: sqlite3.Connection, record: Any) -> None:
        """Set how long it waits for a lock of another process, where it is not set so already."""
        waits = patience.left_roughly()
        if record.info["waits"] != waits:
            connection.execute(f"PRAGMA busy_timeout = {int(waits * 1000)}")
            record.info["waits"] = waits

    def compare(connection: sqlite3.Connection, record: Any, _proxy: object) -> None:
        if record.info["file"] != identity():
            raise DisconnectionError("the file is another one, or may be written now")
        limit(connection, record)

    def keep_none_that_only_reads(_connection: object, record: Any) -> None:
        """As long as there is one in a process, SQLite gives it others of the kind, though the disk may be written by now."""
        file = record.info.get("file")  # none where it could not be opened
        if file and not file[2]:
            record.invalidate()

    def replace(context: Any) -> None:
        if isinstance(context.original_exception, sqlite3.OperationalError) and context.connection is not None:
            with suppress(sqlite3.Error):  # a connection that is closed holds its lock while a statement of it is about
                context.connection.connection.driver_connection.rollback()
            context.is_disconnect, context.invalidate_pool_on_disconnect = True, False

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", opened_one)
    event.listen(engine, "checkout", compare)
    event.listen(engine, "checkin", keep_none_that_only_reads)
    event.listen(engine, "handle_error", replace)
    event.listen(engine, "begin", _begin_sqlite)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
