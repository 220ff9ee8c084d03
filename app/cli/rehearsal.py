"""A call to a flow from the terminal: the application and a simulator of its own, both on this machine and gone afterwards."""

import logging
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from werkzeug.serving import make_server

from app.cli.handset import Handset
from app.flow import Flow
from app.settings import ROOT, Settings

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_LIMIT = 10  # seconds that the simulator may take to end
WEBHOOKS = {
    "voice_url": "voice_url",
    "voice_fallback_url": "voice_fallback_url",
    "sms_url": "sms_url",
    "sms_fallback_url": "sms_fallback_url",
    "status_url": "status/call",
}
MISSING = "The simulator's packages are not installed: pip install -r requirements-simulator.txt"
HELP = "Keys are pressed, `say words` is spoken, `hangup` hangs up.\n"


class CannotCall(Exception):
    """Why no call can be made from here; a sentence for people."""


def rehearse(
    path: Path, flow: Flow, caller: str, line: str, *, at: datetime | None = None, others: str = "answer", speed: float = 1.0
) -> None:
    """Call `line` from `caller`, print what happens, do what standard input says; ends with the call. Raises CannotCall."""
    lines = {line, *flow.file.numbers}
    if caller in lines:
        raise CannotCall(f"{caller} is a number of the flow and cannot call it: give another one with --from.")
    logging.disable(logging.INFO)  # what happens is told by the phone
    for end in ENDS:
        signal.signal(end, _interrupt)
    # The folder goes last: until the simulator has ended, it tells how the call went, and that is written there.
    with tempfile.TemporaryDirectory(prefix="switchboard") as folder, ExitStack() as stack:
        served: list[Flask] = []
        url = stack.enter_context(_serving(lambda *request: served[0](*request)))
        account = {"account_sid": "AC" + secrets.token_hex(16), "auth_token": secrets.token_hex(16)}
        webhooks = {name: f"{url}/{path}" for name, path in WEBHOOKS.items()}
        simulator = stack.enter_context(_simulator(account | webhooks | {"number": ",".join(lines), "speed": str(speed)}))
        numbers = {"from_number": line, "to_number": caller}
        served.append(_application(path, Path(folder), account | numbers, url, simulator))
        served[0].extensions["now"] = _clock(at, flow.file_for(line).time_zone, speed, served[0].extensions["now"])
        stack.callback(served[0].extensions["twilio_service"].close)
        stack.callback(served[0].extensions["engine"].dispose)
        people = {number for part in flow.files.values() for numbers in part.people.values() for number in numbers}
        files = {name: file.path.name for name, file in flow.published.items()}
        phone = Handset(simulator, caller, files, linger=max(0.3, 2 / speed))
        for number in people - lines - {caller}:
            phone.post({"on_ring": others}, number=number)
        sys.stdout.write(f"Calling {line} from {caller}. {HELP}")
        phone.talk(line)


def _application(path: Path, folder: Path, account: dict[str, str], url: str, simulator: str) -> Flask:
    from app import create_app  # which knows this command

    app = create_app(
        Settings.model_validate(
            {f"twilio_{name}": value for name, value in account.items()}
            | {
                "twilio_api_url": simulator,
                "public_base_url": url,
                "secret_key": secrets.token_hex(16),
                "operator_password": secrets.token_hex(16),
                "database_url": f"sqlite:///{folder}/call.db",
                "flow_file": str(path.absolute()),
            }
        )
    )
    with app.app_context():
        app.extensions["alembic"].upgrade()
    return app


def _clock(at: datetime | None, zone: str, speed: float, now: Callable[[], datetime]) -> Callable[[], datetime]:
    if at is None:
        return now
    begin, since = at.replace(tzinfo=ZoneInfo(zone)), time.monotonic()
    return lambda: begin + timedelta(seconds=(time.monotonic() - since) * speed)


@contextmanager
def _serving(app: Callable[..., Any]) -> Iterator[str]:
    """The application behind HTTP on a free port of this machine."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _simulator(environ: dict[str, str]) -> Iterator[str]:
    """A simulator of its own, as another process, on a port that it finds; it never outlives this."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "--port", "0"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("SIMULATOR_")}
            | {f"SIMULATOR_{name.upper()}": value for name, value in environ.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            process_group=0,  # Ctrl-C reaches us alone, and we end it
        )
        try:
            first = process.stdout.readline() if process.stdout else ""
            if "http://" not in first:
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip()
                raise CannotCall(MISSING if "No module named" in said else f"The simulator did not start: {said[-500:]}")
            yield first.split()[-1]
        finally:
            for end in ENDS:
                signal.signal(end, signal.SIG_IGN)  # a second Ctrl-C must not leave it behind
            process.terminate()
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
