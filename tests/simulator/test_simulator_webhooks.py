"""The requests that the simulator makes: signed, limited, repeated, redirected and recorded as Twilio does."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from simulator.driver import Handset, Simulator
from simulator.web import overrides, webhooks

LINE, PHONE, ACCOUNT = "+15550001111", "+15550002222", "AC" + "1" * 32
SORRY = "We are sorry. An application error has occurred. Goodbye."
HELLO = "<Response><Say>Hello</Say></Response>"
ALL_EVENTS = ["initiated", "ringing", "answered", "completed"]
VALIDATOR = RequestValidator("key-of-the-tests")


def call_in(sim: Simulator, phone: Handset) -> list[dict[str, Any]]:
    sid = phone.call(LINE)
    sim.advance(60)
    return [entry for entry in sim.requests(sid) if entry["kind"] == "voice"]


@contextmanager
def raw_server(answer: bytes | None) -> Iterator[str]:
    """A server that says something whatever it hears, or nothing at all until the client gives up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    if answer is not None:
                        connection.sendall(answer)
                        connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/voice"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def dead_url() -> str:
    """An address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}/voice"


# Names, order and encoding as captured from Twilio: the captures' sources are named in simulator/parameters.py.
CAPTURED = {
    "incoming call": (
        "AccountSid ApiVersion CallSid CallStatus CallToken Called CalledCity CalledCountry CalledState "
        "CalledZip Caller CallerCity CallerCountry CallerState CallerZip Direction From FromCity FromCountry "
        "FromState FromZip To ToCity ToCountry ToState ToZip"
    ),
    "answered call": (
        "Called ToState CallerCountry Direction CallerState ToZip CallSid To CallerZip ToCountry ApiVersion "
        "CalledZip CalledCity CallStatus From AccountSid CalledCountry CallerCity Caller FromCountry ToCity "
        "FromCity CalledState FromZip FromState"
    ),
    "busy call": (
        "Called ToState CallerCountry Direction Timestamp CallbackSource SipResponseCode CallerState ToZip "
        "SequenceNumber CallSid To CallerZip ToCountry CalledZip ApiVersion CalledCity CallStatus Duration "
        "From CallDuration AccountSid CalledCountry CallerCity ToCity FromCountry Caller FromCity CalledState "
        "FromZip FromState"
    ),
    "incoming text": (
        "ToCountry ToState SmsMessageSid NumMedia ToCity FromZip SmsSid FromState SmsStatus FromCity Body "
        "FromCountry To ToZip NumSegments ReferralNumMedia MessageSid AccountSid From ApiVersion"
    ),
    "sent text": "MessageStatus ApiVersion SmsSid SmsStatus To From MessageSid AccountSid",
    "delivered text": "ApiVersion MessageStatus RawDlrDoneDate SmsSid SmsStatus To From MessageSid AccountSid",
}


def names(seen: Any) -> str:
    return " ".join(name for name, _ in seen.pairs)


def test_parameters_are_those_that_twilio_sends(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    phone.call(LINE)
    sim.advance(60)
    client.calls.create(to=PHONE, from_=LINE, url=f"{site.url}/out")
    sim.advance(60)
    phone.on_ring("busy")
    client.calls.create(to=PHONE, from_=LINE, twiml=HELLO, status_callback=f"{site.url}/busy")
    sim.advance(60)
    phone.text(LINE, "a b+c あ")
    client.messages.create(to=PHONE, from_=LINE, body="x", status_callback=f"{site.url}/text")
    sim.advance(5)
    assert names(site.at("/voice")[0]) == CAPTURED["incoming call"]
    assert names(site.at("/out")[0]) == CAPTURED["answered call"]
    assert names(site.at("/busy")[0]) == CAPTURED["busy call"]
    assert names(site.at("/sms")[0]) == CAPTURED["incoming text"]
    texts = site.at("/text")
    assert [seen.params["MessageStatus"] for seen in texts] == ["sending", "sent", "delivered"]
    assert [names(seen) for seen in texts[1:]] == [CAPTURED["sent text"], CAPTURED["delivered text"]]
    assert "Body=a+b%2Bc+%E3%81%82&" in site.at("/sms")[0].body
    assert "%20%2B0000&CallbackSource" in site.at("/busy")[0].body
    assert site.at("/voice")[0].params["FromCountry"] == "US"


def test_every_request_is_signed_and_looks_like_twilios(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    sim.point(voice_url=f"{site.url}/voice?x=%2F&y=a+b#rc=3")
    site.answer("/voice", '<Response><Redirect method="GET">/next?z=1</Redirect></Response>')
    site.answer("/next", HELLO)
    phone.call(LINE)
    phone.text(LINE, "añb & c")
    sim.advance(60)
    assert {seen.path for seen in site.seen} == {"/voice", "/next", "/sms", "/number-status"}
    for seen in site.seen:
        params = seen.params if seen.method == "POST" else {}
        assert VALIDATOR.validate(site.url + seen.target, params, seen.headers["X-Twilio-Signature"]), seen.target
        assert (seen.headers["User-Agent"], seen.headers["Accept"]) == ("TwilioProxy/1.1", "*/*")
        assert len(seen.headers["I-Twilio-Idempotency-Token"]) == 32
    (first,) = site.at("/voice")
    assert first.target == "/voice?x=%2F&y=a+b"
    assert first.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
    (second,) = site.at("/next")
    assert second.target.startswith("/next?z=1&AccountSid=")
    assert "Content-Type" not in second.headers


def test_the_record_shows_what_was_sent_and_what_came_back(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", HELLO)
    (entry,) = call_in(sim, phone)
    assert (entry["method"], entry["url"], entry["status"], entry["body"]) == ("POST", f"{site.url}/voice", 200, HELLO)
    assert ["CallStatus", "ringing"] in entry["params"]
    assert entry["signature"] == site.at("/voice")[0].headers["X-Twilio-Signature"]
    assert (entry["fallback"], entry["retry"], entry["error_code"]) == (False, False, None)
    assert ["content-type", "text/xml"] in [[name.lower(), value] for name, value in entry["response_headers"]]


@pytest.mark.parametrize("status", [404, 405, 500, 503])
def test_a_bad_status_asks_the_fallback(status: int, sim: Simulator, site: Any, phone: Handset) -> None:
    sim.point(voice_fallback_url=f"{site.url}/fallback")
    site.answer("/voice", HELLO, status=status)
    site.answer("/fallback", "<Response><Say>Saved</Say></Response>")
    first, second = call_in(sim, phone)
    assert (first["error_code"], first["fallback"], second["fallback"]) == (11200, False, True)
    (asked,) = site.at("/fallback")
    assert (asked.params["ErrorCode"], asked.params["ErrorUrl"]) == ("11200", f"{site.url}/voice")
    assert asked.params["CallSid"] == first["sid"]
    assert phone.said == ["Saved"]


def test_a_document_that_cannot_be_read_asks_the_fallback_too(sim: Simulator, site: Any, phone: Handset) -> None:
    sim.point(voice_fallback_url=f"{site.url}/fallback")
    site.answer("/voice", "torn")
    site.answer("/fallback", status=500)
    call_in(sim, phone)
    assert site.at("/fallback")[0].params["ErrorCode"] == "12100"
    assert phone.transcript[-1]["text"] == SORRY


def test_no_connection_is_tried_once_more(sim: Simulator, site: Any, phone: Handset, dead_url: str) -> None:
    sim.point(voice_url=dead_url, voice_fallback_url=f"{site.url}/fallback")
    first, again, saved = call_in(sim, phone)
    assert [entry["error_code"] for entry in (first, again, saved)] == [11205, 11205, None]
    assert [entry["retry"] for entry in (first, again, saved)] == [False, True, False]
    assert site.at("/fallback")[0].params["ErrorCode"] == "11205"


def test_an_answer_that_is_too_late_is_not_asked_for_again() -> None:
    with raw_server(None) as url, Simulator(ACCOUNT, "key", [LINE], voice_url=url, webhook_seconds=0.2) as sim:
        phone = sim.phone(PHONE)
        (entry,) = call_in(sim, phone)
        transcript = phone.transcript
    assert (entry["error_code"], entry["status"]) == (11205, None)
    assert entry["seconds"] >= 0.19  # the event loop counts in milliseconds
    assert transcript[-1]["text"] == SORRY


def test_twilios_limits() -> None:
    usual = overrides.Overrides()
    assert (usual.connect, usual.read, usual.total) == (5, 15, 15)
    assert (usual.retries, usual.policies) == (1, {"ct"})
    assert (webhooks.MAX_BODY, webhooks.MAX_REDIRECTS) == (65536, 10)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"220 mail.example ESMTP\r\n", 11206),
        (b"", 11206),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntoo short", 11206),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", 11206),
    ],
)
def test_what_is_no_http(answer: bytes, code: int, sim: Simulator, phone: Handset) -> None:
    with raw_server(answer) as url:
        sim.point(voice_url=url)
        assert [entry["error_code"] for entry in call_in(sim, phone)] == [code]


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://no-such-host.invalid/voice", 11210), ("http://127.0.0.1:99999/", 11100), ("gopher://a.example/", 11100)],
)
def test_addresses_that_lead_nowhere(url: str, code: int, sim: Simulator, phone: Handset) -> None:
    sim.point(voice_url=url)
    assert {entry["error_code"] for entry in call_in(sim, phone)} == {code}


def test_tls_that_fails(sim: Simulator, phone: Handset, site: Any) -> None:
    sim.point(voice_url=site.url.replace("http:", "https:") + "/voice")
    assert {entry["error_code"] for entry in call_in(sim, phone)} == {11220}


def test_certificate_problems_have_codes_of_their_own() -> None:
    problem = ssl.SSLCertVerificationError()
    problem.verify_code, problem.verify_message = 10, "certificate has expired"
    assert webhooks.diagnose(problem)[0] == 11236
    problem.verify_code = 62
    assert webhooks.diagnose(problem)[0] == 11235
    problem.verify_code = 18
    assert webhooks.diagnose(problem)[0] == 11237


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_http_redirects_are_followed(status: int, method: str, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", status=status, Location="/real")
    site.answer("/real", HELLO)
    call_in(sim, phone)
    (seen,) = site.at("/real")
    assert seen.method == method
    assert ("CallSid" in seen.params) is (method == "POST")
    params = seen.params if method == "POST" else {}
    assert VALIDATOR.validate(f"{site.url}/real", params, seen.headers["X-Twilio-Signature"])
    assert phone.said == ["Hello"]


def test_endless_http_redirects_end(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", status=302, Location="/voice")
    asked = call_in(sim, phone)
    assert len(asked) == 11
    assert asked[-1]["error_code"] == 11215


def test_a_password_in_the_url_is_given_when_asked_for(sim: Simulator, site: Any, phone: Handset) -> None:
    url = site.url.replace("//", "//user:pw@") + "/voice"
    sim.point(voice_url=url)
    site.answer("/voice", status=401, WWW_Authenticate='Basic realm="x"')
    site.answer("/voice", HELLO)
    call_in(sim, phone)
    first, second = site.at("/voice")
    assert "Authorization" not in first.headers
    assert second.headers["Authorization"] == "Basic dXNlcjpwdw=="
    assert VALIDATOR.validate(url, second.params, second.headers["X-Twilio-Signature"])
    assert phone.said == ["Hello"]


def test_cookies_come_back_within_a_call_and_not_in_the_next(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "<Response><Redirect>/n</Redirect></Response>", Set_Cookie="a=1")
    call_in(sim, phone)
    call_in(sim, phone)
    assert [seen.headers.get("Cookie") for seen in site.at("/n")] == ["a=1", "a=1"]
    assert [seen.headers.get("Cookie") for seen in site.at("/voice")] == [None, None]


def outcomes(site: Any, path: str = "/st") -> list[tuple[str, str]]:
    return [(seen.params["CallStatus"], seen.params["SequenceNumber"]) for seen in site.at(path)]


@pytest.mark.parametrize(
    ("habit", "expected"),
    [
        ("answer", [("initiated", "0"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")]),
        ("busy", [("initiated", "0"), ("ringing", "1"), ("busy", "2")]),
        ("no-answer", [("initiated", "0"), ("ringing", "1"), ("no-answer", "2")]),
    ],
)
def test_status_callbacks(
    habit: Any, expected: list[tuple[str, str]], sim: Simulator, site: Any, phone: Handset, client: Client
) -> None:
    phone.on_ring(habit)
    client.calls.create(
        to=PHONE, from_=LINE, url=f"{site.url}/out", status_callback=f"{site.url}/st", status_callback_event=ALL_EVENTS
    )
    sim.advance(100)
    assert outcomes(site) == expected
    assert len(site.at("/out")) == (habit == "answer")
    last = site.at("/st")[-1].params
    assert (last["CallDuration"], last["Duration"], last.get("SipResponseCode")) == (
        "0",
        "0",
        "486" if habit == "busy" else None,
    )


def test_only_completed_is_reported_unless_more_is_asked_for(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    twiml = '<Response><Pause length="49"/></Response>'
    client.calls.create(to=PHONE, from_=LINE, twiml=twiml, status_callback=f"{site.url}/st")
    sim.advance(100)
    assert outcomes(site) == [("completed", "3")]
    (seen,) = site.at("/st")
    assert (seen.params["CallDuration"], seen.params["Duration"]) == ("49", "1")
    assert seen.params["CallbackSource"] == "call-progress-events"


def test_a_number_that_cannot_be_reached_fails(sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    phone.on_ring("failed")
    call = client.calls.create(to=PHONE, from_=LINE, url=f"{site.url}/out", status_callback=f"{site.url}/st")
    sim.advance(100)
    assert outcomes(site) == [("failed", "1")]
    assert site.at("/st")[0].params["SipResponseCode"] == "404"
    assert site.at("/out") == []
    assert client.calls(call.sid).fetch().status == "failed"


def test_status_callbacks_by_get(sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    callback = f"{site.url}/st?attempt=7"
    client.calls.create(to=PHONE, from_=LINE, twiml=HELLO, status_callback=callback, status_callback_method="GET")
    sim.advance(100)
    (seen,) = site.at("/st")
    assert seen.method == "GET"
    assert dict(parse_qsl(seen.target.partition("?")[2]))["attempt"] == "7"


def test_what_a_callback_answers_has_no_effect(sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    site.answer("/st", HELLO, status=500)
    call = client.calls.create(
        to=PHONE, from_=LINE, twiml=HELLO, status_callback=f"{site.url}/st", status_callback_event=["answered"]
    )
    sim.advance(100)
    assert client.calls(call.sid).fetch().status == "completed"
    (entry,) = [entry for entry in sim.requests(call.sid) if entry["kind"] == "call-status"]
    assert [(alert["code"], alert["level"]) for alert in entry["alerts"]] == [(11200, "error"), (15003, "warning")]


def test_the_numbers_own_callback_reports_only_the_end(sim: Simulator, site: Any, phone: Handset) -> None:
    call_in(sim, phone)
    (seen,) = site.at("/number-status")
    assert (seen.params["CallStatus"], seen.params["Direction"]) == ("completed", "inbound")
