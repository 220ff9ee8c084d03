"""A messaging service chooses the number, texts wait for their time and their turn, and an opt-out is from all numbers.

Facts: Twilio's pages on messaging services, message scheduling, status callbacks, and errors 21610, 21611, 30036, 351xx.
"""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from twilio_rest import ACCOUNT, KEY, LINE, PHONE, Rest

from simulator.driver import Simulator

SERVICE = "MG" + "5" * 32
BRITISH, SECOND = "+447700900123", "+15550001112"
MESSAGE = {"To": PHONE, "MessagingServiceSid": SERVICE, "Body": "Hi"}


@pytest.fixture
def sim(site: Any) -> Any:
    settings = {"messaging_service_sid": SERVICE, "sms_url": f"{site.url}/sms"}
    with Simulator(ACCOUNT, KEY, [BRITISH, LINE, SECOND], **settings) as simulator:
        yield simulator


@pytest.fixture
def rest(sim: Simulator, http: httpx.Client) -> Rest:
    return Rest(http, sim.url)


def statuses(site: Any) -> list[str]:
    return [seen.params["MessageStatus"] for seen in site.at("/st")]


def test_a_service_chooses_a_number_of_the_recipients_country_and_keeps_it(rest: Rest, sim: Simulator, site: Any) -> None:
    sent = rest.post("/Messages.json", **MESSAGE, StatusCallback=f"{site.url}/st")
    assert (sent["status"], sent["from"], sent["num_segments"], sent["messaging_service_sid"]) == ("accepted", None, "0", SERVICE)
    sim.advance(5)
    arrived = rest.get(f"/Messages/{sent['sid']}.json")
    assert (arrived["status"], arrived["from"], arrived["num_segments"]) == ("delivered", LINE, "1")
    assert statuses(site) == ["queued", "sending", "sent", "delivered"]
    assert {seen.params["MessagingServiceSid"] for seen in site.at("/st")} == {SERVICE}
    rest.post("/Messages.json", **(MESSAGE | {"To": "+447700900999"}))
    rest.post("/Messages.json", **MESSAGE)
    rest.post("/Messages.json", **MESSAGE, From=SECOND)
    sim.advance(5)
    assert [message["from"] for message in rest.get("/Messages.json")["messages"]] == [SECOND, LINE, BRITISH, LINE]


def test_a_services_sid_may_stand_as_the_sender(rest: Rest) -> None:
    assert rest.post("/Messages.json", To=PHONE, From=SERVICE, Body="x")["messaging_service_sid"] == SERVICE


def test_an_incoming_text_names_the_service(sim: Simulator, site: Any) -> None:
    sim.phone(PHONE).text(LINE, "hi")
    sim.settle()
    assert site.at("/sms")[0].params["MessagingServiceSid"] == SERVICE


def test_who_says_stop_to_one_number_hears_from_none(rest: Rest, sim: Simulator, site: Any) -> None:
    sim.phone(PHONE).text(SECOND, "STOP")
    sim.advance(5)
    rest.refused("/Messages.json", 21610, To=PHONE, From=LINE, Body="x")
    sent = rest.post("/Messages.json", **MESSAGE, StatusCallback=f"{site.url}/st")
    sim.advance(5)
    failed = rest.get(f"/Messages/{sent['sid']}.json")
    assert (failed["status"], failed["error_code"]) == ("failed", 21610)
    assert statuses(site) == ["queued", "failed"]
    sim.phone(PHONE).text(LINE, "START")
    sim.advance(5)
    sent = rest.post("/Messages.json", **MESSAGE)
    sim.advance(5)
    assert rest.get(f"/Messages/{sent['sid']}.json")["status"] == "delivered"


def test_a_scheduled_text_leaves_at_its_time(rest: Rest, sim: Simulator, site: Any) -> None:
    at = sim.exchange.clock.now() + timedelta(hours=1)
    fields = {"ScheduleType": "fixed", "SendAt": f"{at:%Y-%m-%dT%H:%M:%SZ}", "StatusCallback": f"{site.url}/st"}
    sent = rest.post("/Messages.json", **MESSAGE, **fields)
    assert (sent["status"], sent["date_sent"]) == ("scheduled", None)
    rest.refused(f"/Messages/{sent['sid']}.json", 20009, 409, "DELETE")
    sim.advance(3599)
    assert rest.get(f"/Messages/{sent['sid']}.json")["status"] == "scheduled"
    sim.advance(5)
    assert statuses(site) == ["queued", "sending", "sent", "delivered"]


def test_a_scheduled_text_can_be_canceled(rest: Rest, sim: Simulator, site: Any) -> None:
    at = (sim.exchange.clock.now() + timedelta(days=35)).isoformat()
    callback = {"StatusCallback": f"{site.url}/st"}
    sent = rest.post("/Messages.json", **MESSAGE, ScheduleType="fixed", SendAt=at, **callback)
    assert rest.post(f"/Messages/{sent['sid']}.json", Status="canceled")["status"] == "canceled"
    sim.advance(36 * 86_400)
    assert statuses(site) == ["canceled"]
    assert sim.phone(PHONE).messages == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"MessagingServiceSid": "MG" + "0" * 32}, 21701),
        ({"From": "+15550009999"}, 21606),
        ({"ScheduleType": "fixed"}, 35111),
        ({"ScheduleType": "fixed", "SendAt": "tomorrow"}, 35115),
        ({"ScheduleType": "fixed", "SendAt": "2001-01-01T00:00:00Z"}, 35114),
        ({"ScheduleType": "fixed", "SendAt": "2999-01-01T00:00:00Z"}, 35114),
        ({"ScheduleType": "loose", "SendAt": "2999-01-01T00:00:00Z"}, 35126),
        ({"ScheduleType": "fixed", "SendAt": "2999-01-01T00:00:00Z", "MessagingServiceSid": "", "From": LINE}, 35118),
    ],
)
def test_orders_for_a_service_that_are_refused(change: dict[str, str], code: int, rest: Rest) -> None:
    rest.refused("/Messages.json", code, **(MESSAGE | change))


def test_a_service_without_numbers(rest: Rest) -> None:
    for number in rest.get("/IncomingPhoneNumbers.json")["incoming_phone_numbers"]:
        rest.delete(f"/IncomingPhoneNumbers/{number['sid']}.json")
    rest.refused("/Messages.json", 21704, **MESSAGE)


def test_texts_wait_for_their_turn_where_a_number_has_a_rate(http: httpx.Client, site: Any) -> None:
    with Simulator(ACCOUNT, KEY, [LINE, SECOND], text_rate=1) as sim:
        rest, phone = Rest(http, sim.url), sim.phone(PHONE)
        for body, sender in (("a" * 320, LINE), ("b", LINE), ("c", LINE), ("d", SECOND)):
            rest.post("/Messages.json", To=PHONE, From=sender, Body=body)
        late = rest.post("/Messages.json", To=PHONE, From=LINE, Body="e", ValidityPeriod="4", StatusCallback=f"{site.url}/st")
        sim.advance(1)
        assert [text["body"][0] for text in phone.messages] == ["a", "d"]
        sim.advance(3)
        assert [text["body"][0] for text in phone.messages] == ["a", "d", "b"]
        assert rest.get(f"/Messages/{late['sid']}.json")["status"] == "queued"
        sim.advance(2)
        assert [text["body"][0] for text in phone.messages] == ["a", "d", "b", "c"]
        expired = rest.get(f"/Messages/{late['sid']}.json")
        assert (expired["status"], expired["error_code"]) == ("failed", 30036)
        assert statuses(site) == ["failed"]


def test_a_number_takes_ten_hours_of_texts(http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE, SECOND], text_rate=0.0001) as sim:
        rest = Rest(http, sim.url)
        for _ in range(4):
            rest.post("/Messages.json", To=PHONE, From=LINE, Body="x")
        rest.refused("/Messages.json", 21611, 429, To=PHONE, From=LINE, Body="x")
        rest.post("/Messages.json", To=PHONE, From=SECOND, Body="x")
