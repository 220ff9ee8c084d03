"""Faults: each goes wrong as often as it was asked to, where it was asked to, and everything else goes on."""

import socket
import threading
from base64 import b64encode
from typing import Any

import httpx
import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio_rest import ACCOUNT, KEY

from simulator.driver import Handset, Refused, Simulator

LINE, PHONE = "+15550001111", "+15550002222"
SORRY = "We are sorry. An application error has occurred. Goodbye."
EVENTS = ["initiated", "ringing", "answered", "completed"]


def place(client: Client, site: Any) -> str:
    callback = f"{site.url}/st"
    return str(
        client.calls.create(
            to=PHONE,
            from_=LINE,
            twiml="<Response><Say>x</Say></Response>",
            status_callback=callback,
            status_callback_event=EVENTS,
        ).sid
    )


def raw_answer(sim: Simulator) -> bytes:
    """What a client gets until the connection ends."""
    credentials = b64encode(f"{ACCOUNT}:{KEY}".encode()).decode()
    lines = (
        f"GET /2010-04-01/Accounts/{ACCOUNT}/Calls.json HTTP/1.1",
        f"Authorization: Basic {credentials}",
        "Host: localhost",
        "Connection: close",
    )
    with socket.create_connection(("127.0.0.1", int(sim.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def numbers(site: Any) -> list[str]:
    return [seen.params["SequenceNumber"] for seen in site.at("/st")]


def test_dropped_callbacks_never_arrive(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "drop", match="/st", count=2)
    sid = place(client, site)
    sim.advance(60)
    assert numbers(site) == ["2", "3"]
    assert [entry["fault"] for entry in sim.requests(sid)] == ["drop", "drop", None, None]


def test_a_duplicate_arrives_twice(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "duplicate", match="/st")
    place(client, site)
    sim.advance(60)
    assert numbers(site) == ["0", "0", "1", "2", "3"]


def test_reordered_callbacks_come_after_the_next(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "reorder", match="/st")
    place(client, site)
    sim.advance(60)
    assert numbers(site) == ["1", "0", "2", "3"]


def test_a_late_callback_holds_up_nothing_else(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "delay", match="/st", seconds=30)
    place(client, site)
    sim.advance(29)
    assert numbers(site) == ["1", "2", "3"]
    sim.advance(1)
    assert numbers(site) == ["1", "2", "3", "0"]


def test_a_refused_document_is_tried_at_the_fallback(sim: Simulator, site: Any, phone: Handset) -> None:
    sim.point(voice_fallback_url=f"{site.url}/fallback")
    sim.fault("webhook", "refuse", match="/voice")
    phone.call(LINE)
    sim.advance(10)
    assert site.at("/voice") == []
    assert site.at("/fallback")[0].params["ErrorCode"] == "11205"


@pytest.mark.parametrize(("kind", "code"), [("refuse", 11205), ("tls", 11220), ("dns", 11210)])
def test_some_faults_keep_a_request_from_being_sent(kind: str, code: int, sim: Simulator, site: Any, phone: Handset) -> None:
    sim.fault("webhook", kind, match="/voice")
    sid = phone.call(LINE)
    sim.settle()
    (entry,) = [entry for entry in sim.requests(sid) if entry["kind"] == "voice"]
    assert (entry["error_code"], entry["fault"], entry["status"]) == (code, kind, None)
    assert site.at("/voice") == []
    assert phone.transcript[-1]["text"] == SORRY


@pytest.mark.parametrize(("kind", "arrives"), [("drop", 0), ("timeout", 1)])
def test_a_lost_request_or_answer_takes_fifteen_seconds(kind: str, arrives: int, sim: Simulator, site: Any, phone: Handset) -> None:
    sim.point(voice_fallback_url=f"{site.url}/fallback")
    sim.fault("webhook", kind, match="/voice")
    site.answer("/voice", "<Response><Say>x</Say></Response>")
    sid = phone.call(LINE)
    sim.advance(14.9)
    assert (len(site.at("/voice")), site.at("/fallback")) == (arrives, [])
    sim.advance(0.1)
    assert site.at("/fallback")[0].params["ErrorCode"] == "11205"
    entry = sim.requests(sid)[0]
    assert (entry["error_code"], entry["status"], entry["body"], entry["fault"]) == (11205, None, "", kind)
    assert phone.said == []


def test_a_lost_request_takes_as_long_as_its_url_says(sim: Simulator, site: Any, phone: Handset) -> None:
    sim.point(voice_url=f"{site.url}/voice#tt=3000", voice_fallback_url=f"{site.url}/fallback")
    sim.fault("webhook", "drop", match="/voice")
    phone.call(LINE)
    sim.advance(3)
    assert len(site.at("/fallback")) == 1


def test_a_status_comes_as_if_from_the_application(sim: Simulator, site: Any, phone: Handset) -> None:
    sim.fault("webhook", "status", match="/voice", status=503)
    sid = phone.call(LINE)
    sim.advance(10)
    entry = sim.requests(sid)[0]
    assert (entry["status"], entry["error_code"]) == (503, 11200)
    assert site.at("/voice") == []


def test_a_fault_may_be_for_one_call_only(sim: Simulator, site: Any, client: Client) -> None:
    unharmed, harmed = place(client, site), place(client, site)
    sim.fault("webhook", "refuse", count=9, sid=harmed)
    sim.advance(60)
    assert {entry["fault"] for entry in sim.requests(unharmed)} == {None}
    assert {entry["fault"] for entry in sim.requests(harmed)} == {"refuse"}


def test_a_lost_callback_holds_up_nothing_else(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "drop", match="/st")
    place(client, site)
    sim.advance(10)
    assert numbers(site) == ["1", "2", "3"]


def test_a_reordered_callback_with_no_next_one_is_sent_when_all_is_over(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "reorder", match="/st", count=4)
    place(client, site)
    sim.advance(60)
    assert numbers(site) == ["0", "1", "2", "3"]


def test_a_texts_last_callback_cannot_be_lost_by_reordering(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "reorder", match="/text", count=9)
    client.messages.create(to=PHONE, from_=LINE, body="x", status_callback=f"{site.url}/text")
    sim.advance(60)
    assert [seen.params["MessageStatus"] for seen in site.at("/text")] == ["sending", "sent", "delivered"]


def test_a_late_document_makes_the_caller_wait(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "<Response><Say>x</Say></Response>")
    sim.fault("webhook", "delay", seconds=10)
    phone.call(LINE)
    sim.advance(9)
    assert phone.said == []
    sim.advance(1)
    assert phone.said == ["x"]


def test_rest_refuses_and_did_nothing(sim: Simulator, site: Any, client: Client) -> None:
    for kind, status, code in (("refuse", 429, 20429), ("error", 500, 20500)):
        sim.fault("rest", kind, match="/Calls")
        with pytest.raises(TwilioRestException) as refusal:
            place(client, site)
        assert (refusal.value.status, refusal.value.code) == (status, code)
    assert client.calls.list() == []


@pytest.mark.parametrize(("status", "code"), [(503, 20503), (404, 20404), (499, 20499)])
def test_rest_answers_with_any_status_and_did_nothing(status: int, code: int, sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("rest", "status", match="/Calls", status=status)
    with pytest.raises(TwilioRestException) as refusal:
        place(client, site)
    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert client.calls.list() == []


def test_a_lost_answer_was_carried_out(sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    sim.fault("rest", "lost")
    with pytest.raises(requests.exceptions.ConnectionError):
        place(client, site)
    sim.advance(60)
    assert [call.status for call in client.calls.list()] == ["completed"]
    assert phone.said == ["x"]


def test_a_connection_that_breaks_before_anything_was_done(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("rest", "reset", match="/Calls")
    with pytest.raises(requests.exceptions.ConnectionError):
        place(client, site)
    sim.advance(60)
    assert client.calls.list() == []


@pytest.mark.parametrize("kind", ["head", "half"])
def test_an_answer_that_breaks_off_was_carried_out(kind: str, sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    sim.fault("rest", kind, match="/Calls")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, ValueError)):
        place(client, site)
    sim.advance(60)
    assert [call.status for call in client.calls.list()] == ["completed"]
    assert phone.said == ["x"]


def test_what_comes_of_an_answer_that_breaks_off_is_its_beginning(sim: Simulator) -> None:
    whole = raw_answer(sim)
    _head, _, body = whole.partition(b"\r\n\r\n")
    sim.fault("rest", "half")
    broken_head, end, broken_body = raw_answer(sim).partition(b"\r\n\r\n")
    assert end
    assert f"content-length: {len(body)}".encode() in broken_head.lower()
    assert broken_body == body[: len(body) // 2]
    sim.fault("rest", "head")
    broken = raw_answer(sim)
    assert broken.startswith(b"HTTP/1.1 200 ")
    assert b"\r\n\r\n" not in broken
    assert raw_answer(sim).partition(b"\r\n\r\n")[2] == body


def test_a_proxy_answers_for_what_was_done(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("rest", "gateway", match="/Calls", status=503)
    with pytest.raises(TwilioRestException) as refusal:
        place(client, site)
    assert refusal.value.status == 503
    sim.advance(60)
    assert [call.status for call in client.calls.list()] == ["completed"]


def test_a_fault_with_a_rate_happens_so_often_and_by_its_seed(sim: Simulator, http: httpx.Client, client: Client) -> None:
    def refused(seed: int) -> list[bool]:
        sim.clear_faults()
        sim.fault("rest", "refuse", rate=0.3, seed=seed)
        statuses = [
            http.get(f"{sim.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json", auth=(ACCOUNT, KEY)).status_code for _ in range(80)
        ]
        (fault,) = http.get(f"{sim.url}/faults").json()["faults"]
        assert fault["happened"] == statuses.count(429)
        return [status == 429 for status in statuses]

    first = refused(1)
    assert 10 <= sum(first) <= 40
    assert refused(1) == first
    assert refused(2) != first


def test_a_fault_with_a_rate_leaves_room_for_others(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("webhook", "refuse", match="/st", rate=0.000001)
    sim.fault("webhook", "drop", match="/st", rate=1)
    sid = place(client, site)
    sim.advance(60)
    assert [entry["fault"] for entry in sim.requests(sid)] == ["drop"] * 4


def test_a_late_answer_comes_in_its_time(sim: Simulator, http: httpx.Client, client: Client) -> None:
    sim.fault("rest", "delay", seconds=5)
    answers: list[int] = []
    asked = threading.Thread(target=lambda: answers.append(len(client.calls.list())))
    asked.start()
    while not answers:
        sim.advance(5)
    asked.join()
    assert answers == [0]


def test_faults_are_listed_used_up_and_cleared(sim: Simulator, http: httpx.Client, phone: Handset) -> None:
    sim.fault("webhook", "drop", match="/nowhere", count=3)
    sim.fault("webhook", "drop", match="/voice")
    phone.call(LINE)
    sim.advance(20)
    (left,) = http.get(f"{sim.url}/faults").json()["faults"]
    assert (left["target"], left["kind"], left["match"], left["count"]) == ("webhook", "drop", "/nowhere", 3)
    assert phone.transcript[-1]["text"] == SORRY
    sim.clear_faults()
    assert http.get(f"{sim.url}/faults").json()["faults"] == []


def test_the_kinds_of_faults_say_what_they_do_and_need(sim: Simulator, http: httpx.Client) -> None:
    kinds = http.get(f"{sim.url}/faults").json()["kinds"]
    assert list(kinds) == ["webhook", "message", "rest"]
    assert kinds["webhook"]["status"]["fields"] == ["status"]
    assert kinds["webhook"]["delay"]["fields"] == ["seconds"]
    assert all(kind["about"] for target in kinds.values() for kind in target.values())


@pytest.mark.parametrize(
    "fault",
    [
        {"target": "moon", "kind": "drop"},
        {"target": "rest", "kind": "drop"},
        {"target": "webhook", "kind": "lost"},
        {"target": "webhook", "kind": "drop", "count": 0},
        {"target": "webhook", "kind": "drop", "count": "many"},
        {"target": "webhook", "kind": "delay"},
        {"target": "webhook", "kind": "delay", "seconds": -1},
        {"target": "webhook", "kind": "status"},
        {"target": "webhook", "kind": "status", "status": 200},
        {"target": "rest", "kind": "status", "status": "bad"},
        {"target": "rest", "kind": "gateway"},
        {"target": "rest", "kind": "lost", "rate": 1.1},
        {"target": "rest", "kind": "lost", "rate": "nan"},
        {"target": "rest", "kind": "lost", "rate": 0.1, "seed": "x"},
        {},
    ],
)
def test_bad_faults(fault: dict[str, Any], quiet_sim: Simulator) -> None:
    with pytest.raises(Refused) as refusal:
        quiet_sim.ask("POST", "/faults", fault)
    assert (refusal.value.status, refusal.value.code) == (400, "bad_fault")


def test_a_fault_does_not_happen_infinitely_often(quiet_sim: Simulator, http: httpx.Client) -> None:
    content, headers = '{"target": "webhook", "kind": "drop", "count": Infinity}', {"Content-Type": "application/json"}
    response = http.post(f"{quiet_sim.url}/faults", content=content, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_fault")


def test_the_clock_over_http(sim: Simulator, http: httpx.Client) -> None:
    before = sim.exchange.clock.now()
    assert http.post(f"{sim.url}/clock", json={"advance": 90}).status_code == 200
    assert (sim.exchange.clock.now() - before).total_seconds() == 90
    for seconds in (-1, "soon", None, 1e9):
        assert http.post(f"{sim.url}/clock", json={"advance": seconds}).status_code == 400


def test_a_real_clock_cannot_be_moved(http: httpx.Client) -> None:
    with Simulator("AC" + "1" * 32, "key", [LINE], clock="real") as sim:
        assert http.post(f"{sim.url}/clock", json={"advance": 1}).status_code == 409
        with pytest.raises(TypeError):
            sim.advance(1)


def test_webhooks_are_pointed_by_their_names(sim: Simulator, site: Any, phone: Handset) -> None:
    with pytest.raises(ValueError, match="voice_uri"):
        sim.point(voice_uri=site.url)
    sim.point(voice_url="")
    phone.call(LINE)
    sim.advance(5)
    assert phone.state["last_call"]["status"] == "no-answer"
    assert site.at("/voice") == []
