"""The simulator under load, on one core of its own, at speed 1: how late its webhooks are, and the memory it takes."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.settings import ROOT
from bench.callers import Application, Outcome, call_in

CALLS, WEBHOOKS = 500, 10
LATE = 0.25  # seconds, the target
MEMORY = 300.0  # MB, the target
LINE = "+15550001111"
SHAPES = {"within one second": 1.0, "at the same moment": 0.0}


@dataclass(frozen=True)
class Usage:
    """What a process has used so far: seconds of CPU, seconds that it waited for its core, and at most so many MB."""

    busy: float
    waited: float
    memory: float


def measure() -> int:
    """Returns the exit status: 1 where a target is missed."""
    cores = sorted(os.sched_getaffinity(0))
    print(f"{CALLS} calls of {WEBHOOKS} webhooks each, speed 1: the simulator on core {cores[0]}, the rest on {cores[-1]}.\n")
    os.sched_setaffinity(0, {cores[-1]})
    missed = [asyncio.run(_call_at_once(name, spread, cores[0])) for name, spread in SHAPES.items()]
    os.sched_setaffinity(0, cores)
    return int(any(missed))


async def _call_at_once(name: str, spread: float, core: int) -> bool:
    application = Application(WEBHOOKS)
    server = await application.serve()
    with _simulator(server.sockets[0].getsockname()[1], core) as (pid, port):
        before = _usage(pid)
        await call_in(port, application, CALLS, spread, LINE)
        after = _usage(pid)
    server.close()
    outcome = application.outcome
    micros = (after.busy - before.busy) / (CALLS * WEBHOOKS) * 1e6
    print(f"{CALLS} phones call {name}:")
    _show("webhook late by", outcome.late)
    _show("first webhook after the call", outcome.first)
    _show("call accepted after", outcome.accepted)
    print(f"  {outcome.ended} ended, {outcome.refused} refused; memory at most {after.memory:.0f} MB, {before.memory:.0f} at first")
    print(
        f"  CPU {micros:.0f} µs a webhook, calls and callbacks included; {after.waited - before.waited:.2f} s others had its core\n"
    )
    return _misses(outcome, after.memory)


def _misses(outcome: Outcome, memory: float) -> bool:
    complete = len(outcome.late) == CALLS * (WEBHOOKS - 1) and not outcome.refused
    return not complete or max(outcome.late) > LATE or memory > MEMORY


def _show(name: str, times: list[float]) -> None:
    ranked = sorted(times)
    shares = (ranked[len(ranked) // 2], ranked[len(ranked) * 99 // 100], ranked[-1])
    print("  {:30} p50 {:6.1f} ms   p99 {:6.1f} ms   max {:6.1f} ms".format(name, *(1000 * share for share in shares)))


@contextmanager
def _simulator(application: int, core: int) -> Iterator[tuple[int, int]]:
    """Run the simulator on a core until the `with` ends; yields its process ID and its port."""
    environ = os.environ | {"SIMULATOR_AUTH_TOKEN": "key-of-the-bench", "PYTHONUNBUFFERED": "1"}
    url = f"http://127.0.0.1:{application}"
    command = [
        *(sys.executable, "-m", "simulator", "--port", "0", "--account-sid", "AC" + "1" * 32),
        *("--number", LINE, "--voice-url", f"{url}/voice", "--status-url", f"{url}/status"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {core})  # before it has threads, which inherit it
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        port = int(process.stdout.readline().rpartition(":")[2])
        time.sleep(0.5)  # whatever it still does after its first line is not measured
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _usage(pid: int) -> Usage:
    folder = Path(f"/proc/{pid}")
    busy, waited = (folder / "schedstat").read_text().split()[:2]  # nanoseconds
    peak = (folder / "status").read_text().partition("VmHWM:")[2].split()[0]  # kB
    return Usage(int(busy) / 1e9, int(waited) / 1e9, int(peak) / 1024)
