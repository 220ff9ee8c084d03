"""What the end-to-end tests share: the whole system, started and ended as a user does it, and the people who use it."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from dotenv import dotenv_values
from flask import Flask, request
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from twilio.rest import Client

from bench import leaks
from simulator.driver import Simulator
from simulator.site import Site

T = TypeVar("T")

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
QUIET = [
    "--no-sandbox",  # which needs more rights than a container gives; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = (".git", ".venv", ".env", "instance", "node_modules", "__pycache__", "*_cache", ".hypothesis", ".coverage")
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR")  # no setting of the developer's own
WIDE = {
    "DESTINATION_LIMITS": "1000/60",
    "HOURLY_LIMIT": "100000",
    "DAILY_LIMIT": "100000",
    "DAILY_BUDGET": "100000",
}  # one system for many
BRISK = {"SIMULATOR_SPEED": "3"}  # so that nobody waits long for a phone to ring
# For pictures: the addresses that the README names, and so slow that a call lasts while its picture is taken.
PICTURED = {"PORT": "5000", "SIMULATOR_PORT": "5050", "SIMULATOR_SPEED": "0.2"}
PICTURED |= {"HOURLY_LIMIT": "100", "DAILY_LIMIT": "500", "DAILY_BUDGET": "20"}  # as they are by themselves
PATIENCE_OF_BROWSERS = 30_000  # milliseconds
PATIENCE = 45.0  # seconds; far longer than anything takes, for a machine that is busy


@dataclass(frozen=True)
class System:
    """A running Switchboard with its simulator: addresses, account, and what it wrote to the terminal."""

    url: str
    simulator: str
    account: str
    token: str
    password: str
    line: str
    default_phone: str
    output: Path
    trust: ssl.SSLContext | None  # whose certificates its address has, if it is one with https


def wait_until(ask: Callable[[], T], holds: Callable[[T], object] = bool, within: float = PATIENCE) -> T:
    """Ask until the answer is as wanted, and return it; fails with the last answer when the time is over."""
    deadline = time.monotonic() + within
    while not holds(answer := ask()):
        assert time.monotonic() < deadline, f"after {within} seconds it still is {answer!r}"
        time.sleep(0.1)  # another process has no way to tell when it is so far
    return answer


@pytest.fixture(scope="session")
def eventually() -> Callable[..., object]:
    return wait_until


def install_with_npm(sources: Path, directory: Path) -> subprocess.CompletedProcess[str]:
    """Copy a folder with a package-lock.json and install what that pins; skips where there is no Node."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node or npm is not on this machine: apt-get install nodejs npm")
    shutil.copytree(sources, directory, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True)


@pytest.fixture(scope="session")
def npm_install() -> Callable[[Path, Path], subprocess.CompletedProcess[str]]:
    return install_with_npm


def free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="session")
def ports() -> Callable[[int], list[int]]:
    return free_ports


@contextmanager
def running(directory: Path, **settings: str) -> Iterator[System]:
    """The whole system in a copy of the project without its `.env`; `settings` go into its environment."""
    project, output = directory / "project", directory / "output.txt"
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*NOT_COPIED))
    port, simulator_port = free_ports(2)
    environ = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    environ |= {"PORT": str(port), "SIMULATOR_PORT": str(simulator_port)} | WIDE | settings
    with output.open("wb") as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "dev.run"],
            cwd=project,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a process group of its own, as a terminal gives it
        )
    try:
        wait_until(lambda: process.poll() is not None or "Ctrl-C stops it" in output.read_text())
        assert process.poll() is None, output.read_text()
        env = dotenv_values(project / ".env")
        yield System(
            url=settings.get("PUBLIC_BASE_URL", f"http://127.0.0.1:{environ['PORT']}"),
            simulator=f"http://127.0.0.1:{environ['SIMULATOR_PORT']}",
            account=env["TWILIO_ACCOUNT_SID"] or "",
            token=env["TWILIO_AUTH_TOKEN"] or "",
            password=env["OPERATOR_PASSWORD"] or "",
            line=env["TWILIO_FROM_NUMBER"] or "",
            default_phone=env["TWILIO_TO_NUMBER"] or "",
            output=output,
            trust=ssl.create_default_context(cafile=environ["SSL_CERT_FILE"]) if "SSL_CERT_FILE" in environ else None,
        )
    finally:
        press_ctrl_c(process, output)
    logs_hold_nothing_private(project, output)


def logs_hold_nothing_private(project: Path, output: Path) -> None:
    """What the application wrote in its log holds no secret, no phone number and none of the texts that it dealt with."""
    env = dotenv_values(project / ".env")
    private = {env[name] or "" for name in ("TWILIO_AUTH_TOKEN", "SECRET_KEY", "OPERATOR_PASSWORD")}
    for database in (project / "instance").glob("*.db"):
        private |= leaks.texts_in(create_engine(f"sqlite:///{database}", poolclass=NullPool))
    lines = [line for line in output.read_text().splitlines() if line.startswith("{")]
    assert [line for line in lines if json.loads(line)["logger"] == "gunicorn.error"]
    assert leaks.find("\n".join(lines), private) == []


def press_ctrl_c(process: subprocess.Popen[bytes], output: Path) -> None:
    """End it as a terminal does, the signal going to the whole process group; it must take every process with it."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    left = family
    try:
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0, output.read_text()
        _, left = psutil.wait_procs(family, timeout=5)
        assert left == [], output.read_text()
    finally:
        for orphan in left:
            orphan.kill()
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[System]]:
    """Runs a system of one's own, with settings of one's own: `with start(NAME=value) as system`."""
    return lambda **settings: running(tmp_path_factory.mktemp("switchboard"), **settings)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system as `make run` starts it; the tests share it, each with a phone number of its own."""
    with running(tmp_path_factory.mktemp("switchboard"), **(PICTURED if os.environ.get("PICTURES") else BRISK)) as system:
        yield system


numbers = count(1)


@pytest.fixture
def number() -> str:
    """A number that nobody has called yet: the same one is not called twice within seconds."""
    return f"+1555010{next(numbers):04}"


def web_client(verify: ssl.SSLContext | None = None, **settings: Any) -> httpx.Client:
    """Plain HTTP without a proxy; with `verify`, HTTPS."""
    nothing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without certificates, which take long to read
    return httpx.Client(verify=verify or nothing, trust_env=False, timeout=PATIENCE, **settings)


@pytest.fixture(scope="session")
def web() -> Iterator[httpx.Client]:
    """Anybody with curl."""
    with web_client() as client:
        yield client


@pytest.fixture
def operator(system: System) -> Iterator[httpx.Client]:
    """The operator with curl: the password in each request, JSON in each answer."""
    who, takes = ("operator", system.password), {"Accept": "application/json"}
    with web_client(system.trust, base_url=system.url, auth=who, headers=takes) as client:
        yield client


@pytest.fixture
def twilio(system: System) -> Iterator[Client]:
    """Twilio's own client, pointed at the simulator."""
    client = Client(system.account, system.token)
    client.api.base_url = system.simulator
    client.http_client.session.trust_env = False
    yield client
    client.http_client.session.close()


class Phone:
    """A telephone of the simulator in the hands of a script."""

    def __init__(self, web: httpx.Client, system: System, number: str) -> None:
        self.number = number
        self._web = web
        self._url = f"{system.simulator}/phones/{number}"

    @property
    def state(self) -> dict[str, Any]:
        return self._web.get(self._url).raise_for_status().json()

    @property
    def said(self) -> list[str]:
        return [line["text"] for line in self.state["transcript"] if line["verb"] == "Say"]

    @property
    def received(self) -> list[str]:
        return [text["body"] for text in self.state["messages"] if text["direction"] == "received"]

    def do(self, action: str, **body: str) -> dict[str, Any]:
        return self._web.post(f"{self._url}/{action}", json=body).raise_for_status().json()


@pytest.fixture
def phone(web: httpx.Client, system: System, number: str) -> Phone:
    return Phone(web, system, number)


@pytest.fixture
def phone_at(web: httpx.Client, system: System) -> Callable[[str], Phone]:
    return partial(Phone, web, system)


@pytest.fixture(scope="module")  # not longer: while it runs, no other test of the process could have an event loop
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not on this machine: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_OF_BROWSERS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def size() -> str:
    return "desktop"


@pytest.fixture
def browse(chromium: Browser, size: str) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a browser without a past; whatever the pages of these addresses complain of in its console fails the test."""
    complaints: list[str] = []
    width, height = SIZES[size]
    contexts: list[BrowserContext] = []

    def open_browser(*own: str, **settings: Any) -> BrowserContext:
        context = chromium.new_context(**{"viewport": {"width": width, "height": height}, "color_scheme": "light"} | settings)
        context.set_default_timeout(PATIENCE_OF_BROWSERS)

        def note(message: ConsoleMessage) -> None:
            ours = message.page is not None and message.page.url.startswith(own)
            refused = "the server responded with a status of 4" in message.text  # which the test itself looks at
            if ours and not refused and (message.type == "error" or "Content Security Policy" in message.text):
                complaints.append(message.text)

        context.on("console", note)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield open_browser
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """Serves an application on a port of its own: `serve(app)` is its address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(Site(app)).url


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Bench:
    """A simulator on virtual time, an application that answers as the test says, and a browser that looks at both."""

    def __init__(self, sim: Simulator, url: str, answers: dict[str, Any], seen: list[Seen], context: BrowserContext) -> None:
        self.sim = sim
        self.url = url
        self.seen = seen
        self.context = context
        self._answers = answers
        self.page = context.new_page()

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.sim.url + path)
        return self.page

    def answer(self, path: str, body: str | bytes, kind: str = "text/xml") -> None:
        self._answers[path] = (body, kind)

    def card(self, number: str) -> Locator:
        return self.page.locator(f'article[data-number="{number}"]')


@pytest.fixture
def bench(serve: Callable[[Flask], str], browse: Callable[..., BrowserContext]) -> Iterator[Bench]:
    app = Flask("application")
    answers: dict[str, Any] = {}
    seen: list[Seen] = []

    @app.route("/<path:path>", methods=["GET", "POST"])
    def answer(path: str) -> tuple[str | bytes, int, dict[str, str]]:
        seen.append(Seen(request.method, request.full_path, dict(request.headers), request.get_data()))
        body, kind = answers.get(f"/{path}", ("<Response/>", "text/xml"))
        return body, 200, {"Content-Type": kind}

    url = serve(app)
    urls = {"voice_url": f"{url}/voice", "sms_url": f"{url}/sms", "status_url": f"{url}/status"}
    with Simulator("AC" + "1" * 32, "key-of-the-tests", ["+15550001111"], **urls) as sim:
        context = browse(sim.url)
        yield Bench(sim, url, answers, seen, context)
        context.close()
