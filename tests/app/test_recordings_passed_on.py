"""The sound of a recording on its way, when what answers is not Twilio, or not in its right mind."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask
from town import LINE
from visitors import SETTINGS, Script

from app.errors import TwilioAnswerLost
from app.ledger import recordings

ACCOUNT, TOKEN = SETTINGS["twilio_account_sid"], SETTINGS["twilio_auth_token"]


class Far:
    """A server on loopback that answers a GET as the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None]
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                far.asked.append((self.path, dict(self.headers)))
                far.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def far() -> Iterator[Callable[[], Far]]:
    servers: list[Far] = []

    def make() -> Far:
        servers.append(Far())
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def near(make_app: Callable[..., Flask], far: Callable[[], Far]) -> Iterator[tuple[Far, Script, str]]:
    """What stands where Twilio would be, a script that has signed in, and the address of a recording that is kept."""
    server = far()
    app = make_app(twilio_api_url=server.url)
    sid = "RE" + "5" * 32
    with app.app_context():
        recordings.keep(sid, call_sid="CA1", step="start", from_number="+15550002222", to_number=LINE, duration=5)
    yield server, Script(app.test_client()), f"/recordings/{sid}/audio"
    app.extensions["twilio_service"].close()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in ({"Content_Length": str(len(body))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def test_a_redirect_to_another_host_gets_the_range_but_not_the_credentials(
    near: tuple[Far, Script, str], far: Callable[[], Far]
) -> None:
    twilio, script, path = near
    store = far()
    twilio.answer = lambda handler: send(handler, 302, b"", Location=f"{store.url}/file.mp3?signed")
    store.answer = lambda handler: send(handler, 206, b"sound", Content_Range="bytes 0-4/9", Content_Type="text/html")
    heard = script.get(path, range="bytes=0-4")
    assert (heard.status_code, heard.data, heard.headers["Content-Range"]) == (206, b"sound", "bytes 0-4/9")
    assert heard.mimetype == "audio/mpeg"  # whatever it says: no page of somebody else's is shown as one of ours
    assert (
        twilio.asked[0][0]
        == f"/2010-04-01/Accounts/{ACCOUNT}{path.replace('/recordings', '/Recordings').removesuffix('/audio')}.mp3"
    )
    assert "Authorization" in twilio.asked[0][1]
    ((_, headers),) = store.asked
    assert "Authorization" not in headers
    assert headers["Range"] == "bytes=0-4"


def test_redirects_without_end_are_an_error(near: tuple[Far, Script, str]) -> None:
    twilio, script, path = near
    twilio.answer = lambda handler: send(handler, 302, b"", Location=f"{twilio.url}/again")
    assert script.get(path).status_code == 503


def test_where_twilio_knows_no_ranges_all_of_it_is_passed_on(near: tuple[Far, Script, str]) -> None:
    twilio, script, path = near
    twilio.answer = lambda handler: send(handler, 200, b"the whole sound")
    heard = script.get(path, range="bytes=0-4")
    assert (heard.status_code, heard.data) == (200, b"the whole sound")
    assert "Accept-Ranges" not in heard.headers


@pytest.mark.parametrize(
    ("status", "answered"), [(401, 502), (403, 502), (404, 404), (429, 502), (500, 503), (302, 503), (204, 503)]
)
def test_what_is_no_sound_is_an_error(near: tuple[Far, Script, str], status: int, answered: int) -> None:
    twilio, script, path = near
    twilio.answer = lambda handler: send(handler, status, b"" if status == 204 else b"<b>no</b>")
    failed = script.get(path)
    assert (failed.status_code, sorted(failed.json["error"])) == (answered, ["code", "message"])


def test_a_listener_who_goes_away_ends_the_transfer(near: tuple[Far, Script, str]) -> None:
    twilio, script, path = near
    ended = threading.Event()

    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**9))
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"\0" * 65536)
        except OSError:
            ended.set()

    twilio.answer = pour
    heard = script.client.get(path, headers=script.headers)
    assert len(next(iter(heard.response))) == 16384
    heard.close()
    assert ended.wait(10)
    assert script.client.head(path, headers=script.headers).headers["Content-Length"] == str(10**9)  # none of it is fetched


def test_a_transfer_that_breaks_off_is_not_passed_on_as_whole(
    near: tuple[Far, Script, str], caplog: pytest.LogCaptureFixture
) -> None:
    twilio, script, path = near
    twilio.answer = lambda handler: send(handler, 200, b"half", Content_Length="8", Connection="close")
    with pytest.raises(TwilioAnswerLost):  # at which a server ends the connection
        script.get(path)
    assert "broke off" in caplog.text
    assert TOKEN not in caplog.text
