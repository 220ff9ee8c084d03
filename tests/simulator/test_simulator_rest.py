"""The REST API: every answer has Twilio's shape, every refusal Twilio's code, and Twilio's own client can use it."""

from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio_rest import ACCOUNT, KEY, LINE, PHONE, TEST_ACCOUNT, TEST_KEY, VERIFIED, Rest, check

from simulator.driver import Handset, Simulator

HELLO = "<Response><Say>Hello</Say></Response>"


def test_a_call_has_twilios_shape_at_every_stage(rest: Rest, sim: Simulator, phone: Handset) -> None:
    phone.on_ring("ring")
    placed = rest.post("/Calls.json", To=PHONE, From=LINE, Twiml=HELLO)
    assert (placed["status"], placed["direction"], placed["to_formatted"]) == (
        "queued",
        "outbound-api",
        "(555) 000-2222",
    )
    assert placed["start_time"] is None
    path = f"/Calls/{placed['sid']}.json"
    sim.settle()
    assert rest.get(path)["status"] == "ringing"
    phone.answer()
    sim.settle()
    assert rest.get(path)["status"] == "in-progress"
    sim.advance(60)
    over = rest.get(path)
    assert (over["status"], over["duration"]) == ("completed", "0")
    assert over["end_time"] is not None
    assert rest.get(path.removesuffix(".json")) == over
    rest.delete(path)
    rest.refused(path, 20404, 404, "GET")


def test_a_message_has_twilios_shape_at_every_stage(rest: Rest, sim: Simulator, phone: Handset) -> None:
    sent = rest.post("/Messages.json", To=PHONE, From=LINE, Body="Hi")
    assert (sent["status"], sent["direction"], sent["num_segments"], sent["date_sent"]) == (
        "queued",
        "outbound-api",
        "1",
        None,
    )
    path = f"/Messages/{sent['sid']}.json"
    rest.refused(path, 20009, 409, "DELETE")
    sim.advance(1)
    delivered = rest.get(path)
    assert delivered["status"] == "delivered"
    assert delivered["date_sent"] is not None
    assert [text["body"] for text in phone.messages] == ["Hi"]
    assert rest.post(path, Body="")["body"] == ""
    rest.refused(path, 30409, Status="canceled")
    rest.delete(path)
    rest.refused(path, 20404, 404, "GET")


def test_a_queued_message_can_be_canceled(rest: Rest, sim: Simulator, phone: Handset) -> None:
    sent = rest.post("/Messages.json", To=PHONE, From=LINE, Body="Hi")
    assert rest.post(f"/Messages/{sent['sid']}.json", Status="canceled")["status"] == "canceled"
    sim.advance(5)
    assert phone.messages == []


def test_pictures_make_an_mms(rest: Rest) -> None:
    media = ["https://a.example/1.png", "https://a.example/2.jpg"]
    sent = rest.post("/Messages.json", To=PHONE, From=LINE, MediaUrl=media)
    assert (sent["sid"][:2], sent["num_media"], sent["body"]) == ("MM", "2", "")


def test_the_account(quiet_rest: Rest) -> None:
    account = quiet_rest.get(".json")
    assert (account["sid"], account["type"], account["auth_token"]) == (ACCOUNT, "Full", None)
    assert quiet_rest.get("") == account
    assert quiet_rest.get("/Calls")["calls"] == []


CALL = {"To": PHONE, "From": LINE, "Url": "http://127.0.0.1:9/v"}
MESSAGE = {"To": PHONE, "From": LINE, "Body": "x"}
CALL_REFUSALS: list[tuple[dict[str, Any], int]] = [
    ({"To": ""}, 21201),
    ({"To": "+1asd"}, 21211),
    ({"To": "12"}, 21211),
    ({"To": "+999123456789"}, 21211),
    ({"From": ""}, 21213),
    ({"From": "nobody"}, 21212),
    ({"From": "+15550009999"}, 21210),
    ({"Url": ""}, 21205),
    ({"Url": "/voice_url"}, 21205),
    ({"Url": "ftp://a.example/"}, 21205),
    ({"Url": "http://[broken"}, 21205),
    ({"FallbackUrl": "fallback"}, 21205),
    ({"Method": "PUT"}, 21209),
    ({"StatusCallback": "status"}, 21609),
    ({"StatusCallback": "https://my_host/x"}, 21609),
    ({"Timeout": "soon"}, 21208),
    ({"SendDigits": "call me"}, 21206),
    ({"SendDigits": "1" * 33}, 21206),
    ({"MachineDetection": "Perhaps"}, 21234),
    ({"ApplicationSid": "AP" + "0" * 32}, 21218),
    ({"Url": "", "Twiml": "<Response>" + " " * 4000 + "</Response>"}, 21658),
]
MESSAGE_REFUSALS: list[tuple[dict[str, Any], int]] = [
    ({"To": ""}, 21604),
    ({"To": "+1asd"}, 21211),
    ({"From": ""}, 21603),
    ({"From": "", "MessagingServiceSid": "MG" + "0" * 32}, 21701),
    ({"From": "x"}, 21212),
    ({"From": "+15550009999"}, 21606),
    ({"From": VERIFIED}, 21606),
    ({"Body": ""}, 21602),
    ({"Body": "x" * 1601}, 21617),
    ({"MediaUrl": "picture.png"}, 21620),
    ({"MediaUrl": ["https://a.example/1.png"] * 11}, 21623),
    ({"StatusCallback": "status"}, 21609),
    ({"ScheduleType": "fixed", "SendAt": "2030-01-01T00:00:00Z"}, 35118),
]


@pytest.mark.parametrize(("change", "code"), CALL_REFUSALS, ids=lambda value: str(value)[:40])
def test_calls_that_are_refused(change: dict[str, Any], code: int, quiet_rest: Rest) -> None:
    quiet_rest.refused("/Calls.json", code, **(CALL | change))
    assert quiet_rest.get("/Calls.json")["calls"] == []


@pytest.mark.parametrize(("change", "code"), MESSAGE_REFUSALS, ids=lambda value: str(value)[:40])
def test_messages_that_are_refused(change: dict[str, Any], code: int, quiet_rest: Rest) -> None:
    quiet_rest.refused("/Messages.json", code, **(MESSAGE | change))
    assert quiet_rest.get("/Messages.json")["messages"] == []


def test_countries_and_numbers_that_the_account_may_not_reach_are_refused(http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], countries=("US",), blocked_numbers=(PHONE,)) as sim:
        narrow = Rest(http, sim.url)
        narrow.refused("/Calls.json", 21216, **CALL)
        narrow.refused("/Calls.json", 21215, **(CALL | {"To": "+442071234567"}))
        narrow.refused("/Messages.json", 21408, **(MESSAGE | {"To": "+442071234567"}))
        narrow.post("/Calls.json", **(CALL | {"To": "client:alice"}))
        narrow.post("/Messages.json", **MESSAGE)


def test_what_may_be_left_out_or_is_unknown_is_no_reason_to_refuse(rest: Rest) -> None:
    rest.post("/Calls.json", **CALL, Timeout="900", Record="true", Sparkle="yes", FallbackUrl="")
    rest.post("/Calls.json", **(CALL | {"From": VERIFIED}))
    rest.post("/Messages.json", **(MESSAGE | {"Body": "x" * 1600, "To": "(555) 000-2222"}))


# Twilio's magic numbers, https://www.twilio.com/docs/iam/test-credentials, as tested by scottswezey/twilio_magic_values
@pytest.mark.parametrize(
    ("resource", "sender", "to", "code"),
    [
        ("Calls", "+15005550001", PHONE, 21212),
        ("Calls", "+15005550007", PHONE, 21210),
        ("Calls", LINE, PHONE, 21210),
        ("Calls", "+15005550006", "+15005550001", 21217),
        ("Calls", "+15005550006", "+15005550002", 21214),
        ("Calls", "+15005550006", "+15005550003", 21215),
        ("Calls", "+15005550006", "+15005550004", 21216),
        ("Messages", "+15005550001", PHONE, 21212),
        ("Messages", "+15005550007", PHONE, 21606),
        ("Messages", "+15005550008", PHONE, 21611),
        ("Messages", LINE, PHONE, 21606),
        ("Messages", "+15005550006", "+15005550001", 21211),
        ("Messages", "+15005550006", "+15005550002", 21612),
        ("Messages", "+15005550006", "+15005550003", 21408),
        ("Messages", "+15005550006", "+15005550004", 21610),
        ("Messages", "+15005550006", "+15005550009", 21614),
    ],
)
def test_magic_numbers(resource: str, sender: str, to: str, code: int, quiet_sim: Simulator, http: httpx.Client) -> None:
    fields = (CALL if resource == "Calls" else MESSAGE) | {"To": to, "From": sender}
    Rest(http, quiet_sim.url, TEST_ACCOUNT, TEST_KEY).refused(f"/{resource}.json", code, 429 if code == 21611 else 400, **fields)


def test_test_credentials_have_no_effects(magic_rest: Rest, rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    magic = {"From": "+15005550006", "StatusCallback": f"{site.url}/status"}
    assert magic_rest.post("/Calls.json", **(CALL | magic))["status"] == "queued"
    assert magic_rest.post("/Messages.json", **(MESSAGE | magic))["status"] == "queued"
    sim.advance(100)
    assert site.seen == []
    assert phone.messages == []
    magic_rest.refused("/Calls.json", 20008, 403, "GET")
    magic_rest.refused("/Messages.json", 20008, 403, "GET")
    assert rest.get("/Calls.json")["calls"] == []


@pytest.mark.parametrize(
    ("account", "key"),
    [(ACCOUNT, "wrong"), ("AC" + "3" * 32, KEY), (TEST_ACCOUNT, KEY), (ACCOUNT, ""), (ACCOUNT, "ключ")],
)
def test_wrong_credentials(account: str, key: str, quiet_sim: Simulator, http: httpx.Client) -> None:
    Rest(http, quiet_sim.url, account, key).refused("/Calls.json", 20003, 401, "GET")


def test_missing_credentials_are_asked_for(quiet_sim: Simulator, http: httpx.Client) -> None:
    response = http.get(f"{quiet_sim.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="Twilio API"'
    assert check("error", response.json())["code"] == 20003


def test_a_proxy_may_stand_in_for_twilio(quiet_sim: Simulator, http: httpx.Client) -> None:
    url = f"{quiet_sim.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    for host, status in {"api.twilio.com": 200, "twilio.com.evil.example": 403, "evil-twilio.com": 403}.items():
        assert http.get(url, auth=(ACCOUNT, KEY), headers={"Host": host}).status_code == status


def test_the_credentials_of_one_account_open_no_other(quiet_sim: Simulator, http: httpx.Client) -> None:
    response = http.get(f"{quiet_sim.url}/2010-04-01/Accounts/{TEST_ACCOUNT}/Calls.json", auth=(ACCOUNT, KEY))
    assert response.status_code == 401


def test_unknown_things_and_methods(quiet_rest: Rest) -> None:
    quiet_rest.refused("/Calls/CA" + "0" * 32 + ".json", 20404, 404, "GET")
    quiet_rest.refused("/Messages/SM" + "0" * 32 + ".json", 20404, 404, "GET")
    quiet_rest.refused("/SIP/Domains.json", 20404, 404, "GET")
    quiet_rest.refused("/Calls.json", 20004, 405, "PUT")
    quiet_rest.refused("/Calls.json", 20004, 405, "DELETE")


def test_pages_hold_their_place_while_new_calls_arrive(rest: Rest, sim: Simulator, client: Client, http: httpx.Client) -> None:
    made = [rest.post("/Calls.json", **CALL)["sid"] for _ in range(5)]
    first = rest.get("/Calls.json", PageSize=2, From=LINE)
    assert [call["sid"] for call in first["calls"]] == made[:2:-1]
    assert (first["page"], first["start"], first["end"], first["previous_page_uri"]) == (0, 0, 1, None)
    rest.post("/Calls.json", **CALL)
    second = http.get(sim.url + first["next_page_uri"], auth=(ACCOUNT, KEY)).json()
    assert [call["sid"] for call in check({"calls": "call"}, second)["calls"]] == made[2:0:-1]
    assert (second["page"], second["start"], second["end"]) == (1, 2, 3)
    assert "From=%2B15550001111" in second["next_page_uri"]
    back = http.get(sim.url + second["previous_page_uri"], auth=(ACCOUNT, KEY)).json()
    assert back["calls"] == first["calls"]
    last = http.get(sim.url + second["next_page_uri"], auth=(ACCOUNT, KEY)).json()
    assert [call["sid"] for call in last["calls"]] == made[:1]
    assert last["next_page_uri"] is None
    assert len(client.calls.list(page_size=2)) == 6


def test_an_empty_page(quiet_rest: Rest) -> None:
    empty = quiet_rest.get("/Messages.json", To=PHONE)
    assert (empty["messages"], empty["start"], empty["end"], empty["next_page_uri"]) == ([], 0, 0, None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"PageSize": "0"}, 20001),
        ({"PageSize": "x"}, 20001),
        ({"Page": "-1"}, 20001),
        ({"PageToken": "PAnothing"}, 21481),
        ({"StartTime": "yesterday"}, 20001),
    ],
)
def test_lists_that_are_refused(fields: dict[str, str], code: int, quiet_rest: Rest) -> None:
    quiet_rest.refused("/Calls.json", code, method="GET", **fields)


def test_calls_are_found_by_what_they_are(rest: Rest, sim: Simulator) -> None:
    busy = sim.phone("+15550005555")
    busy.on_ring("busy")
    rest.post("/Calls.json", **(CALL | {"To": busy.number}))
    rest.post("/Calls.json", **CALL, Timeout="5")
    sim.advance(86_400 * 2)
    done = rest.post("/Calls.json", **CALL)["sid"]
    sim.advance(60)

    def found(**fields: str) -> int:
        return len(rest.get("/Calls.json", **fields)["calls"])

    today = rest.get(f"/Calls/{done}.json")["start_time"]
    day = f"{sim.exchange.clock.now():%Y-%m-%d}"
    assert today is not None
    assert (found(), found(To=PHONE), found(To=busy.number), found(From=PHONE)) == (3, 2, 1, 0)
    assert (found(Status="busy"), found(Status="completed"), found(ParentCallSid="CA" + "0" * 32)) == (1, 2, 0)
    assert (found(StartTime=day), found(**{"StartTime<": day}), found(**{"StartTime>": day})) == (1, 2, 1)
    assert (found(EndTime=day), found(**{"EndTime<": day})) == (1, 2)


def test_messages_are_found_by_the_day_they_were_sent(rest: Rest, sim: Simulator) -> None:
    rest.post("/Messages.json", **MESSAGE)
    sim.advance(86_400)
    day = f"{sim.exchange.clock.now():%Y-%m-%d}"
    assert rest.get("/Messages.json", DateSent=day)["messages"] == []
    assert len(rest.get("/Messages.json", **{"DateSent<": day})["messages"]) == 1


def test_twilios_client_drives_a_whole_call(client: Client, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", HELLO)
    call = client.calls.create(to=PHONE, from_=LINE, url=f"{site.url}/voice")
    assert call.date_created is None
    sim.advance(60)
    fetched = client.calls(call.sid).fetch()
    assert (fetched.status, fetched.answered_by, fetched.queue_time) == ("completed", None, "0")
    assert fetched.end_time >= fetched.start_time
    assert phone.said == ["Hello"]
    with pytest.raises(TwilioRestException) as refusal:
        client.calls(call.sid).update(status="completed")
    assert (refusal.value.status, refusal.value.code) == (400, 21220)
    assert client.calls(call.sid).delete()


def test_trial_accounts_reach_verified_numbers_only(http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], trial=True, caller_ids=(VERIFIED,)) as trial:
        rest = Rest(http, trial.url)
        rest.refused("/Calls.json", 21219, **CALL)
        rest.refused("/Messages.json", 21608, **MESSAGE)
        rest.post("/Calls.json", **(CALL | {"To": VERIFIED}))
        sent = rest.post("/Messages.json", **(MESSAGE | {"To": VERIFIED}))
        assert sent["body"] == "Sent from your Twilio trial account - x"
        assert rest.get(".json")["type"] == "Trial"
