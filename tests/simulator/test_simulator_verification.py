"""Verifying a number: it is called, whoever answers enters the code, and from then on it may be used."""

from typing import Any

import httpx
import pytest
from twilio.rest import Client
from twilio_rest import ACCOUNT, KEY, LINE, PHONE, VERIFIED, Rest

from simulator.driver import Handset, Simulator

HELLO = "<Response><Say>Hello</Say></Response>"


def test_the_right_code_makes_a_number_a_caller(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    rest.refused("/Calls.json", 21210, From=PHONE, To=VERIFIED, Twiml=HELLO)
    asked = rest.post("/OutgoingCallerIds.json", PhoneNumber="(555) 000-2222", FriendlyName="Mine", StatusCallback=f"{site.url}/v")
    assert (asked["phone_number"], asked["friendly_name"], len(asked["validation_code"])) == (PHONE, "Mine", 6)
    sim.advance(5)
    assert phone.state["current_call"]["sid"] == asked["call_sid"]
    assert "verification code" in phone.said[0]
    phone.press(asked["validation_code"])
    sim.advance(30)
    [caller] = rest.get("/OutgoingCallerIds.json", PhoneNumber=PHONE)["outgoing_caller_ids"]
    assert caller["friendly_name"] == "Mine"
    [told] = site.at("/v")
    assert (told.params["VerificationStatus"], told.params["OutgoingCallerIdSid"]) == ("success", caller["sid"])
    assert (told.params["To"], told.params["CallStatus"], told.params["CallSid"]) == (PHONE, "completed", asked["call_sid"])
    rest.post("/Calls.json", From=PHONE, To=VERIFIED, Twiml=HELLO)
    rest.refused("/OutgoingCallerIds.json", 21450, PhoneNumber=PHONE)


def test_a_wrong_code_is_asked_for_again_and_three_fail(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    asked = rest.post("/OutgoingCallerIds.json", PhoneNumber=PHONE, StatusCallback=f"{site.url}/v", StatusCallbackMethod="GET")
    wrong = "000000" if asked["validation_code"] != "000000" else "111111"
    for _ in range(3):
        sim.advance(5)
        phone.press(wrong)
        sim.advance(5)
    sim.advance(30)
    assert phone.said.count("That is not the code.") == 3
    [told] = site.at("/v")
    assert (told.method, told.params["VerificationStatus"], told.params["CallStatus"]) == ("GET", "failed", "completed")
    assert "OutgoingCallerIdSid" not in told.params
    assert rest.get("/OutgoingCallerIds.json", PhoneNumber=PHONE)["outgoing_caller_ids"] == []


@pytest.mark.parametrize(("habit", "status"), [("busy", "busy"), ("no-answer", "no-answer"), ("answer", "completed")])
def test_whoever_does_not_answer_or_enter_anything_is_not_verified(
    habit: Any, status: str, rest: Rest, sim: Simulator, site: Any, phone: Handset
) -> None:
    phone.on_ring(habit)
    rest.post("/OutgoingCallerIds.json", PhoneNumber=PHONE, StatusCallback=f"{site.url}/v")
    sim.advance(120)
    assert [(one.params["VerificationStatus"], one.params["CallStatus"]) for one in site.at("/v")] == [("failed", status)]


def test_a_delay_and_an_extension_go_before_the_question(rest: Rest, sim: Simulator, phone: Handset) -> None:
    asked = rest.post("/OutgoingCallerIds.json", PhoneNumber=PHONE, CallDelay="20", Extension="W12")
    path = f"/Calls/{asked['call_sid']}.json"
    sim.advance(19)
    assert (rest.get(path)["status"], phone.state["state"]) == ("queued", "idle")
    sim.advance(5)
    assert rest.get(path)["status"] == "in-progress"
    assert [line["text"] for line in phone.transcript if line["verb"] == "Digits"] == ["12"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"PhoneNumber": ""}, 21401),
        ({"PhoneNumber": "12"}, 21401),
        ({"PhoneNumber": LINE}, 21449),
        ({"PhoneNumber": VERIFIED}, 21450),
        ({"CallDelay": "61"}, 21454),
        ({"CallDelay": "soon"}, 21454),
        ({"StatusCallback": "here"}, 21456),
        ({"StatusCallback": "http://a.example/", "StatusCallbackMethod": "PUT"}, 21209),
        ({"Extension": "one"}, 20001),
        ({"FriendlyName": "x" * 65}, 21658),
    ],
)
def test_verifications_that_are_refused_ring_nobody(fields: dict[str, str], code: int, quiet_rest: Rest) -> None:
    quiet_rest.refused("/OutgoingCallerIds.json", code, **({"PhoneNumber": PHONE} | fields))
    assert quiet_rest.get("/Calls.json")["calls"] == []


def test_a_trial_account_reaches_a_number_once_it_is_verified(http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], trial=True) as sim:
        rest, phone = Rest(http, sim.url), sim.phone(PHONE)
        text, call = {"From": LINE, "To": PHONE, "Body": "Hi"}, {"From": LINE, "To": PHONE, "Twiml": HELLO}
        rest.refused("/Calls.json", 21219, **call)
        rest.refused("/Messages.json", 21608, **text)
        asked = rest.post("/OutgoingCallerIds.json", PhoneNumber=PHONE)
        sim.advance(5)
        phone.press(asked["validation_code"])
        sim.advance(30)
        rest.post("/Messages.json", **text)
        rest.post("/Calls.json", **call)


def test_a_number_that_was_verified_may_be_dialled_and_shown_as_the_caller(http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], trial=True, caller_ids=("+15550004444",)) as sim:
        rest, phone, other = Rest(http, sim.url), sim.phone(PHONE), sim.phone("+15550004444")
        asked = rest.post("/OutgoingCallerIds.json", PhoneNumber=PHONE)
        sim.advance(5)
        phone.press(asked["validation_code"])
        sim.advance(30)
        twiml = f'<Response><Dial callerId="{PHONE}">{PHONE}</Dial></Response>'
        rest.post("/Calls.json", From=LINE, To=other.number, Twiml=twiml)
        assert phone.expect_ring()["from"] == PHONE


def test_twilios_client_verifies_a_number(client: Client, sim: Simulator, phone: Handset) -> None:
    request = client.validation_requests.create(phone_number=PHONE, friendly_name="Mine")
    sim.advance(5)
    phone.press(request.validation_code)
    sim.advance(30)
    assert PHONE in [caller.phone_number for caller in client.outgoing_caller_ids.list()]
