"""The database connection: SQLite in WAL by default, PostgreSQL by DATABASE_URL; migrations; writes that share a disk flush."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from flask import Flask, current_app
from flask_alembic import Alembic
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import LedgerUnavailable
from app.models import Base
from app.settings import Settings

PATIENCE = 5  # seconds a request waits for a connection or the write lock; Twilio waits 15 for the answer

Work = Callable[[Connection], Any]

db = SQLAlchemy()
alembic = Alembic(metadatas=Base.metadata)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the database and its migrations to the application."""
    url = settings.database_url.get_secret_value()
    app.config["SQLALCHEMY_ENGINES"] = {"default": {"url": url, "pool_timeout": PATIENCE, "pool_size": 10, "hide_parameters": True}}
    app.config["ALEMBIC"] = {"script_location": "migrations"}
    db.init_app(app)
    alembic.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _open_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)
            app.extensions["write"] = GroupCommit(db.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE"))
        else:
            app.extensions["write"] = TransactionEach(db.engine)


T = TypeVar("T")


def write(work: Callable[[Connection], T]) -> T:
    """Run `work` in a transaction and return its result once that is on disk. Raises LedgerUnavailable."""
    try:
        result: T = current_app.extensions["write"](work)
        return result
    except SQLAlchemyError as error:
        raise LedgerUnavailable("The database cannot be written just now.") from error


def is_migrated() -> bool:
    """Whether the database answers and has the newest schema."""
    with db.engine.connect() as connection:
        current = set(connection.scalars(text("SELECT version_num FROM alembic_version")))
    return current == set(alembic.script_directory.get_heads())


class GroupCommit:
    """One writer at a time, who writes for all who wait: their rows reach the disk with a single flush.

    SQLite lets one connection write, and each commit waits for the disk, which costs more than all else in a webhook.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[_Entry] = deque()
        self._pen = Lock()

    def __call__(self, work: Work) -> Any:
        entry = _Entry(work)
        self._waiting.append(entry)
        if not self._pen.acquire(timeout=PATIENCE):
            raise LedgerUnavailable("The database is too busy to be written just now.")
        try:
            if not entry.done:
                self._write_waiting()
        finally:
            self._pen.release()
        if entry.error:
            raise entry.error
        return entry.result

    def _write_waiting(self) -> None:
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        pending = list(entries)
        try:
            while pending:
                pending = self._write_together(pending)
        finally:
            for entry in entries:
                entry.done = True

    def _write_together(self, entries: list["_Entry"]) -> list["_Entry"]:
        """Write them in one transaction; where one of them fails, nothing is written and the others are returned."""
        culprit = None
        try:
            with self._engine.begin() as connection:
                for entry in entries:
                    culprit = entry
                    entry.result = entry.work(connection)
                culprit = None
        except Exception as error:
            failed = [culprit] if culprit else entries
            for entry in failed:
                entry.error = error
            return [entry for entry in entries if entry not in failed]
        for entry in entries:
            entry.error = None
        return []


class _Entry:
    """A write that waits: `error` stands until it is on disk."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self.result: Any = None
        self.error: Exception | None = LedgerUnavailable("The write was abandoned.")


class TransactionEach:
    """A transaction for each write: PostgreSQL has many writers and shares their flushes itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, work: Work) -> Any:
        with self._engine.begin() as connection:
            return work(connection)


def _open_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions in its own way: _begin_sqlite does
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, after a power cut too


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
