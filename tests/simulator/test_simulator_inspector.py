"""The record of webhooks: what went over the wire, listing it in parts, and sending one again."""

from typing import Any

import httpx
import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from simulator.driver import Refused, Simulator

KEY, LINE, PHONE = "key-of-the-tests", "+15550001111", "+15550002222"


def test_a_request_is_kept_as_it_went_over_the_wire(sim: Simulator, site: Any) -> None:
    sim.phone(PHONE).text(LINE, "a b+c&d=é")
    sim.advance(5)
    entry, seen = sim.requests()[0], site.at("/sms")[0]
    assert entry["content"] == seen.body
    sent = {name.lower(): value for name, value in entry["request_headers"]}
    arrived = {name.lower(): value for name, value in seen.headers.items() if name not in {"Host", "Content-Length"}}
    assert {name: value for name, value in sent.items() if name not in {"host", "content-length"}} == arrived
    assert sent["x-twilio-signature"] == entry["signature"]


def test_requests_can_be_listed_from_one_on(sim: Simulator) -> None:
    for body in ("one", "two", "three"):
        sim.phone(PHONE).text(LINE, body)
        sim.advance(5)
    first, *rest = sim.requests()
    assert sim.ask("GET", f"/requests?after={first['id']}")["requests"] == rest
    assert sim.ask("GET", f"/requests/{first['id']}") == first


def test_requests_can_be_listed_briefly(sim: Simulator) -> None:
    sid = sim.phone(PHONE).text(LINE, "one")
    sim.advance(5)
    (entry,) = sim.requests()
    brief = {"id": entry["id"], "sid": sid, "status": 200, "error_code": None}
    assert sim.ask("GET", "/requests?fields=id,sid,status,error_code,watchers")["requests"] == [brief]
    assert sim.ask("GET", "/requests?fields=watchers,as_json")["requests"] == [entry]


@pytest.mark.parametrize("kept", [1, 2])
def test_so_many_requests_are_remembered_as_was_asked(site: Any, kept: int) -> None:
    with Simulator("AC" + "1" * 32, KEY, [LINE], sms_url=f"{site.url}/sms", keep_requests=kept) as sim:
        for _ in range(2):
            sim.phone(PHONE).text(LINE, "one")
        sim.advance(5)
        assert len(sim.requests()) == min(kept, 2)


def test_a_request_that_is_sent_again_is_signed_and_its_answer_is_not_carried_out(sim: Simulator, site: Any) -> None:
    site.answer("/sms", "<Response><Message>hi</Message></Response>")
    phone = sim.phone(PHONE)
    phone.text(LINE, "hello +1")
    sim.advance(5)
    before = sim.requests()[0]
    again = sim.ask("POST", f"/requests/{before['id']}/replay")
    sim.advance(5)
    assert [text["body"] for text in phone.messages] == ["hello +1", "hi"]
    one, two = site.at("/sms")
    assert (one.body, one.target) == (two.body, two.target)
    assert RequestValidator(KEY).validate(site.url + "/sms", two.params, two.headers["X-Twilio-Signature"])
    assert (again["replay"], again["replay_of"], again["body"]) == (True, before["id"], before["body"])
    assert (before["replay"], before["replay_of"]) == (False, None)
    assert sim.requests()[-1] == again


def test_a_get_and_a_status_callback_are_sent_again_byte_for_byte(sim: Simulator, site: Any, client: Client) -> None:
    client.calls.create(
        to=PHONE,
        from_=LINE,
        url=f"{site.url}/by-get?x=a%20b",
        method="GET",
        status_callback=f"{site.url}/st",
        machine_detection=None,
    )
    sim.advance(20)
    for entry in sim.requests():
        sim.ask("POST", f"/requests/{entry['id']}/replay")
    for path in ("/by-get", "/st"):
        one, two = site.at(path)
        assert (one.method, one.target, one.body) == (two.method, two.target, two.body)
        assert one.headers["X-Twilio-Signature"] == two.headers["X-Twilio-Signature"]


def test_cookies_go_along_when_a_request_is_sent_again(sim: Simulator, site: Any) -> None:
    site.answer("/voice", "<Response><Redirect>/next</Redirect></Response>", Set_Cookie="visit=42; Path=/")
    sim.phone(PHONE).call(LINE)
    sim.advance(5)
    last = next(entry for entry in sim.requests() if entry["url"].endswith("/next"))
    sim.ask("POST", f"/requests/{last['id']}/replay")
    assert [seen.headers["Cookie"] for seen in site.at("/next")] == ["visit=42", "visit=42"]


def test_what_is_wrong_with_the_new_answer_is_said(sim: Simulator, site: Any) -> None:
    site.answer("/sms", "<Response/>")
    site.answer("/sms", "<Response>")
    sim.phone(PHONE).text(LINE, "hello")
    sim.advance(5)
    assert sim.ask("POST", "/requests/1/replay")["error_code"] == 12100


def test_an_unknown_request_is_not_sent_again(quiet_sim: Simulator) -> None:
    for method, path in (("GET", "/requests/9999"), ("POST", "/requests/9999/replay")):
        with pytest.raises(Refused) as refusal:
            quiet_sim.ask(method, path)
        assert (refusal.value.status, refusal.value.code) == (404, "no_such_request")


def test_the_kinds_of_faults_are_listed(quiet_sim: Simulator) -> None:
    kinds = quiet_sim.ask("GET", "/faults")["kinds"]
    assert "drop" in kinds["webhook"]
    assert "lost" in kinds["rest"]


def test_the_clock_tells_its_time_and_that_it_stands(sim: Simulator) -> None:
    before = sim.ask("GET", "/clock")
    sim.advance(60)
    assert before["speed"] == 0
    assert sim.ask("GET", "/clock")["now"] > before["now"]
    assert sim.phone(PHONE).state["now"] == sim.ask("GET", "/clock")["now"]


def test_the_last_calls_of_a_phone_are_listed_with_what_was_said(sim: Simulator, site: Any) -> None:
    site.answer("/voice", "<Response><Say>First</Say></Response>")
    site.answer("/voice", "<Response><Say>Second</Say></Response>")
    phone = sim.phone(PHONE)
    for _ in range(2):
        phone.call(LINE)
        sim.advance(10)
    calls = sim.ask("GET", f"/phones/{PHONE}/calls")["calls"]
    assert [[line["text"] for line in call["transcript"]] for call in calls] == [["Second"], ["First"]]
    assert {call["status"] for call in calls} == {"completed"}


def test_a_browser_client_is_a_handset_too(quiet_sim: Simulator, http: httpx.Client) -> None:
    assert quiet_sim.phone("client:alice").state["number"] == "client:alice"
    for nobody in ("client:", "client:a b", "alice"):
        assert http.get(f"{quiet_sim.url}/phones/{nobody}").status_code == 404
