"""Messages under load while workers are killed: is every one that got a 200 in the ledger, exactly once?

A worker is killed by SIGKILL, at random, in the midst of whatever it does; the sender repeats a message whose connection broke.
"""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event, Thread

from bench.load import Outcome, send, signed_messages
from bench.server import serving

PAUSE = (0.3, 2.0)  # seconds between two kills, at least and at most; a new worker takes about one to start
WORKERS = 2


@dataclass
class Verdict:
    """What was sent, how many workers died, and what the database said after that."""

    outcome: Outcome
    kills: int
    rows: Counter[str]  # by SID
    integrity: str

    def lost(self) -> set[str]:
        """SIDs of messages that got a 200 and are not in the ledger exactly once."""
        return {sid for sid in self.outcome.accepted if self.rows[sid] != 1}


def endure(count: int, folder: Path, seed: int, limit: float) -> Verdict:
    """Send `count` messages to two workers that are killed time and again. Raises TimeoutError after `limit` seconds."""
    with serving("wsgi:app", folder, WORKERS) as server:
        messages = signed_messages(server.port, count)
        with Killer(server.workers, Random(seed)) as killer:
            outcome = send(server.port, messages, retry=True, limit=limit)
    with closing(sqlite3.connect(server.database)) as database:
        rows = Counter(sid for (sid,) in database.execute("SELECT sid FROM messages"))
        integrity = str(database.execute("PRAGMA integrity_check").fetchone()[0])
    return Verdict(outcome, killer.kills, rows, integrity)


class Killer:
    """A thread that kills one or more processes again and again, until the `with` ends; only where it `may`, when it looks."""

    def __init__(
        self,
        pids: Callable[[], list[int]],
        random: Random,
        pause: tuple[float, float] = PAUSE,
        may: Callable[[], bool] = lambda: True,
    ) -> None:
        self.kills = 0
        self._pids = pids
        self._random = random
        self._pause = pause
        self._may = may
        self._over = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._random.uniform(*self._pause)):
            pids = self._pids() if self._may() else []
            for pid in self._random.sample(pids, self._random.randint(min(1, len(pids)), len(pids))):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.kills += 1
