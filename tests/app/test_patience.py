"""How long anybody waits for the database."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text
from visitors import Twilio

from app import database, ledger, patience
from app.errors import LedgerUnavailable
from app.models import Message


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the application's patience."""
    for name in ("PATIENCE", "IN_ALL", "BRIEF", "REST"):
        monkeypatch.setattr(patience, name, getattr(patience, name) / 10)


@pytest.fixture
def other(app: Flask) -> Iterator[sqlite3.Connection]:
    """Another program that uses the same file."""
    with closing(sqlite3.connect(app.extensions["engine"].url.database, isolation_level=None)) as connection:
        yield connection


def receive(sid: str) -> None:
    ledger.record_message(sid=sid, from_number="+15550002222", to_number="+15550001111", body="", media=[], answer="")


def receive_soon(sid: str) -> None:
    """A connection to PostgreSQL is not made anew while waiting was just in vain."""
    for _ in range(1000):
        with suppress(LedgerUnavailable):
            return receive(sid)
    raise AssertionError("it did not recover")


def change_nothing() -> None:
    database.write(lambda connection: connection.execute(text("DELETE FROM messages WHERE 1 = 0")))


def kept(app: Flask) -> list[str | None]:
    with app.app_context():
        return [row.sid for row in ledger.latest(Message, 999)]


class Stopwatch:
    def __enter__(self) -> "Stopwatch":
        self.began = time.monotonic()
        return self

    def __exit__(self, *exception: object) -> None:
        self.seconds = time.monotonic() - self.began


def test_all_waits_of_a_request_together_are_bounded(app: Flask, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    app.extensions["fuses"] = {"write": patience.Fuse()}
    with app.test_request_context(), Stopwatch() as watch:
        for _ in range(4):
            app.extensions["fuses"]["write"] = patience.Fuse()  # as if nobody else had waited
            with pytest.raises(LedgerUnavailable):
                change_nothing()
    assert patience.PATIENCE < watch.seconds < patience.IN_ALL + patience.PATIENCE
    other.execute("ROLLBACK")
    with app.test_request_context():
        change_nothing()


def test_who_comes_behind_a_wait_in_vain_hardly_waits_and_nobody_is_refused_once_all_is_well(
    app: Flask, other: sqlite3.Connection
) -> None:
    def send(number: int) -> int:
        said = {"MessageSid": f"SM{number}", "From": "+15550002222", "To": "+15550001111", "Body": "ping"}
        return Twilio(app.test_client()).post("/sms_url", said).status_code

    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(16) as threads, Stopwatch() as watch:
        assert set(threads.map(send, range(160))) == {503}
    assert watch.seconds < 5 * patience.PATIENCE  # ten turns of sixteen, were each to wait its time
    other.execute("ROLLBACK")
    assert {send(number) for number in range(100, 110)} == {200}
    assert len(kept(app)) == 10


def test_what_fails_fast_is_tried_again_at_once(app: Flask) -> None:
    with app.app_context():
        change_nothing()
        database.write(lambda connection: connection.execute(text("ALTER TABLE messages RENAME TO away")))
        for _ in range(3):
            with pytest.raises(LedgerUnavailable):
                change_nothing()
        database.write(lambda connection: connection.execute(text("ALTER TABLE away RENAME TO messages")))
        change_nothing()


def test_a_row_that_waited_too_long_is_withdrawn_and_not_written_later(app: Flask) -> None:
    """The disk takes its time with the first row; the next two wait behind it, give up, and are not acknowledged."""
    busy, go_on = Event(), Event()

    def hang(*_: object) -> None:
        if not busy.is_set():
            busy.set()
            assert go_on.wait(30)

    def try_to_receive(sid: str) -> bool:
        with app.app_context():
            try:
                receive(sid)
            except LedgerUnavailable:
                return False
            return True

    with ThreadPoolExecutor(3) as threads:
        event.listen(app.extensions["engine"], "checkout", hang)
        first = threads.submit(try_to_receive, "SM1")
        assert busy.wait(30)
        assert list(threads.map(try_to_receive, ["SM2", "SM3"])) == [False, False]
        go_on.set()
        assert first.result(30)
    assert kept(app) == ["SM1"]
    assert try_to_receive("SM4")
    assert kept(app) == ["SM4", "SM1"]


def test_threads_that_give_up_at_any_moment_leave_nobody_behind(
    app: Flask, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.004)

    def try_to_receive(number: int) -> str | None:
        with app.app_context():
            try:
                receive(f"SM{number}")
            except LedgerUnavailable:
                return None
            return f"SM{number}"

    with ThreadPoolExecutor(16) as threads:
        results = threads.map(try_to_receive, range(600))
        for _ in range(40):
            other.execute("BEGIN IMMEDIATE")
            other.execute("COMMIT")
        acknowledged = {sid for sid in results if sid}
    monkeypatch.setattr(patience, "PATIENCE", 5)
    with app.app_context():
        receive("SM600")
    rows = kept(app)
    assert acknowledged | {"SM600"} <= set(rows)
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_postgresql_that_says_nothing_is_given_up_and_connected_to_anew(app: Flask) -> None:
    with app.app_context():
        backend = database.write(lambda connection: connection.scalar(text("SELECT pg_backend_pid()")))
        os.kill(backend, signal.SIGSTOP)
        try:
            with Stopwatch() as watch:
                receive_soon("SM1")
            assert watch.seconds < 10 * patience.PATIENCE
        finally:
            os.kill(backend, signal.SIGCONT)
    assert kept(app) == ["SM1"]


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_postgresql_transaction_that_waits_for_another_gives_up(app: Flask) -> None:
    writer: Callable[..., Any] = app.extensions["engine"].begin
    with writer() as connection, app.app_context():
        connection.execute(text("LOCK TABLE messages"))
        with Stopwatch() as watch, pytest.raises(LedgerUnavailable):
            receive("SM1")
    assert watch.seconds < 10 * patience.PATIENCE
    with app.app_context():
        receive_soon("SM2")
    assert kept(app) == ["SM2"]
