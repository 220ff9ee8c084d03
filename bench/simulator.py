"""The simulator under load, on one core of its own: how late webhooks are, and what calls leave behind.

Real time: 500 phones call, each call has ten webhooks, one a second. Virtual time: 10,000 calls, one batch after the other.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.settings import ROOT
from bench.callers import Application, Outcome, call_in

CALLS, WEBHOOKS = 500, 10
LATE = 0.25  # seconds, the target
MEMORY = 300.0  # MB, the target
LINE = "+15550001111"
SHAPES = {"within one second": 1.0, "at the same moment": 0.0}


def measure() -> int:
    """Returns the exit status: 1 where a target is missed."""
    cores = sorted(os.sched_getaffinity(0))
    print(f"The simulator on core {cores[0]}; application and phones on {cores[-1]}.")
    print(f"{CALLS} calls of {WEBHOOKS} webhooks each, speed 1.\n")
    os.sched_setaffinity(0, {cores[-1]})
    missed = [asyncio.run(_calls_at_once(name, spread, cores[0])) for name, spread in SHAPES.items()]
    return int(any(missed))


async def _calls_at_once(name: str, spread: float, core: int) -> bool:
    application = Application(WEBHOOKS)
    server = await application.serve()
    with _simulator(server.sockets[0].getsockname()[1], core) as (process, port):
        before, busy, waited = _memory(process.pid), _cpu(process.pid), _waited(process.pid)
        await call_in(port, application, CALLS, spread, LINE)
        busy, waited = _cpu(process.pid) - busy, _waited(process.pid) - waited
        memory = _memory(process.pid)
    server.close()
    outcome = application.outcome
    print(f"All {CALLS} phones call {name}:")
    _show("late by", outcome.late)
    _show("first webhook after the call", outcome.first)
    _show("call accepted after", outcome.accepted)
    print(f"  ended: {outcome.ended}, refused: {outcome.refused}")
    print(f"  memory at most {memory:.0f} MB ({before:.0f} before); CPU {busy / (CALLS * WEBHOOKS) * 1e6:.0f} µs a webhook, all in")
    print(f"  waited {waited:.2f} s for its core, which others used: part of what is late is theirs\n")
    return _misses(outcome, memory)


def _misses(outcome: Outcome, memory: float) -> bool:
    complete = len(outcome.late) == CALLS * (WEBHOOKS - 1) and not outcome.refused
    return not complete or max(outcome.late) > LATE or memory > MEMORY


def _show(name: str, times: list[float]) -> None:
    ranked = sorted(times)
    shares = (ranked[len(ranked) // 2], ranked[len(ranked) * 99 // 100], ranked[-1])
    print("  {:30} p50 {:6.1f} ms   p99 {:6.1f} ms   max {:6.1f} ms".format(name, *(1000 * share for share in shares)))


@contextmanager
def _simulator(application: int, core: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    environ = os.environ | {"SIMULATOR_AUTH_TOKEN": "key-of-the-bench", "PYTHONUNBUFFERED": "1"}
    url = f"http://127.0.0.1:{application}"
    command = [
        *("taskset", "-c", str(core), sys.executable, "-m", "simulator", "--port", "0", "--account-sid", "AC" + "1" * 32),
        *("--number", LINE, "--voice-url", f"{url}/voice", "--status-url", f"{url}/status"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        port = int(process.stdout.readline().rpartition(":")[2])
        time.sleep(0.5)  # whatever it still does after its first line is not measured
        yield process, port
    finally:
        process.terminate()
        process.wait()


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _waited(pid: int) -> float:
    """Seconds that a process could have run and was not let: the kernel's count, which is in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def _memory(pid: int) -> float:
    """The most memory that a process has ever held, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(measure())
