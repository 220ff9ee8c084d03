"""The door to Twilio, when what answers there is not Twilio, or not in its right mind."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask
from sqlalchemy import text
from visitors import Script

from app import database, ledger
from app.models import Call

ACCEPTED = b'{"sid": "CA1", "status": "queued"}'


class Door:
    """A server on loopback that answers everything with `status` and `body`, and then does what `after` says."""

    def __init__(self) -> None:
        self.status, self.body = 201, ACCEPTED
        self.after: Callable[[], object] = lambda: None
        self.asked = 0
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                door.asked += 1
                door.after()
                self.send_response(door.status)
                self.send_header("Content-Length", str(len(door.body)))
                self.end_headers()
                self.wfile.write(door.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.server.shutdown()
    door.thread.join()
    door.server.server_close()


@pytest.fixture
def app(make_app: Callable[..., Flask], door: Door) -> Iterator[Flask]:
    app = make_app(twilio_api_url=door.url)
    yield app
    app.extensions["twilio_service"].close()


def calls(app: Flask) -> list[tuple[str | None, str]]:
    with app.app_context():
        return [(call.sid, call.status) for call in ledger.latest(Call, 9)]


@pytest.mark.parametrize("body", [b"<html>proxy</html>", b"[]", b"{}", b"null", b"", b'"x"'])
def test_a_success_that_is_not_twilios_leaves_the_call_unknown(app: Flask, door: Door, script: Script, body: bytes) -> None:
    door.body = body
    placed = script.post("/make_call")
    assert (placed.status_code, placed.json["sid"], placed.json["status"]) == (202, None, "unknown")
    assert calls(app) == [(None, "unknown")]
    assert door.asked == 1


@pytest.mark.parametrize(
    ("status", "answered", "state"),
    [(400, 502, "failed"), (401, 502, "failed"), (429, 502, "failed"), (500, 202, "unknown"), (503, 202, "unknown")],
)
def test_a_refusal_ends_the_call_and_a_fault_of_twilios_leaves_it_unknown(
    app: Flask, door: Door, script: Script, status: int, answered: int, state: str
) -> None:
    door.status, door.body = status, b'{"code": 20001, "message": "no", "status": 400}'
    assert script.post("/make_call").status_code == answered
    assert calls(app) == [(None, state)]
    assert door.asked == 1


def test_a_call_that_twilio_took_is_never_answered_with_try_again(app: Flask, door: Door, script: Script) -> None:
    def lose_the_ledger() -> None:
        with app.app_context():
            database.write(lambda connection: connection.execute(text(forbid)))

    forbid = "CREATE TRIGGER no BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'disk on fire'); END"
    door.after = lose_the_ledger
    placed = script.post("/make_call")
    assert (placed.status_code, placed.json["sid"]) == (202, None)
    assert calls(app) == [(None, "requested")]
    with app.app_context():
        database.write(lambda connection: connection.execute(text("DROP TRIGGER no")))
        attempt = ledger.latest(Call, 1)[0].attempt
        ledger.advance(Call, "ringing", attempt=attempt, sid="CA1")
    assert calls(app) == [("CA1", "ringing")]
