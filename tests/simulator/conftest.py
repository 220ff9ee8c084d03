"""What the simulator's tests share: an application to call, and a simulator on virtual time that calls it."""

import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from parties import ANNE, BERT
from twilio.rest import Client
from twilio_rest import ACCOUNT, KEY, LINE, PHONE, TEST_ACCOUNT, TEST_KEY, VERIFIED, Rest

from simulator.driver import Handset, Simulator


@dataclass
class Seen:
    """A request as it arrived: `params` are those of the body, or of the query for GET."""

    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def pairs(self) -> list[tuple[str, str]]:
        text = self.body if self.method == "POST" else urlsplit(self.target).query
        return parse_qsl(text, keep_blank_values=True)

    @property
    def params(self) -> dict[str, str]:
        return dict(self.pairs)


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """A web application that answers as it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path: str, body: str | bytes = "", status: int = 200, kind: str | None = "text/xml", **headers: str) -> None:
        """Answer a path so from now on; told more than once, each answer serves once and the last one stays."""
        content = body.encode() if isinstance(body, str) else body
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers[path].append(Answer(content, status, given | ({"Content-Type": kind} if kind else {})))

    def at(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _next(self, path: str) -> Answer:
        answers = self._answers.get(path)
        if not answers:
            return Answer(b"<Response/>", 200, {"Content-Type": "text/xml"})
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _handler(site) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                site.seen.append(Seen(self.command, self.path, dict(self.headers.items()), body))
                answer = site._next(urlsplit(self.path).path)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = serve

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


SETTINGS = {
    "caller_ids": (VERIFIED,),
    "test_account_sid": TEST_ACCOUNT,
    "test_auth_token": TEST_KEY,
}


@pytest.fixture(scope="session")
def quiet_sim() -> Iterator[Simulator]:
    """A simulator for what is refused: as nothing comes of that, all such tests share it."""
    with Simulator(ACCOUNT, KEY, [LINE], **SETTINGS) as simulator:
        yield simulator


@pytest.fixture
def sim(site: Site) -> Iterator[Simulator]:
    """A simulator whose number asks the site's /voice, /sms and /status."""
    with Simulator(
        ACCOUNT,
        KEY,
        [LINE],
        voice_url=f"{site.url}/voice",
        sms_url=f"{site.url}/sms",
        status_url=f"{site.url}/number-status",
        **SETTINGS,
    ) as simulator:
        yield simulator


@pytest.fixture
def phone(sim: Simulator) -> Handset:
    return sim.phone(PHONE)


@pytest.fixture
def anne(sim: Simulator) -> Handset:
    return sim.phone(ANNE)


@pytest.fixture
def bert(sim: Simulator) -> Handset:
    return sim.phone(BERT)


@pytest.fixture
def client(sim: Simulator) -> Iterator[Client]:
    client = Client(ACCOUNT, KEY)
    client.api.base_url = sim.url
    yield client
    client.http_client.session.close()


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """A client for plain HTTP, without the certificates that take long to read."""
    with httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False) as client:
        yield client


@pytest.fixture
def rest(sim: Simulator, http: httpx.Client) -> Rest:
    return Rest(http, sim.url)


@pytest.fixture
def magic_rest(sim: Simulator, http: httpx.Client) -> Rest:
    return Rest(http, sim.url, TEST_ACCOUNT, TEST_KEY)


@pytest.fixture
def quiet_rest(quiet_sim: Simulator, http: httpx.Client) -> Rest:
    return Rest(http, quiet_sim.url)
