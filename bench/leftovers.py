"""Ten thousand calls in virtual time: how long they take, and what they leave behind in a simulator that goes on."""

import asyncio
import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.callers import Application
from simulator.clock import VirtualClock
from simulator.driver import Simulator

CALLS, BATCH, WEBHOOKS = 10_000, 500, 2
LINE = "+15550001111"


def measure() -> int:
    """Returns the exit status: 1 where something is left."""
    print(f"{CALLS} calls of {WEBHOOKS} webhooks and a status callback each, {BATCH} at once, in virtual time:")
    application = Application(WEBHOOKS)
    with _serving(application) as url, _simulator(url) as sim:
        _call_all(sim, BATCH, 0)  # so that everything is loaded
        before = _state(sim)
        started = time.perf_counter()
        for number in range(BATCH, BATCH + CALLS, BATCH):
            _call_all(sim, BATCH, number)
            if number * 4 % CALLS == BATCH * 4 % CALLS:
                print(f"  {number:6} calls: {_memory():.0f} MB")
        seconds = time.perf_counter() - started
        after = _state(sim)
        remembered = len(sim.exchange.telephony.calls)
    print(
        f"  {seconds:.1f} s, {seconds / CALLS * 1000:.1f} ms a call; {application.outcome.ended} ended; {remembered} are remembered"
    )
    print("  left behind: " + ", ".join(f"{after[name] - before[name]} {name}" for name in before) + "\n")
    return int(after != before or application.outcome.ended != CALLS + BATCH)


def _simulator(url: str) -> Simulator:
    return Simulator("AC" + "1" * 32, "key-of-the-bench", [LINE], voice_url=f"{url}/voice", status_url=f"{url}/status")


def _call_all(sim: Simulator, calls: int, first: int) -> None:
    for number in range(first, first + calls):
        sim.phone(f"+1555{number + 1_000_000:07}").call(LINE)
    sim.advance(30)


def _state(sim: Simulator) -> dict[str, int]:
    """Count what must not grow."""
    gc.collect()
    clock = sim.exchange.clock
    assert isinstance(clock, VirtualClock)  # noqa: S101 - the driver's usual one
    return {
        "tasks": clock.tasks,
        "tasks at work": clock.active,
        "timers": clock.timers,
        "open files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
    }


def _memory() -> float:
    """What this process, with the application in it, holds now, in MB."""
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def _serving(application: Application) -> Iterator[str]:
    """Serve the application from a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(application.serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
