"""What it costs to check, record and answer a message, beside plainer programs on the same core in the same run.

    python -m bench              requests/s, latency and ratios; about a minute
    python -m bench durability   ten thousand messages while workers are killed: exit status 1 if one is lost
    python -m bench endurance [COUNT] [--database sqlite|postgresql] [--seed N]
                                 calls and texts while everything fails: exit status 1 if one is lost, doubled or wrong
    python -m bench flow         microseconds to answer at each step of flows/office.toml: exit status 1 if a limit is missed
    python -m bench fuzz [COUNT] [--seed N]  hostile requests to two workers, 100,000 of them: exit status 1 if there is a breach
    python -m bench simulator    five hundred calls at once, ten thousand in virtual time: exit status 1 if a target is missed

All four programs run under this project's gunicorn.conf.py with one worker on one core; the load comes from another core over
the loopback. They take turns in short rounds, so that noise hits all alike; a figure is the median of its rounds.
"""

import os
import platform
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from timeit import repeat

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from app.signature import Parameters, is_signed
from bench import endurance, flow, fuzz, leftovers, simulator
from bench.durability import endure
from bench.load import TOKEN, send, signed_messages
from bench.server import Server, serving
from simulator.web.signature import sign

OURS = "ours"
PROGRAMS = {
    "(a) bare Flask": "bench.bare:app",
    "(b) as in Twilio's docs": "bench.docs:app",
    "(c) Flask-SQLAlchemy": "bench.flask_sqlalchemy_app:app",
    OURS: "wsgi:app",
}
TARGETS = {"(a) bare Flask": 0.5, "(b) as in Twilio's docs": 1.0, "(c) Flask-SQLAlchemy": 2.5}
ROUNDS = 5
ROUND = 1000  # messages
WARM_UP = 300  # messages
DURABLE = 10_000  # messages
DURABLE_LIMIT = 300.0  # seconds


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    if arguments[:1] == ["endurance"]:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        return endurance.main(arguments[1:])
    fuzzed = re.fullmatch(r"fuzz(?: ([0-9]+))?(?: --seed ([0-9]+))?", " ".join(arguments))
    if not fuzzed and arguments not in ([], ["durability"], ["flow"], ["simulator"]):
        print(__doc__)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers end, too
    if fuzzed:
        return fuzz.measure(int(fuzzed[1] or fuzz.COUNT), int(fuzzed[2]) if fuzzed[2] else None)
    if arguments == ["flow"]:
        return flow.measure()
    if arguments == ["simulator"]:
        return max([simulator.measure(), leftovers.measure()])
    with TemporaryDirectory() as folder:
        return durability(Path(folder)) if arguments else throughput(Path(folder))


def throughput(folder: Path) -> int:
    cores = sorted(os.sched_getaffinity(0))
    print(f"Python {platform.python_version()}, {len(cores)} cores: servers on {cores[0]}, load on {cores[-1]}.")
    print(f"{ROUNDS} rounds of {ROUND} messages each, 16 connections.\n")
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(program, folder / str(number), core=cores[0]))
            for number, (name, program) in enumerate(PROGRAMS.items())
        }
        os.sched_setaffinity(0, {cores[-1]})
        for server in servers.values():
            send(server.port, signed_messages(server.port, WARM_UP))
        order = list(servers)
        rounds: dict[str, list[Round]] = defaultdict(list)
        for _ in range(ROUNDS):
            Random().shuffle(order)
            for name in order:
                rounds[name].append(Round(servers[name]))
    print(f"{'':24} {'requests/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs':>8} {'failed':>7}")
    for name in PROGRAMS:
        of = rounds[name]
        figures = (median(each.rate for each in of), median(each.p50 for each in of), median(each.p99 for each in of))
        print(
            "{:24} {:10.0f} {:8.1f} {:8.1f}".format(name, *figures),
            f"{median(each.cpu for each in of):8.0f} {sum(each.failed for each in of):7}",
        )
    print()
    for name, target in TARGETS.items():
        pairs = zip(rounds[OURS], rounds[name], strict=True)
        ratio = median(ours.rate / theirs.rate for ours, theirs in pairs)
        print(f"ours / {name:24} {ratio:5.2f}  {'' if ratio >= target else 'below '}the target: {target}")
    print()
    print("(c) keeps SQLite's defaults: a rollback journal, synchronous FULL, flushed for every message by itself.")
    print("Ours: WAL, synchronous FULL; messages that wait at the same time share one flush. Each answers after its flush.")
    print(f"A flush of 4 kB in that folder: {_micros(_flush(folder / 'flushed'), 20):.0f} µs.")
    print("Signature check: library's validate {:.0f} µs, ours {:.0f} µs.".format(*_checks()))
    return 1 if any(each.failed for each in rounds[OURS]) else 0


class Round:
    """One load on one server: requests a second, latencies in ms, CPU of the worker in µs a message, answers other than 200."""

    def __init__(self, server: Server) -> None:
        messages = signed_messages(server.port, ROUND)
        used = server.cpu_time()
        outcome = send(server.port, messages)
        self.cpu = (server.cpu_time() - used) / ROUND * 1e6
        latencies = sorted(outcome.latencies)
        self.rate = ROUND / outcome.duration
        self.p50 = latencies[ROUND // 2] * 1000
        self.p99 = latencies[ROUND * 99 // 100] * 1000
        self.failed = outcome.refused.total()


def durability(folder: Path) -> int:
    seed = time.time_ns()
    print(f"{DURABLE} messages to two workers that are killed at random (seed {seed}).")
    verdict = endure(DURABLE, folder / "durability", seed, DURABLE_LIMIT)
    outcome, lost = verdict.outcome, verdict.lost()
    print(f"{len(outcome.accepted)} got a 200, {outcome.refused.total()} another answer, in {outcome.duration:.1f} s.")
    print(f"{verdict.kills} workers killed, {outcome.broken} connections broken and their messages sent again.")
    print(f"Rows in the ledger: {verdict.rows.total()}. Accepted and not there exactly once: {len(lost)}.")
    print(f"PRAGMA integrity_check: {verdict.integrity}.")
    return 1 if lost or verdict.integrity != "ok" else 0


def _checks() -> tuple[float, float]:
    """Microseconds to check the signature of a form of 20 parameters: the library's validate, ours."""
    url = "https://phone.example.com/sms_url"
    form = {f"Parameter{number}": "a value of some length" for number in range(20)}
    signature = sign(TOKEN, url, form.items())
    validator, theirs = RequestValidator(TOKEN), MultiDict(form)
    ours = Parameters({name: [value] for name, value in form.items()})
    return (
        _micros(lambda: validator.validate(url, theirs, signature)),
        _micros(lambda: is_signed(url, ours, signature, (TOKEN,))),
    )


def _flush(path: Path) -> Callable[[], object]:
    def flush() -> None:
        with path.open("wb", buffering=0) as file:
            file.write(bytes(4096))
            os.fsync(file.fileno())

    return flush


def _micros(do: Callable[[], object], number: int = 1000) -> float:
    return min(repeat(do, number=number)) / number * 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
