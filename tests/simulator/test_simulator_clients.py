"""Who calls and is called: clients and SIP addresses over REST, and what a number is told of its callers."""

from typing import Any

import pytest
from parties import ANNE, CALLER, LINE, document, heard
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.driver import Handset, Refused, Simulator


@pytest.fixture
def agent(sim: Simulator) -> Handset:
    return sim.phone("client:agent.1")


def test_a_client_is_called(sim: Simulator, client: Client, site: Any, agent: Handset) -> None:
    site.answer("/voice", document("<Say>a customer for you</Say>"))
    sid = client.calls.create(to=agent.number, from_=LINE, url=f"{site.url}/voice", status_callback=f"{site.url}/ended").sid
    agent.expect_say("a customer for you")
    agent.expect_hangup()
    call = client.calls(sid).fetch()
    assert (call.status, call.to, call.to_formatted) == ("completed", "client:agent.1", "client:agent.1")
    assert [seen.params["To"] for seen in site.at("/ended")] == ["client:agent.1"]


def test_an_application_is_told_no_place_of_a_client(sim: Simulator, client: Client, site: Any, agent: Handset) -> None:
    client.calls.create(to=agent.number, from_=LINE, url=f"{site.url}/voice")
    sim.advance(10)
    (seen,) = site.at("/voice")
    assert {"FromCountry", "CallerCountry"} == {name for name in seen.params if name.endswith("Country")}


def test_a_client_may_call_a_client_but_not_a_number(sim: Simulator, client: Client, agent: Handset) -> None:
    client.calls.create(to=agent.number, from_="client:desk", twiml=document("<Say>hi</Say>"))
    agent.expect_say("hi")
    agent.expect_hangup()
    assert agent.state["last_call"]["from"] == "client:desk"
    with pytest.raises(TwilioRestException):
        client.calls.create(to=CALLER, from_="client:desk", twiml=document())


def test_a_client_calls_through_its_application(sim: Simulator, client: Client, site: Any, agent: Handset, anne: Handset) -> None:
    site.answer("/browser", document(f'<Dial callerId="{LINE}">{ANNE}</Dial>'))
    client.applications.create(friendly_name="browser phones", voice_url=f"{site.url}/browser")
    agent.call(ANNE)
    anne.expect_ring()
    anne.answer()
    sim.advance(1)
    agent.speak("hello")
    assert heard(anne) == [("client:agent.1", "hello")]
    params = site.at("/browser")[0].params
    assert (params["From"], params["To"], params["Direction"], params["CallStatus"]) == (
        "client:agent.1",
        ANNE,
        "inbound",
        "ringing",
    )


def test_a_client_without_an_application_asks_the_number(sim: Simulator, site: Any, agent: Handset) -> None:
    site.answer("/voice", document("<Say>welcome</Say>"))
    agent.call("anything at all")
    agent.expect_say("welcome")
    assert site.at("/voice")[0].params["To"] == "anything at all"


@pytest.mark.parametrize("address", ["sip:desk@example.com", "sips:desk@example.com"])
def test_a_call_to_a_sip_address_fails(address: str, sim: Simulator, client: Client) -> None:
    sid = client.calls.create(to=address, from_=LINE, twiml=document("<Say>hi</Say>")).sid
    sim.advance(5)
    assert client.calls(sid).fetch().status == "failed"


@pytest.mark.parametrize("address", ["client:", "client:with space", "Client:agent", "agent"])
def test_what_is_no_address_is_refused(address: str, client: Client) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.calls.create(to=address, from_=LINE, twiml=document())
    assert refused.value.code == 21211


def test_a_number_may_ask_with_get(sim: Simulator, site: Any, phone: Handset) -> None:
    sim.point(voice_method="GET", sms_method="GET")
    phone.call(LINE)
    phone.text(LINE, "hello")
    sim.advance(5)
    assert [site.at(path)[0].method for path in ("/voice", "/sms")] == ["GET", "GET"]


def test_a_conference_takes_in_a_client(sim: Simulator, client: Client, site: Any, phone: Handset, agent: Handset) -> None:
    site.answer("/voice", document("<Dial><Conference>desk</Conference></Dial>"))
    phone.call(LINE)
    sim.advance(1)
    (room,) = client.conferences.list()
    client.conferences(room.sid).participants.create(to=agent.number, from_=LINE)
    sim.advance(5)
    phone.speak("good morning")
    agent.expect_speech("good morning")


def test_the_callers_name_is_sent_where_it_is_looked_up(sim: Simulator, client: Client, site: Any, phone: Handset) -> None:
    """It is empty, as cities are: nobody here knows it. Applications that asked for it expect the parameter."""
    phone.call(LINE)
    sim.advance(5)
    (line,) = client.incoming_phone_numbers.list()
    line.update(voice_caller_id_lookup=True)
    phone.call(LINE)
    sim.advance(5)
    assert [seen.params.get("CallerName") for seen in site.at("/voice")] == [None, ""]


def test_an_application_gets_what_its_client_sends_along(sim: Simulator, site: Any, agent: Handset) -> None:
    site.answer("/voice", document('<Redirect method="POST">/voice</Redirect>'))
    site.answer("/voice", document("<Say>one moment</Say>"))
    agent.call("support", phoneNumber=CALLER, topic="a bill & more")
    agent.expect_say("one moment")
    first, second = site.at("/voice")
    assert (first.params["To"], first.params["phoneNumber"], first.params["topic"]) == ("support", CALLER, "a bill & more")
    assert "phoneNumber" not in second.params


@pytest.mark.parametrize("parameters", [["a"], {"a": 1}, {"a": ""}])
def test_parameters_of_a_client_are_texts(parameters: Any, sim: Simulator, agent: Handset) -> None:
    with pytest.raises(Refused, match="bad_body"):
        sim.ask("POST", "/phones/client:agent.1/call", {"to": "support", "parameters": parameters})


def test_events_that_do_not_exist_are_told_and_the_call_is_made(sim: Simulator, client: Client, site: Any, phone: Handset) -> None:
    """Applications of others ask for `busy` and `no-answer`, too, and are called back when the call is over."""
    order = {"to": phone.number, "from_": LINE, "twiml": document("<Say>hi</Say>"), "status_callback": f"{site.url}/status"}
    sid = client.calls.create(status_callback_event=["completed", "busy", "no-answer"], **order).sid
    client.calls.create(status_callback_event=["initiated ringing answered completed"], **order)
    sim.advance(10)
    assert [seen.params["CallSid"] for seen in site.at("/status")] == [sid]
    warnings = [alert["text"] for entry in sim.requests() for alert in entry["alerts"] if alert["code"] == 21626]
    assert warnings == [
        "Invalid 'StatusCallbackEvent': busy, no-answer",
        "Invalid 'StatusCallbackEvent': initiated ringing answered completed",
    ]
