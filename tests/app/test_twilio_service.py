"""The door to Twilio, when what answers there is not Twilio, or not in its right mind."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import text
from visitors import BOTH_DATABASES, SETTINGS, Browser, Script

from app import clock, database, ledger, outbound, reconcile
from app.errors import TwilioRefused
from app.models import Call, Message

ACCEPTED = b'{"sid": "CA1", "status": "queued"}'


class Door:
    """A server on loopback that answers each POST with `status` and `body`, after what `after` does, and each GET with `listed`."""

    def __init__(self) -> None:
        self.status, self.body, self.listed = 201, ACCEPTED, b""
        self.after: Callable[[], object] = lambda: None
        self.asked = 0
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                door.asked += 1
                door.after()
                self.answer(door.status, door.body)

            def do_GET(self) -> None:
                self.answer(200, door.listed)

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

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
    [(400, 502, "failed"), (401, 502, "failed"), (500, 202, "unknown"), (503, 202, "unknown")],
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
    assert (placed.status_code, placed.json["sid"], placed.json["status"]) == (201, "CA1", "queued")
    assert calls(app) == [(None, "requested")]
    with app.app_context():
        database.write(lambda connection: connection.execute(text("DROP TRIGGER no")))
        attempt = ledger.latest(Call, 1)[0].attempt
        ledger.advance(Call, "ringing", attempt=attempt, sid="CA1")
    assert calls(app) == [("CA1", "ringing")]


def pauses(app: Flask, after: Callable[[float], object] = lambda seconds: None) -> list[float]:
    """The pauses before a request is repeated, which nobody waits for; `after` each, something happens."""
    asked: list[float] = []

    def pause(seconds: float) -> None:
        asked.append(seconds)
        after(seconds)

    app.extensions["twilio_service"].pause = pause
    return asked


def test_too_many_requests_are_repeated_until_twilio_takes_one(app: Flask, door: Door, script: Script) -> None:
    door.status, door.body = 429, b'{"code": 20429, "message": "no", "status": 429}'

    def calm(_: float) -> None:
        if len(waited) == 3:
            door.status, door.body = 201, ACCEPTED

    waited = pauses(app, calm)
    placed = script.post("/make_call")
    assert (placed.status_code, placed.json["sid"]) == (201, "CA1")
    assert door.asked == 4
    assert all(longest / 2 <= pause <= longest for pause, longest in zip(waited, (0.5, 1, 2), strict=True))
    assert calls(app) == [("CA1", "queued")]


def test_too_many_requests_for_as_long_as_a_person_waits_is_a_refusal(app: Flask, door: Door, script: Script) -> None:
    door.status, door.body = 429, b'{"code": 20429, "message": "no", "status": 429}'
    waited = pauses(app)
    assert script.post("/make_call").status_code == 502
    assert door.asked == len(waited) + 1 >= 4
    assert 2 < sum(waited) <= 8
    assert calls(app) == [(None, "failed")]


def test_a_twilio_that_is_not_there_yet_is_asked_again(app: Flask, door: Door, script: Script) -> None:
    twilio = app.extensions["twilio_service"]
    twilio._client.api.base_url = "http://127.0.0.1:9"

    def start(_: float) -> None:
        twilio._client.api.base_url = door.url

    assert len(pauses(app, start)) == 0
    assert script.post("/make_call").status_code == 201
    assert door.asked == 1


def test_what_twilio_refuses_for_good_takes_no_time_from_what_is_asked_next(
    app: Flask, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count(step=5)
    monkeypatch.setattr("app.asking.monotonic", lambda: next(seconds))
    door.status, door.body = 400, b'{"code": 21211, "message": "no", "status": 400}'
    with app.app_context():  # of a job, which sends one text after the other
        for number in range(4):
            with pytest.raises(TwilioRefused):
                outbound.send_sms("+15550002222", f"number {number}")
        door.status, door.body = 201, ACCEPTED
        sent, _ = outbound.send_sms("+15550002222", "hi")
    assert (sent.sid, door.asked) == ("CA1", 5)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_twilio_may_have_taken_is_never_sent_twice(app: Flask, door: Door, script: Script, status: int) -> None:
    door.status, door.body = status, b"oops"
    waited = pauses(app)
    assert script.post("/send_sms", {"to": "+15550002222", "body": "hi"}).status_code == 202
    assert (door.asked, waited) == (1, [])


def test_a_lost_answer_that_cannot_be_noted_either_is_no_reason_to_try_again(app: Flask, door: Door, script: Script) -> None:
    def lose_the_ledger() -> None:
        with app.app_context():
            database.write(lambda connection: connection.execute(text("ALTER TABLE calls RENAME TO away")))

    door.after, door.body = lose_the_ledger, b"<html>"
    placed = script.post("/make_call")
    assert (placed.status_code, placed.json["status"]) == (202, "unknown")
    with app.app_context():
        database.write(lambda connection: connection.execute(text("ALTER TABLE away RENAME TO calls")))
    assert calls(app) == [(None, "requested")]


def test_a_database_that_is_gone_when_the_page_is_made_hides_no_call(app: Flask, door: Door, browser: Browser) -> None:
    def lose_the_ledger() -> None:
        with app.app_context():
            database.write(lambda connection: connection.execute(text("ALTER TABLE calls RENAME TO away")))

    browser.sign_in()
    door.after = lose_the_ledger
    page = browser.get("/make_call")
    assert page.status_code == 200
    assert "Calling +15550002222" in page.text
    assert "CA1" in page.text


@pytest.mark.parametrize("body", [b"<html>Forbidden</html>", b'{"message": "no"}', b""])
def test_a_refusal_that_bears_no_code_of_twilios_names_none(app: Flask, door: Door, script: Script, body: bytes) -> None:
    door.status, door.body = 403, body
    refused = script.post("/make_call")
    assert (refused.status_code, refused.json["error"]["message"]) == (502, "Twilio refused this with the HTTP status 403.")
    with app.app_context():
        assert [(call.status, call.error_code) for call in ledger.latest(Call, 9)] == [("failed", None)]


def test_a_text_is_not_said_to_be_never_taken_where_the_list_hides_the_end_of_its_number(
    app: Flask, door: Door, script: Script
) -> None:
    door.status, door.body = 500, b"<html>"
    assert script.post("/send_sms", {"to": "+15550002222", "body": "hello"}).status_code == 202
    taken = {"sid": "SM" + "1" * 32, "status": "delivered", "direction": "outbound-api", "body": "", "to": "+1555000XXXX"}
    taken |= {"from": "+15550001111", "date_created": format_datetime(clock.system())}
    door.listed = json.dumps({"messages": [taken], "next_page_uri": None}).encode()
    app.extensions["now"] = lambda: clock.system() + timedelta(minutes=11)
    with app.app_context():
        (finding,) = reconcile.settle_unknown()
        assert not finding.is_settled
        assert "it hides: it may be this one" in finding.words
        assert "SM111" in Script(app.test_client()).get(f"/messages/{finding.row.attempt}", accept="text/html").text
        door.listed = json.dumps({"messages": [taken | {"to": "+1555999XXXX"}], "next_page_uri": None}).encode()
        (finding,) = reconcile.settle_unknown(again=timedelta(0))
        assert finding.is_settled


def test_a_text_that_stands_in_the_list_as_another_of_ours_is_not_taken_for_this_one(
    app: Flask, door: Door, script: Script
) -> None:
    assert script.post("/send_sms", {"to": "+15550002222", "body": "hello"}).status_code == 201
    with app.app_context():
        (known,) = ledger.latest(Message, 9)
    door.status, door.body = 500, b"<html>"
    assert script.post("/send_sms", {"to": "+15550002222", "body": "hello again"}).status_code == 202
    taken = {"sid": known.sid, "status": "delivered", "direction": "outbound-api", "body": "", "to": "+1555000XXXX"}
    taken |= {"from": "+15550001111", "date_created": format_datetime(clock.system())}
    door.listed = json.dumps({"messages": [taken], "next_page_uri": None}).encode()
    app.extensions["now"] = lambda: clock.system() + timedelta(minutes=11)
    with app.app_context():
        (finding,) = reconcile.settle_unknown()
        assert finding.is_settled


def test_what_may_be_a_text_by_its_words_and_is_hidden_too_is_shown_once(app: Flask, door: Door, script: Script) -> None:
    door.status, door.body = 500, b"<html>"
    for _ in range(2):
        assert script.post("/send_sms", {"to": "+15550002222", "body": "\N{PARTY POPPER}"}).status_code == 202
    taken = {"sid": "SM" + "1" * 32, "status": "delivered", "direction": "outbound-api", "body": "\N{PARTY POPPER}"}
    taken |= {"to": "+15550002222", "from": "+15550001111", "date_created": format_datetime(clock.system())}
    door.listed = json.dumps({"messages": [taken], "next_page_uri": None}).encode()
    app.extensions["now"] = lambda: clock.system() + timedelta(minutes=11)
    with app.app_context():
        finding, _ = reconcile.settle_unknown()
    page = script.get(f"/messages/{finding.row.attempt}", accept="text/html").text
    assert page.count(f'value="{taken["sid"]}"') == 1


def test_a_key_places_one_call_and_sends_one_text(app: Flask, door: Door, script: Script) -> None:
    for path, given in (("/make_call", {}), ("/send_sms", {"to": "+15550002222", "body": "hi"})):
        door.asked = 0
        first = script.post(path, given, idempotency_key="order 7")
        again = script.post(path, given, idempotency_key="order 7")
        assert (first.status_code, again.status_code) == (201, 200)
        assert (again.json, again.location) == (first.json, first.location)
        assert door.asked == 1
        other = script.post(path, given | {"to": "+15550003333"}, idempotency_key="order 7")
        assert (other.status_code, other.json["error"]["code"]) == (422, "idempotency_key_reused")
        assert door.asked == 1
        door.body = b'{"sid": "CA2", "status": "queued"}'
        assert script.post(path, given, idempotency_key="order 8").status_code == 201
        assert door.asked == 2
        door.body = ACCEPTED
    assert script.post("/send_sms", {"to": "+15550002222", "body": "ho"}, idempotency_key="order 7").status_code == 422
    for wrong in (" ", "x" * 256, "\u00e9"):
        assert script.post("/make_call", idempotency_key=wrong).status_code == 400
    assert door.asked == 2


@BOTH_DATABASES
@pytest.mark.parametrize("fault", ["too many requests", "not reached"])
@pytest.mark.parametrize(("path", "given"), [("/make_call", {}), ("/send_sms", {"to": "+15550002222", "body": "hi"})])
def test_a_key_gets_through_later_where_twilio_surely_got_nothing(
    make_app: Callable[..., Flask], app: Flask, door: Door, script: Script, path: str, given: dict[str, str], fault: str
) -> None:
    api = app.extensions["twilio_service"]._client.api
    if fault == "not reached":
        api.base_url = SETTINGS["twilio_api_url"]
    door.status, door.body = 429, b'{"code": 20429, "message": "Too many requests", "status": 429}'
    for _ in range(2):
        assert script.post(path, given, idempotency_key="order 7").status_code == (502 if door.asked else 503)
    assert script.post(path, given | {"to": "+15550003333"}, idempotency_key="order 7").status_code == 422
    door.asked, door.status, door.body, api.base_url = 0, 201, ACCEPTED, door.url
    other = make_app(twilio_api_url=door.url)
    scripts = [Script((app, other)[number % 2].test_client()) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = [*threads.map(lambda script: script.post(path, given, idempotency_key="order 7"), scripts)]
    other.extensions["twilio_service"].close()
    assert sorted({answer.status_code for answer in answers} - {202}) in ([200, 201], [201])
    assert [answer.status_code for answer in answers].count(201) == door.asked == 1
    assert len({answer.location for answer in answers}) == 1
    known = script.get(answers[0].location).json
    assert (known["sid"], [each["status"] for each in known["events"]][-2:]) == ("CA1", ["requested", "queued"])
    assert script.post(path, given, idempotency_key="order 7").status_code == 200
    assert door.asked == 1


def test_a_key_that_twilio_refused_for_its_own_sake_stays_refused(app: Flask, door: Door, script: Script) -> None:
    door.status, door.body = 400, b'{"code": 21211, "message": "no", "status": 400}'
    assert script.post("/make_call", idempotency_key="7").status_code == 502
    door.status, door.body = 201, ACCEPTED
    assert script.post("/make_call", idempotency_key="7").json["status"] == "failed"
    assert door.asked == 1


def test_a_key_whose_answer_was_lost_is_not_used_again(app: Flask, door: Door, script: Script) -> None:
    door.status = 500
    assert [script.post("/make_call", idempotency_key="7").status_code for _ in range(3)] == [202, 202, 202]
    assert door.asked == 1
