"""The phones: what a person or a script can do with them, and who is kept out."""

import json
import threading
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.driver import Handset, Refused, Simulator

LINE, PHONE = "+15550001111", "+15550002222"
HELLO = "<Response><Say>Hello</Say></Response>"
LONG = '<Response><Pause length="600"/></Response>'


def ring(client: Client, twiml: str = HELLO, **options: Any) -> str:
    return str(client.calls.create(to=PHONE, from_=LINE, twiml=twiml, **options).sid)


def test_an_unattended_phone_answers_after_two_seconds(sim: Simulator, phone: Handset, client: Client) -> None:
    ring(client, LONG)
    sim.advance(1.9)
    assert phone.state["state"] == "ringing"
    sim.advance(0.1)
    state = phone.state
    assert (state["state"], state["current_call"]["status"]) == ("in-call", "in-progress")


@pytest.mark.parametrize(
    ("habit", "status"),
    [
        ("answer", "completed"),
        ("busy", "busy"),
        ("no-answer", "no-answer"),
        ("ring", "no-answer"),
        ("machine", "completed"),
    ],
)
def test_habits(habit: Any, status: str, sim: Simulator, phone: Handset, client: Client) -> None:
    phone.on_ring(habit)
    sid = ring(client)
    sim.advance(65)
    assert client.calls(sid).fetch().status == status
    assert phone.state["state"] == "idle"


@pytest.mark.parametrize(
    ("habit", "detection", "heard"),
    [
        ("answer", "Enable", "human"),
        ("machine", "Enable", "machine_start"),
        ("machine", "DetectMessageEnd", "machine_end_beep"),
        ("machine", None, None),
    ],
)
def test_machine_detection(
    habit: Any, detection: Any, heard: str | None, sim: Simulator, phone: Handset, client: Client, site: Any
) -> None:
    phone.on_ring(habit)
    options = {"machine_detection": detection} if detection else {}
    call = client.calls.create(to=PHONE, from_=LINE, url=f"{site.url}/out", **options)
    sim.advance(60)
    assert site.at("/out")[0].params.get("AnsweredBy") == heard
    assert client.calls(call.sid).fetch().answered_by == heard


def test_a_person_answers_or_rejects(sim: Simulator, phone: Handset, client: Client) -> None:
    phone.on_ring("ring")
    sid = ring(client)
    sim.advance(20)
    phone.answer()
    sim.advance(10)
    assert (client.calls(sid).fetch().status, phone.said) == ("completed", ["Hello"])
    sid = ring(client)
    sim.settle()
    phone.reject()
    sim.settle()
    assert client.calls(sid).fetch().status == "busy"


def test_the_ringing_stops_after_its_time(sim: Simulator, phone: Handset, client: Client) -> None:
    phone.on_ring("ring")
    sid = ring(client, timeout=10)
    sim.advance(9.9)
    assert client.calls(sid).fetch().status == "ringing"
    sim.advance(0.1)
    assert client.calls(sid).fetch().status == "no-answer"


def test_a_phone_in_a_call_is_busy(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/voice", LONG)
    phone.call(LINE)
    sim.settle()
    sid = ring(client)
    sim.advance(1)
    assert client.calls(sid).fetch().status == "busy"
    assert phone.state["current_call"]["direction"] == "inbound"


def test_hanging_up_ends_the_call_at_once(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/voice", '<Response><Say>a</Say><Pause length="60"/><Say>never</Say></Response>')
    sid = phone.call(LINE)
    sim.advance(10)
    phone.hangup()
    sim.advance(100)
    call = client.calls(sid).fetch()
    assert (call.status, call.duration, phone.said) == ("completed", "10", ["a"])


def test_hanging_up_before_the_answer(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/voice", '<Response><Pause length="60"/></Response>')
    sid = phone.call(LINE)
    sim.advance(10)
    assert phone.state["state"] == "in-call"
    phone.hangup()
    assert client.calls(sid).fetch().status == "no-answer"


def test_keys_and_words_are_in_the_transcript(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", '<Response><Say voice="alice" language="en-GB">a</Say><Pause length="60"/></Response>')
    sid = phone.call(LINE)
    sim.advance(5)
    phone.press("12#")
    phone.speak("sales, please")
    lines = phone.transcript
    assert [(line["speaker"], line["verb"], line["text"]) for line in lines] == [
        ("twilio", "Say", "a"),
        ("phone", "Press", "12#"),
        ("phone", "Speak", "sales, please"),
    ]
    assert {line["call_sid"] for line in lines} == {sid}
    assert (lines[0]["voice"], lines[0]["language"], lines[1]["voice"]) == ("alice", "en-GB", None)


def test_one_call_a_second(sim: Simulator, client: Client) -> None:
    sids = [client.calls.create(to=f"+1555000{n}", from_=LINE, twiml=LONG).sid for n in (3001, 3002, 3003)]
    sim.settle()
    assert [client.calls(sid).fetch().status for sid in sids] == ["ringing", "queued", "queued"]
    sim.advance(1)
    assert [client.calls(sid).fetch().status for sid in sids] == ["ringing", "ringing", "queued"]
    sim.advance(1)
    assert [client.calls(sid).fetch().queue_time for sid in sids] == ["0", "1000", "2000"]


def test_a_queued_call_is_canceled_without_a_word(sim: Simulator, site: Any, client: Client) -> None:
    ring(client)
    options = {"status_callback": f"{site.url}/st", "status_callback_event": ["initiated", "completed"]}
    for status in ("canceled", "completed"):
        call = client.calls.create(to="+15550003001", from_=LINE, twiml=HELLO, **options)
        assert client.calls(call.sid).update(status=status).status == "canceled"
    sim.advance(60)
    assert site.at("/st") == []


def test_a_ringing_call_is_canceled(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    phone.on_ring("ring")
    sid = ring(client, status_callback=f"{site.url}/st")
    sim.advance(5)
    assert client.calls(sid).update(status="canceled").status == "canceled"
    sim.settle()
    assert [(seen.params["CallStatus"], seen.params["CallDuration"]) for seen in site.at("/st")] == [("canceled", "0")]
    assert phone.state["state"] == "idle"


def test_a_live_call_is_ended_but_not_canceled(sim: Simulator, phone: Handset, client: Client) -> None:
    sid = ring(client, LONG)
    sim.advance(12)
    assert client.calls(sid).update(status="canceled").status == "in-progress"
    ended = client.calls(sid).update(status="completed")
    assert (ended.status, ended.duration) == ("completed", "10")


def test_a_live_call_is_redirected(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/new", "<Response><Say>new</Say></Response>")
    sid = ring(client, LONG)
    with pytest.raises(TwilioRestException) as refusal:
        client.calls(sid).update(url=f"{site.url}/new")
    assert refusal.value.code == 21220
    sim.advance(10)
    client.calls(sid).update(url=f"{site.url}/new", method="GET")
    sim.settle()
    assert phone.said == ["new"]
    client.calls(sid).update(twiml="<Response><Say>inline</Say></Response>")
    sim.advance(60)
    assert phone.said == ["new", "inline"]
    assert site.at("/new")[0].method == "GET"


def test_url_wins_over_twiml_and_digits_come_first(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/out", HELLO)
    client.calls.create(to=PHONE, from_=LINE, url=f"{site.url}/out", twiml="<Response/>", send_digits="W1234#")
    sim.advance(60)
    assert [line["text"] for line in phone.transcript] == ["1234#", "Hello"]


@pytest.mark.parametrize("action", ["answer", "reject", "hangup", "press", "speak"])
def test_an_idle_phone_cannot_do_that(action: str, phone: Handset) -> None:
    arguments = {"press": ["1"], "speak": ["x"]}.get(action, [])
    with pytest.raises(Refused) as refusal:
        getattr(phone, action)(*arguments)
    assert (refusal.value.status, refusal.value.code) == (409, "wrong_state")


def test_a_phone_in_a_call_cannot_call(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", LONG)
    phone.call(LINE)
    with pytest.raises(Refused) as refusal:
        phone.call(LINE)
    assert refusal.value.status == 409


def test_a_phone_reaches_only_the_accounts_numbers(phone: Handset) -> None:
    with pytest.raises(Refused) as refusal:
        phone.call("+15550009999")
    assert (refusal.value.status, refusal.value.code) == (404, "no_such_number")


@pytest.mark.parametrize("path", ["/phones/%2B15550001111", "/phones/nobody", "/phones/12", "/nothing"])
def test_what_is_no_phone(path: str, quiet_sim: Simulator, http: httpx.Client) -> None:
    response = http.get(quiet_sim.url + path)
    assert response.status_code == 404
    assert set(response.json()["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"on_ring": "sing"}),
        ("", {"on_text": "eat"}),
        ("", {}),
        ("/call", {}),
        ("/call", {"to": 5}),
        ("/call", {"to": "nobody"}),
        ("/press", {"digits": "one"}),
        ("/speak", {"text": ""}),
        ("/text", {"to": LINE}),
        ("/text", {"to": LINE, "body": "x" * 1601}),
        ("/text", {"to": LINE, "body": "half a \ud83d"}),
        ("/text", {"to": LINE, "body": "x", "media": "picture"}),
        ("/text", {"to": LINE, "body": "x", "media": ["http://["]}),
    ],
)
def test_bad_bodies(path: str, body: dict[str, Any], quiet_sim: Simulator, http: httpx.Client) -> None:
    content, headers = json.dumps(body), {"Content-Type": "application/json"}
    response = http.post(f"{quiet_sim.url}/phones/%2B15550002222{path}", content=content, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_body")


def test_a_body_that_is_no_object(quiet_sim: Simulator, http: httpx.Client) -> None:
    for content in (b"[]", b"{", b"null", b"[" * 100_000):
        headers = {"Content-Type": "application/json"}
        assert http.post(f"{quiet_sim.url}/phones/{PHONE}/call", content=content, headers=headers).status_code == 400


@pytest.mark.parametrize("number", ["Infinity", "NaN", "-1", "1e400", "9" * 400])
def test_a_number_that_is_none_is_refused_wherever_seconds_are_told(number: str, quiet_sim: Simulator, http: httpx.Client) -> None:
    bodies = {
        f"/phones/{PHONE}/speak": '{"text": "hello", "seconds": %s}',
        "/clock": '{"advance": %s}',
        "/faults": '{"target": "webhook", "kind": "drop", "count": 1, "seconds": %s}',
    }
    for path, body in bodies.items():
        headers = {"Content-Type": "application/json"}
        assert http.post(quiet_sim.url + path, content=body % number, headers=headers).status_code == 400


def test_forms_and_a_raw_plus_are_accepted(sim: Simulator, http: httpx.Client, site: Any) -> None:
    assert http.post(f"{sim.url}/phones/{PHONE}/call", data={"to": LINE}).status_code == 201
    assert http.get(f"{sim.url}/phones/{PHONE}").json()["number"] == PHONE
    data = {"to": LINE, "body": "x", "media": ["data:image/png,x"]}
    assert http.post(f"{sim.url}/phones/{PHONE}/text", data=data).status_code == 201


def test_the_list_of_phones(sim: Simulator, phone: Handset, http: httpx.Client) -> None:
    assert phone.state["state"] == "idle"
    assert http.get(f"{sim.url}/phones").json() == {
        "numbers": [LINE],
        "phones": [{"number": PHONE, "state": "idle", "on_ring": "answer", "messages": 0}],
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
def test_other_sites_are_kept_out(headers: dict[str, str], quiet_sim: Simulator, http: httpx.Client) -> None:
    for path in (f"/phones/{PHONE}/text", "/faults", "/clock"):
        response = http.post(quiet_sim.url + path, json={"to": LINE, "body": "x"}, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")
    assert quiet_sim.phone(PHONE).messages == []


def test_this_page_and_other_names_of_this_machine_are_let_in(quiet_sim: Simulator, http: httpx.Client) -> None:
    headers = {"Origin": quiet_sim.url, "Sec-Fetch-Site": "same-origin"}
    assert http.post(f"{quiet_sim.url}/phones/{PHONE}", json={"on_ring": "ring"}, headers=headers).status_code == 200
    for host in ("localhost:5050", "127.0.0.1", "[::1]:5050"):
        assert http.get(f"{quiet_sim.url}/phones", headers={"Host": host}).status_code == 200
    assert http.get(f"{quiet_sim.url}/phones", headers={"Host": "rebound.example:5050"}).status_code == 403


def test_events_tell_every_change_and_an_attended_phone_is_not_answered_for(
    sim: Simulator, http: httpx.Client, client: Client, phone: Handset
) -> None:
    states: list[dict[str, Any]] = []
    seen = threading.Semaphore(0)

    def watch() -> None:
        with http.stream("GET", f"{sim.url}/phones/{PHONE}/events") as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            for line in response.iter_lines():
                if line.startswith("data: "):
                    states.append(json.loads(line.removeprefix("data: ")))
                    seen.release()
                    if states[-1]["last_call"] is not None:
                        return

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert seen.acquire(timeout=10)
    ring(client, LONG)
    sim.advance(30)
    assert phone.state["state"] == "ringing"
    phone.answer()
    sim.advance(5)
    phone.hangup()
    watcher.join(timeout=10)
    assert not watcher.is_alive()
    assert states[0]["state"] == "idle"
    assert {state["state"] for state in states} == {"idle", "ringing", "in-call"}


def test_the_pages_are_served(sim: Simulator, http: httpx.Client) -> None:
    page = http.get(f"{sim.url}/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert LINE in page.text
    inspector = http.get(f"{sim.url}/requests", headers={"Accept": "text/html,*/*;q=0.8"})
    assert inspector.headers["Content-Type"].startswith("text/html")
    assert http.get(f"{sim.url}/requests", headers={"Accept": "*/*"}).json() == {"requests": []}


def test_digits_to_be_sent_do_not_stand_in_the_way_of_a_redirect(sim: Simulator, phone: Handset, client: Client) -> None:
    sid = ring(client, HELLO, send_digits="WWWWWWWW1")
    sim.advance(5)
    client.calls(sid).update(twiml="<Response><Say>instead</Say></Response>")
    sim.advance(30)
    assert [line["text"] for line in phone.transcript] == ["instead"]


def test_the_accounts_number_is_never_a_phone(sim: Simulator, client: Client, http: httpx.Client) -> None:
    client.calls.create(to=LINE, from_=LINE, twiml=HELLO)
    sim.advance(5)
    assert http.get(f"{sim.url}/phones").json()["phones"] == []


def test_pages_may_load_nothing_from_elsewhere(quiet_sim: Simulator, http: httpx.Client) -> None:
    for path in ("/", "/requests"):
        page = http.get(quiet_sim.url + path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_shows_the_verified_number_first_whoever_called_since(sim: Simulator, http: httpx.Client) -> None:
    sim.phone("+15550009999").text("+15550001111", "hello")
    page = http.get(sim.url + "/", headers={"Accept": "text/html"}).text
    assert 'data-default-phone="+15550003333"' in page
