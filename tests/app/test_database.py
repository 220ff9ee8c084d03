"""The database connection: what is acknowledged is on disk, and a fault has a name."""

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from visitors import BOTH_DATABASES, SETTINGS

from app import create_app, database, ledger, patience
from app.errors import LedgerUnavailable
from app.models import Call, Message
from app.settings import Settings


@BOTH_DATABASES
def test_the_migrations_make_exactly_the_models(app: Flask) -> None:
    with app.app_context():
        assert database.is_migrated()
        assert app.extensions["alembic"].compare_metadata() == []


@BOTH_DATABASES
def test_migrating_down_and_up_again_works(app: Flask) -> None:
    with app.app_context():
        app.extensions["alembic"].downgrade("base")
        assert not database.is_migrated()
        app.extensions["alembic"].upgrade()
        assert database.is_migrated()


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_migration_may_take_its_time(app: Flask) -> None:
    with app.app_context():
        connection = app.extensions["alembic"].migration_context.connection
        assert connection.scalar(text("SHOW statement_timeout")) == "0"


def test_sqlite_flushes_each_commit_and_lets_readers_read(sqlite_template: Path) -> None:
    app = create_app(Settings(**SETTINGS, database_url=f"sqlite:///{sqlite_template}"))
    with app.app_context(), database.read() as session:
        pragmas = {name: session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "busy_timeout")}
    app.extensions["engine"].dispose()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": patience.PATIENCE * 1000}


def test_a_new_sqlite_file_and_its_journal_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "switchboard.db"
    app = create_app(Settings(**SETTINGS, database_url=f"sqlite:///{path}"))
    with app.app_context():
        app.extensions["alembic"].upgrade()
        database.write(lambda connection: connection.execute(text("DELETE FROM jobs")))
        rights = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    app.extensions["engine"].dispose()
    assert rights == dict.fromkeys(("switchboard.db", "switchboard.db-shm", "switchboard.db-wal"), 0o600)


def test_a_relative_sqlite_path_is_below_the_instance_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = create_app(Settings(**SETTINGS))
    assert app.extensions["engine"].url.database == str(Path(app.instance_path) / "switchboard.db")


@BOTH_DATABASES
@pytest.mark.parametrize("table", ["messages", "calls"])
def test_a_write_that_fails_has_a_name_and_shows_no_parameter(app: Flask, table: str) -> None:
    fill = {
        "calls": lambda: ledger.begin(Call, to="+15550002222", from_="+15550001111"),
        "messages": lambda: ledger.record_message(
            sid="SM1", from_number="+15550002222", to_number="", body="secret", media=[], answer=""
        ),
    }
    with app.app_context():
        database.write(lambda connection: connection.execute(text(f"DROP TABLE {table}")))
        with pytest.raises(LedgerUnavailable) as caught:
            fill[table]()
    assert "2222" not in str(caught.value.__cause__)
    assert "secret" not in str(caught.value.__cause__)


@BOTH_DATABASES
def test_the_log_says_which_statement_failed_and_no_parameter_of_it(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        database.write(lambda connection: connection.execute(text("DROP TABLE calls")))
        with pytest.raises(LedgerUnavailable):
            ledger.find_by_sid(Call, "secret +15550002222")
    (line,) = [line for line in caplog.messages if line.startswith("database fault=")]
    assert " statement=SELECT calls.duration, " in line
    assert "FROM calls WHERE calls.sid = " in line
    assert "2222" not in line
    assert "secret" not in line


@BOTH_DATABASES
def test_after_a_write_failed_the_next_one_is_kept(app: Flask) -> None:
    with app.app_context():
        database.write(lambda connection: connection.execute(text("ALTER TABLE messages RENAME TO away")))
        with pytest.raises(LedgerUnavailable):
            ledger.record_message(sid="SM1", from_number="", to_number="", body="", media=[], answer="")
        database.write(lambda connection: connection.execute(text("ALTER TABLE away RENAME TO messages")))
        ledger.record_message(sid="SM2", from_number="", to_number="", body="", media=[], answer="")
        assert [row.sid for row in ledger.latest(Message, 9)] == ["SM2"]


def test_a_locked_database_is_waited_for_and_then_named(
    sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, make_app: Callable[..., Flask]
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    app = make_app()
    other = sqlite3.connect(app.extensions["engine"].url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with app.app_context():
        with pytest.raises(LedgerUnavailable):
            ledger.record_message(sid="SM1", from_number="", to_number="", body="", media=[], answer="")
        other.execute("COMMIT")
        ledger.record_message(sid="SM1", from_number="", to_number="", body="", media=[], answer="")
        assert [row.sid for row in ledger.latest(Message, 9)] == ["SM1"]
    other.close()


def test_a_sqlite_file_that_was_away_at_the_start_is_found_when_it_is_back(
    sqlite_template: Path, tmp_path: Path, make_app: Callable[..., Flask]
) -> None:
    file, away = tmp_path / "switchboard.db", tmp_path / "away.db"
    file.rename(away)
    app = make_app()
    with app.app_context():
        with pytest.raises(LedgerUnavailable):  # SQLite has made an empty file
            ledger.latest(Message, 9)
        for made in tmp_path.glob("switchboard.db*"):
            made.unlink()
        away.rename(file)
        ledger.record_message(sid="SM1", from_number="", to_number="", body="", media=[], answer="")
        assert [row.sid for row in ledger.latest(Message, 9)] == ["SM1"]
