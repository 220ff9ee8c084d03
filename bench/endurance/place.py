"""Where it happens: the simulator and the job process, and between application and Twilio a door that closes at times."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from app.settings import ROOT
from bench.load import ACCOUNT, TOKEN
from bench.server import Server

LINE, SHOP, KIOSK, ANNA = "+15550001111", "+15550003333", "+15550004444", "+15555000001"  # as in flow.toml
FLOW = Path(__file__).with_name("flow.toml")
OPEN, CLOSED = (2.0, 8.0), (0.2, 1.0)  # seconds, at least and at most
OVER = {
    "Calls": {"completed", "busy", "no-answer", "failed", "canceled"},
    "Messages": {"delivered", "undelivered", "failed", "canceled", "received"},
}
PAGE = 1000
Resource = dict[str, Any]


class Phones:
    """The simulator, asked as testers ask it, and as Twilio's REST API."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, content: str = "", kind: str = "application/json") -> Any:
        """Ask for a JSON document. Raises RuntimeError for an answer that is none."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        credentials = b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        try:
            connection.request(method, path, content, {"Content-Type": kind, "Authorization": f"Basic {credentials}"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"The simulator answered {answer.status}: {body[:200]!r}")
        return json.loads(body) if body else None

    def point_at(self, port: int) -> None:
        """Let the account's numbers ask the application on a port."""
        paths = {
            "VoiceUrl": "/voice_url",
            "VoiceFallbackUrl": "/voice_fallback_url",
            "SmsUrl": "/sms_url",
            "SmsFallbackUrl": "/sms_fallback_url",
            "StatusCallback": "/status/call",
        }
        form = urlencode({name: f"http://127.0.0.1:{port}{path}" for name, path in paths.items()})
        for number in self.listed("IncomingPhoneNumbers", "incoming_phone_numbers"):
            self.ask("POST", f"{_account('IncomingPhoneNumbers')}/{number['sid']}.json", form, "application/x-www-form-urlencoded")

    def fault(self, target: str, kind: str, details: dict[str, Any]) -> None:
        self.ask("POST", "/faults", json.dumps({"target": target, "kind": kind} | details))

    def forget_faults(self) -> dict[str, int]:
        """How often each fault has happened; none will any more."""
        happened: dict[str, int] = {}
        for fault in self.ask("GET", "/faults")["faults"]:
            name = f"{fault['target']} {fault['kind']}"
            happened[name] = happened.get(name, 0) + fault["happened"]
        self.ask("DELETE", "/faults")
        return happened

    def calls(self) -> list[Resource]:
        return self.listed("Calls", "calls")

    def messages(self) -> list[Resource]:
        return self.listed("Messages", "messages")

    def all_over(self) -> bool:
        """Whether every call and text has ended."""
        return all(each["status"] in OVER["Calls"] for each in self.calls()) and all(
            each["status"] in OVER["Messages"] for each in self.messages()
        )

    def listed(self, path: str, name: str) -> list[Resource]:
        """Every resource of a kind."""
        found, page = [], f"{_account(path)}.json?PageSize={PAGE}"
        while page:
            document = self.ask("GET", page)
            found += document[name]
            page = document["next_page_uri"]
        return found


def _account(path: str) -> str:
    return f"/2010-04-01/Accounts/{ACCOUNT}/{path}"


@contextmanager
def simulator(folder: Path, keep: int, speed: float) -> Iterator[Phones]:
    """Run the simulator at a speed, which forgets nothing of so many calls and texts, until the `with` ends."""
    folder.mkdir()
    environ = os.environ | {"SIMULATOR_AUTH_TOKEN": TOKEN, "PYTHONUNBUFFERED": "1"}
    command = [
        *(
            sys.executable,
            "-m",
            "simulator",
            "--port",
            "0",
            "--account-sid",
            ACCOUNT,
            "--number",
            LINE,
            "--number",
            SHOP,
            "--number",
            KIOSK,
        ),
        *("--speed", str(speed), "--calls-per-second", "1000", "--keep", str(4 * keep), "--keep-requests", "50000"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        yield Phones(int(process.stdout.readline().rpartition(":")[2]))
    finally:
        process.terminate()
        process.communicate()


class Jobs:
    """The job process, started again whenever it ends, until the `with` ends."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._log = folder / "jobs-log"
        self._process: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Jobs":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        if self._process:
            self._process.terminate()
        self._thread.join()

    def pids(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def _run(self) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "jobs"]
        with self._log.open("ab") as log:
            while not self._over.is_set():
                self._process = subprocess.Popen(command, cwd=ROOT, env=dict(self._server.environ), stdout=log, stderr=log)
                self._process.wait()
                self._over.wait(0.2)


class Gate:
    """A port before the simulator's: while it `fails`, nobody listens there at times, and what is under way breaks off."""

    def __init__(self, port: int, random: Random) -> None:
        self.fails = False
        self.closings = 0
        self.url = ""
        self._to = port
        self._random = random
        self._open: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()))
        self._over = asyncio.Event()

    def __enter__(self) -> "Gate":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        port = 0
        while not self._over.is_set():
            server = await self._loop.create_server(lambda: _Passing(self._to, self._open), "127.0.0.1", port)
            port = server.sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            self._ready.set()
            await self._wait(OPEN)
            while not self.fails and not self._over.is_set():
                await self._wait(CLOSED)
            server.close()
            for transport in tuple(self._open):
                transport.abort()
            if not self._over.is_set():
                self.closings += 1
                await self._wait(CLOSED)

    async def _wait(self, least_and_most: tuple[float, float]) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._random.uniform(*least_and_most))


class _Passing(asyncio.Protocol):
    """One end of a connection, which passes on to the other what it gets."""

    def __init__(self, to: int, known: set[asyncio.Transport], other: "_Passing | None" = None) -> None:
        self._to = to
        self._known = known
        self._other = other
        self._transport: asyncio.Transport | None = None
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream's transport is
        self._transport = transport
        if self._other is None:
            self._known.add(transport)
            self._connecting = asyncio.ensure_future(self._connect())
        else:
            self._other.pass_on()

    async def _connect(self) -> None:
        other = self._other = _Passing(self._to, self._known, self)
        with suppress(OSError):
            await asyncio.get_running_loop().create_connection(lambda: other, "127.0.0.1", self._to)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        self.pass_on()

    def pass_on(self) -> None:
        """Write what waits to the other end, once it is there."""
        if self._other is not None and self._other._transport is not None and self._waiting:
            self._other._transport.write(self._waiting)
            self._waiting = b""

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None:
            self._known.discard(self._transport)
        if self._other is not None and self._other._transport is not None:
            self._other._transport.close()
