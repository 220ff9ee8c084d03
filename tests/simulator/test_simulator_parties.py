"""Calls of more than two ends: who rings, who hears whom, and what the application is told of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from parties import ACCOUNT, ANNE, BERT, CALLER, KEY, LINE, SECOND_LINE, conference, document, heard, place
from twilio.rest import Client

from simulator.driver import Handset, Simulator

# Two parties


def test_bridged_parties_hear_each_other(sim: Simulator, site: Any, phone: Handset, anne: Handset) -> None:
    site.answer("/voice", document(f"<Dial>{ANNE}</Dial>"))
    phone.call(LINE)
    sim.advance(3)
    phone.speak("hello Anne")
    anne.speak("hello you")
    anne.press("5")
    assert heard(anne) == [(CALLER, "hello Anne")]
    assert heard(phone) == [(ANNE, "hello you"), (ANNE, "5")]
    assert (phone.state["state"], anne.state["state"]) == ("in-call", "in-call")
    anne.hangup()
    sim.settle()
    assert phone.state["state"] == "idle"


def test_the_called_party_sees_the_caller(sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client) -> None:
    site.answer("/voice", document(f"<Dial>{ANNE}</Dial>"))
    sid = phone.call(LINE)
    sim.advance(1)
    assert anne.state["current_call"]["from"] == CALLER
    (leg,) = client.calls.list(parent_call_sid=sid)
    assert (leg.direction, leg.status, leg.to) == ("outbound-dial", "ringing", ANNE)


@pytest.mark.parametrize("caller_id", [LINE, "+15550003333", CALLER])
def test_another_caller_id_is_shown(caller_id: str, sim: Simulator, site: Any, phone: Handset, anne: Handset) -> None:
    site.answer("/voice", document(f'<Dial callerId="{caller_id}">{ANNE}</Dial>'))
    phone.call(LINE)
    sim.advance(1)
    assert anne.state["current_call"]["from"] == caller_id


def test_the_first_to_answer_is_connected_and_the_others_stop_ringing(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, bert: Handset, client: Client
) -> None:
    anne.on_ring("ring")
    bert.on_ring("ring")
    site.answer("/voice", document(f"<Dial><Number>{ANNE}</Number><Number>{BERT}</Number></Dial>"))
    sid = phone.call(LINE)
    sim.advance(4)
    assert (anne.state["state"], bert.state["state"]) == ("ringing", "ringing")
    bert.answer()
    sim.settle()
    assert (anne.state["state"], bert.state["state"]) == ("idle", "in-call")
    assert {leg.to: leg.status for leg in client.calls.list(parent_call_sid=sid)} == {ANNE: "canceled", BERT: "in-progress"}


def test_a_voicemail_that_does_not_accept_does_not_swallow_the_call(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, bert: Handset
) -> None:
    anne.on_ring("machine")
    bert.on_ring("ring")
    screen = document('<Gather numDigits="1" timeout="3" action="/accept"><Say>Press 1</Say></Gather>', "<Hangup/>")
    site.answer("/screen", screen)
    site.answer("/accept", document())
    numbers = "".join(f'<Number url="/screen">{number}</Number>' for number in (ANNE, BERT))
    site.answer("/voice", document(f'<Dial action="/done">{numbers}</Dial>'))
    phone.call(LINE)
    sim.advance(8)
    assert (anne.state["state"], bert.state["state"]) == ("idle", "ringing")
    bert.answer()
    sim.advance(1)
    assert heard(phone) == [], "the caller hears nothing of the screening"
    bert.press("1")
    sim.settle()
    bert.speak("it is me")
    assert heard(phone) == [(BERT, "it is me")]
    bert.hangup()
    sim.settle()
    assert site.at("/done")[0].params["DialBridged"] == "true"


def test_who_hangs_up_in_the_whisper_was_not_bridged(sim: Simulator, site: Any, phone: Handset, anne: Handset) -> None:
    site.answer("/screen", document("<Hangup/>"))
    site.answer("/voice", document(f'<Dial action="/done"><Number url="/screen">{ANNE}</Number></Dial>'))
    phone.call(LINE)
    sim.advance(5)
    params = site.at("/done")[0].params
    assert (params["DialCallStatus"], params["DialBridged"]) == ("completed", "false")


def test_answer_on_bridge_lets_the_caller_ring_until_then(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    anne.on_ring("ring")
    site.answer("/voice", document(f'<Dial answerOnBridge="true">{ANNE}</Dial>'))
    sid = phone.call(LINE)
    sim.advance(10)
    assert client.calls(sid).fetch().status == "ringing"
    anne.answer()
    sim.advance(5)
    assert client.calls(sid).fetch().status == "in-progress"
    phone.hangup()
    sim.settle()
    assert client.calls(sid).fetch().duration == "5"


def test_digits_are_sent_to_the_called_party_before_the_talk(sim: Simulator, site: Any, phone: Handset, anne: Handset) -> None:
    site.answer("/voice", document(f'<Dial><Number sendDigits="wwww1928">{ANNE}</Number></Dial>'))
    phone.call(LINE)
    sim.advance(3.9)
    assert [line for line in anne.transcript if line["verb"] == "Digits"] == []
    sim.advance(0.2)
    assert [line["text"] for line in anne.transcript if line["verb"] == "Digits"] == ["1928"]


def test_a_redirected_leg_goes_its_own_way_and_the_caller_goes_on(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    site.answer("/voice", document(f"<Dial>{ANNE}</Dial>", "<Say>you are alone</Say>", '<Pause length="9"/>'))
    site.answer("/elsewhere", document("<Say>welcome elsewhere</Say>", '<Pause length="9"/>'))
    sid = phone.call(LINE)
    sim.advance(3)
    (leg,) = client.calls.list(parent_call_sid=sid)
    client.calls(leg.sid).update(url=f"{site.url}/elsewhere")
    sim.advance(2)
    assert (phone.said, anne.said) == (["you are alone"], ["welcome elsewhere"])
    assert (phone.state["state"], anne.state["state"]) == ("in-call", "in-call")


@pytest.mark.parametrize("verb", ['<Gather action="/g"/>', '<Record action="/g"/>', "<Record/>", "<Gather/>"])
def test_inline_twiml_needs_an_absolute_action(verb: str, sim: Simulator, site: Any, client: Client, anne: Handset) -> None:
    sid = place(client, anne, document(verb, "<Say>never</Say>"))
    sim.advance(9)
    assert client.calls(sid).fetch().status == "completed"
    assert anne.said == []
    assert site.seen == []


@pytest.mark.parametrize(("number", "code"), [(BERT, 13225), ("+864008895080", 13227)])
def test_a_number_that_may_not_be_called_is_refused(number: str, code: int, site: Any) -> None:
    site.answer("/voice", document(f'<Dial action="/d">{number}</Dial>'))
    settings: dict[str, Any] = {"countries": ("US",), "blocked_numbers": (BERT,), "voice_url": f"{site.url}/voice"}
    with Simulator(ACCOUNT, KEY, [LINE], **settings) as sim:
        sid = sim.phone(CALLER).call(LINE)
        sim.advance(5)
        assert [entry["error_code"] for entry in sim.requests(sid) if entry["error_code"]] == [code]
    assert site.at("/d")[0].params["DialCallStatus"] == "failed"


# One number of the account calls another


@pytest.fixture
def two_lines(site: Any) -> Iterator[tuple[Simulator, Client]]:
    with Simulator(ACCOUNT, KEY, [LINE, SECOND_LINE], voice_url=f"{site.url}/voice") as sim:
        client = Client(ACCOUNT, KEY)
        client.api.base_url = sim.url
        yield sim, client
        client.http_client.session.close()


def test_a_call_to_another_own_number_is_taken_by_its_document(two_lines: tuple[Simulator, Client], site: Any) -> None:
    sim, client = two_lines
    site.answer("/voice", document('<Gather numDigits="2" action="/menu"/>'))
    site.answer("/menu", document("<Say>thank you</Say>"))
    sid = client.calls.create(to=SECOND_LINE, from_=LINE, twiml=document('<Play digits="w42"/>', '<Pause length="5"/>')).sid
    sim.advance(30)
    incoming = next(call for call in client.calls.list() if call.direction == "inbound")
    assert site.at("/menu")[0].params["Digits"] == "42"
    assert [(call.status, call.direction, call.to) for call in (incoming, client.calls(sid).fetch())] == [
        ("completed", "inbound", SECOND_LINE),
        ("completed", "outbound-api", SECOND_LINE),
    ]


def test_an_own_number_that_rejects_is_busy(two_lines: tuple[Simulator, Client], site: Any) -> None:
    sim, client = two_lines
    site.answer("/voice", document('<Reject reason="busy"/>'))
    sid = client.calls.create(to=SECOND_LINE, from_=LINE, twiml=document("<Say>hi</Say>")).sid
    sim.advance(30)
    assert client.calls(sid).fetch().status == "busy"


def test_the_same_conference_by_two_own_numbers_does_not_echo_for_ever(two_lines: tuple[Simulator, Client], site: Any) -> None:
    sim, client = two_lines
    site.answer("/voice", conference())
    client.calls.create(to=SECOND_LINE, from_=LINE, twiml=conference())
    client.calls.create(to=ANNE, from_=LINE, twiml=conference())
    sim.advance(10)
    sim.phone(ANNE).speak("is there an echo?")
    sim.settle()
    assert sim.phone(ANNE).state["state"] == "in-call"


# Answering machines


def test_machine_detection_before_the_call_goes_on(sim: Simulator, site: Any, client: Client, anne: Handset) -> None:
    anne.on_ring("machine")
    for mode, answered_by in (("Enable", "machine_start"), ("DetectMessageEnd", "machine_end_beep")):
        client.calls.create(to=ANNE, from_=LINE, url=f"{site.url}/out", machine_detection=mode)
        sim.advance(30)
        assert site.at("/out")[-1].params["AnsweredBy"] == answered_by
    anne.on_ring("answer")
    call = client.calls.create(to=ANNE, from_=LINE, url=f"{site.url}/out", machine_detection="Enable")
    sim.advance(30)
    assert site.at("/out")[-1].params["AnsweredBy"] == "human"
    assert client.calls(call.sid).fetch().answered_by == "human"


def test_machine_detection_beside_the_call(sim: Simulator, site: Any, client: Client, anne: Handset) -> None:
    anne.on_ring("machine")
    site.answer("/out", document('<Pause length="20"/>'))
    client.calls.create(
        to=ANNE,
        from_=LINE,
        url=f"{site.url}/out",
        machine_detection="DetectMessageEnd",
        async_amd="true",
        async_amd_status_callback=f"{site.url}/amd",
    )
    sim.advance(3)
    assert "AnsweredBy" not in site.at("/out")[0].params
    sim.advance(20)
    params = site.at("/amd")[0].params
    assert (params["AnsweredBy"], params["MachineDetectionDuration"]) == ("machine_end_beep", "6500")
    assert any(line["verb"] == "Beep" for line in anne.transcript)


def test_a_detection_that_takes_too_long_is_unknown(sim: Simulator, site: Any, client: Client, anne: Handset) -> None:
    anne.on_ring("machine")
    url = f"{site.url}/out"
    client.calls.create(to=ANNE, from_=LINE, url=url, machine_detection="DetectMessageEnd", machine_detection_timeout=4)
    sim.advance(30)
    assert site.at("/out")[0].params["AnsweredBy"] == "unknown"


# Recordings


def test_a_silent_recording_is_skipped_where_that_is_set(site: Any) -> None:
    record = '<Record action="/r" recordingStatusCallback="/s" recordingStatusCallbackEvent="completed absent"/>'
    site.answer("/voice", document(record, "<Say>I did not hear you</Say>"))
    with Simulator(ACCOUNT, KEY, [LINE], voice_url=f"{site.url}/voice", skip_silent_recordings=True) as sim:
        sim.phone(CALLER).call(LINE)
        sim.advance(9)
        assert sim.phone(CALLER).said == ["I did not hear you"]
        assert site.at("/r") == []
        assert site.at("/s")[0].params["RecordingStatus"] == "absent"


def test_a_voicemail_is_taken_with_a_beep(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", document("<Say>leave a message</Say>", '<Record action="/r"/>'))
    phone.call(LINE)
    sim.advance(1)
    assert phone.state["current_call"]["recording"] is False
    sim.advance(0.5)
    assert phone.state["current_call"]["recording"] is True
    assert [line["verb"] for line in phone.transcript] == ["Say", "Beep"]
    phone.speak("it is me")
    phone.hangup()
    sim.settle()
    assert site.at("/r")[0].params["Digits"] == "hangup"
