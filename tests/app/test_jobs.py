"""What is done again and again beside the requests: when it is due, once, whatever goes wrong."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import select, text
from visitors import BOTH_DATABASES, SETTINGS, Browser

from app import database, jobs
from app.errors import LedgerUnavailable
from app.jobs import Job
from app.models import Job as Row

pytestmark = BOTH_DATABASES

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """A time that tests set."""

    def __init__(self, *apps: Flask) -> None:
        self.time = datetime(2026, 11, 23, 12, tzinfo=UTC)
        for app in apps:
            app.extensions["now"] = lambda: self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def look(app: Flask, *periodic: Job) -> None:
    """Look once at what is due, as the process does again and again."""
    stop = Event()
    jobs.run_until(stop, app, [*periodic, Job("stop", 0, lambda: stop.set() or "")])


def outcomes(app: Flask) -> dict[str, str | None]:
    with app.app_context(), database.read() as session:
        return {job.name: job.outcome for job in session.scalars(select(Row)) if job.name != "stop"}


def test_a_job_is_done_when_it_is_due_and_not_before(app: Flask) -> None:
    clock, done = Clock(app), []
    job = Job("count", 60, lambda: done.append(clock.time) or "counted")
    for seconds in (0, 59, 1, 30, 30):
        clock.advance(seconds)
        look(app, job)
    assert [(time - done[0]).total_seconds() for time in done] == [0, 60, 120]
    assert outcomes(app) == {"count": "counted"}


def test_a_clock_that_was_wrong_does_not_put_a_job_off_for_long(app: Flask) -> None:
    clock, done = Clock(app), []
    job = Job("count", 60, lambda: done.append(clock.time) or "")
    clock.advance(365 * 86400)
    look(app, job)
    clock.advance(-365 * 86400)
    look(app, job)
    assert len(done) == 2


def test_the_start_page_says_that_no_process_does_the_jobs_and_how_to_start_one(app: Flask) -> None:
    clock, browser = Clock(app), Browser(app.test_client())
    browser.sign_in()

    def is_warned() -> bool:
        page = browser.get("/").text
        said = ["No job has ended in the last ten minutes" in page, "flask --app wsgi jobs" in page, "make run" in page]
        assert len({*said}) == 1
        return said[0]

    assert is_warned()  # there never was one
    look(app, Job("count", 60, lambda: ""))
    assert not is_warned()
    clock.advance(599)
    assert not is_warned()
    clock.advance(2)
    assert is_warned()
    look(app, Job("count", 60, lambda: 1 / 0))  # type: ignore[arg-type, return-value]
    assert not is_warned()  # one that fails is in the log
    clock.advance(-86400)
    assert is_warned()  # what a clock wrote that was ahead says nothing


def test_many_processes_do_a_job_once(make_app: Callable[..., Flask]) -> None:
    apps = [make_app() for _ in range(3)]
    Clock(*apps)
    done: list[int] = []

    def process(number: int) -> None:
        look(apps[number % 3], Job("count", 60, lambda: done.append(number) or ""))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(process, range(12)))
    assert len(done) == 1


def test_what_goes_wrong_in_one_job_keeps_no_other_from_being_done(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def unavailable() -> str:
        raise LedgerUnavailable("gone")

    done: list[int] = []
    broken = [Job("a", 60, lambda: str(1 / 0)), Job("b", 60, unavailable)]
    look(app, *broken, Job("c", 60, lambda: done.append(1) or "did it"))
    assert done == [1]
    assert outcomes(app) == {"a": "failed", "b": "ledger_unavailable", "c": "did it"}
    assert "ZeroDivisionError" in caplog.text


def test_a_database_that_is_gone_is_waited_for(app: Flask) -> None:
    done: list[int] = []
    job = Job("count", 60, lambda: done.append(1) or "")

    def rename(old: str, new: str) -> None:
        with app.app_context():
            database.write(lambda connection: connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}")))

    rename("jobs", "away")
    looks: list[int] = []

    class Looks(Event):
        """Comes back at once, and with it the database."""

        def wait(self, timeout: float | None = None) -> bool:
            looks.append(len(done))
            if len(looks) == 1:
                rename("away", "jobs")
            else:
                self.set()
            return True

    stop = Looks()
    jobs.run_until(stop, app, [job])
    assert looks == [0, 1]


def test_only_a_run_that_did_something_is_logged(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    look(app, Job("idle", 60, lambda: ""), Job("busy", 60, lambda: "settled 2"))
    assert [record.getMessage() for record in caplog.records if record.name == "app.jobs"] == ["job=busy settled 2"]


def test_the_process_ends_when_it_is_told_to(database_url: str, database: str) -> None:
    end = signal.SIGINT if database == "sqlite" else signal.SIGTERM
    environ = {name.upper(): str(value) for name, value in SETTINGS.items()} | {
        "DATABASE_URL": database_url,
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "jobs"]
    assert subprocess.run([*command, "--once"], cwd=ROOT, env=environ, timeout=60).returncode == 0
    with subprocess.Popen(command, cwd=ROOT, env=environ, process_group=0, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("looking for what is due" in line for line in process.stderr)
        process.send_signal(end)
        assert process.wait(30) == 0
