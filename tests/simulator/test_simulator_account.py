"""What an account can look up about itself: what went wrong, what was used, and how much is allowed at once."""

import threading
from datetime import timedelta
from typing import Any

import httpx
import jsonschema
import pytest
from twilio.rest import Client
from twilio_rest import ACCOUNT, KEY, LINE, PHONE, Rest

from simulator.driver import Handset, Simulator

HELLO = "<Response><Say>Hello</Say></Response>"
MONITOR_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
TEXT, MAYBE = {"type": "string"}, {"type": ["string", "null"]}
# https://github.com/twilio/twilio-oai spec/json/twilio_monitor_v1.json (Apache-2.0): monitor.v1.alert, alert-instance
ALERT = {
    "account_sid": {"type": "string", "pattern": "^AC[0-9a-fA-F]{32}$"},
    "sid": {"type": "string", "pattern": "^NO[0-9a-fA-F]{32}$"},
    "log_level": {"enum": ["error", "warning", "notice", "debug"]},
    "service_sid": MAYBE,
    "url": {"type": "string", "pattern": "^http://"},
    **dict.fromkeys(("date_created", "date_generated", "date_updated"), MONITOR_DATE),
    **dict.fromkeys(
        ("alert_text", "api_version", "error_code", "more_info", "request_method", "request_url", "resource_sid"), TEXT
    ),
}
WHOLE_ALERT = ALERT | dict.fromkeys(("request_headers", "request_variables", "response_body", "response_headers"), TEXT)


def check_alert(properties: dict[str, Any], body: Any) -> Any:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    jsonschema.Draft202012Validator(schema).validate(body)
    return body


@pytest.fixture
def trouble(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> str:
    """A call whose document was not found, after a text that was answered with an unknown verb; returns the call's SID."""
    site.answer("/sms", "<Response><Shout/></Response>")
    site.answer("/voice", "sorry", status=500, kind="text/plain")
    phone.text(LINE, "Hi")
    sim.advance(5)
    sid = phone.call(LINE)
    sim.advance(60)
    return sid


def test_what_went_wrong_is_a_notification(rest: Rest, trouble: str, site: Any) -> None:
    error, warning = rest.get("/Notifications.json")["notifications"]
    assert (error["error_code"], error["log"], error["call_sid"]) == ("11200", "0", trouble)
    assert (error["request_url"], error["request_method"]) == (f"{site.url}/voice", "POST")
    assert (warning["error_code"], warning["log"], warning["call_sid"]) == ("12200", "1", None)
    whole = rest.get(f"/Notifications/{error['sid']}.json")
    assert error.items() <= whole.items()
    assert f"CallSid={trouble}" in whole["request_variables"]
    assert whole["response_body"] == "sorry"
    assert "text%2Fplain" in whole["response_headers"]


def test_a_call_has_its_own_notifications(rest: Rest, trouble: str) -> None:
    path = f"/Calls/{trouble}/Notifications"
    [only] = rest.get(f"{path}.json")["notifications"]
    assert rest.get(f"{path}/{only['sid']}.json")["error_code"] == "11200"
    other = rest.get("/Notifications.json", Log="1")["notifications"][0]["sid"]
    rest.refused(f"{path}/{other}.json", 20404, 404, "GET")
    rest.refused(f"/Notifications/NO{'0' * 32}.json", 20404, 404, "GET")


def test_a_call_shows_the_requests_that_were_made_for_it(rest: Rest, trouble: str, site: Any) -> None:
    asked, ended = rest.get(f"/Calls/{trouble}/Events.json")["events"]
    assert (asked["request"]["method"], asked["request"]["url"]) == ("POST", f"{site.url}/voice")
    assert (asked["request"]["parameters"]["call_sid"], asked["request"]["parameters"]["to_country"]) == (trouble, "US")
    answer = asked["response"]
    assert (answer["response_code"], answer["content_type"], answer["response_body"]) == (500, "text/plain", "sorry")
    assert ended["request"]["url"] == f"{site.url}/number-status"
    for part in ("Events", "Notifications"):
        rest.refused(f"/Calls/CA{'0' * 32}/{part}.json", 20404, 404, "GET")


def test_notifications_are_found_by_their_day(rest: Rest, trouble: str, sim: Simulator) -> None:
    day = f"{sim.exchange.clock.now():%Y-%m-%d}"
    assert len(rest.get("/Notifications.json", MessageDate=day)["notifications"]) == 2
    assert rest.get("/Notifications.json", **{"MessageDate<": day})["notifications"] == []


def test_the_monitor_lists_the_same_as_alerts(trouble: str, sim: Simulator, http: httpx.Client) -> None:
    def ask(path: str, **fields: str) -> Any:
        return http.get(f"{sim.url}/v1/Alerts{path}", params=fields, auth=(ACCOUNT, KEY)).json()

    found = ask("", PageSize="1")
    assert check_alert(ALERT, found["alerts"][0])["error_code"] == "11200"
    assert (found["meta"]["key"], found["meta"]["page_size"]) == ("alerts", 1)
    second = http.get(found["meta"]["next_page_url"], auth=(ACCOUNT, KEY)).json()
    assert (second["alerts"][0]["error_code"], second["meta"]["next_page_url"]) == ("12200", None)
    whole = check_alert(WHOLE_ALERT, ask(f"/{found['alerts'][0]['sid']}"))
    assert (whole["resource_sid"], whole["response_body"]) == (trouble, "sorry")
    assert [one["log_level"] for one in ask("", LogLevel="warning")["alerts"]] == ["warning"]
    now = sim.exchange.clock.now()
    today, tomorrow = f"{now:%Y-%m-%d}", f"{now + timedelta(days=1):%Y-%m-%d}"
    counts = [len(ask("", **fields)["alerts"]) for fields in ({"StartDate": today, "EndDate": today}, {"StartDate": tomorrow})]
    assert counts == [2, 0]
    missing = http.get(f"{sim.url}/v1/Alerts/NO{'0' * 32}", auth=(ACCOUNT, KEY))
    assert (missing.status_code, missing.json()["code"]) == (404, 20404)
    assert http.get(f"{sim.url}/v1/Alerts").status_code == 401


def test_twilios_client_reads_notifications_alerts_usage_and_balance(client: Client, trouble: str, sim: Simulator) -> None:
    client.monitor.base_url = sim.url
    assert [alert.error_code for alert in client.monitor.v1.alerts.list()] == ["11200", "12200"]
    assert client.monitor.v1.alerts(client.monitor.v1.alerts.list(limit=1)[0].sid).fetch().response_body == "sorry"
    assert [one.error_code for one in client.calls(trouble).notifications.list()] == ["11200"]
    assert client.balance.fetch().balance == "100.00"
    assert {one.category: one.count for one in client.usage.records.today.list()}["sms-inbound"] == "1"


def test_usage_counts_what_was_done(rest: Rest, sim: Simulator, phone: Handset, site: Any) -> None:
    site.answer("/voice", '<Response><Say>Wait</Say><Pause length="70"/></Response>')
    phone.call(LINE)
    sim.advance(80)
    rest.post("/Calls.json", From=LINE, To=PHONE, Twiml=HELLO)
    rest.post("/Calls.json", From=LINE, To="+15550007777", Twiml=HELLO, Timeout="1")
    site.answer("/picture.png", b"picture", kind="image/png")
    rest.post("/Messages.json", From=LINE, To=PHONE, Body="x" * 500)
    rest.post("/Messages.json", From=LINE, To=PHONE, MediaUrl=f"{site.url}/picture.png")
    sim.advance(60)

    def used(path: str = "", **fields: str) -> dict[str, tuple[str, str]]:
        records = rest.get(f"/Usage/Records{path}.json", **fields)["usage_records"]
        return {one["category"]: (one["count"], one["usage"]) for one in records}

    found = used()
    assert (found["calls"], found["calls-inbound"], found["calls-outbound"]) == (("2", "3"), ("1", "2"), ("1", "1"))
    assert (found["sms-outbound"], found["sms-inbound"], found["mms-outbound"]) == (("1", "1"), ("0", "0"), ("1", "1"))
    assert found["phonenumbers"] == ("1", "1")
    for period in ("Today", "ThisMonth", "AllTime"):
        assert used(f"/{period}") == found
    for period in ("Yesterday", "LastMonth"):
        assert set(used(f"/{period}").values()) == {("0", "0")}
    assert used(Category="sms") == {"sms": ("1", "1")}
    assert used(Category="carrier-lookups") == {"carrier-lookups": ("0", "0")}
    rest.refused("/Usage/Records.json", 20001, method="GET", Category="no such thing")
    rest.refused("/Usage/Records.json", 20001, method="GET", StartDate="yesterday")


def test_usage_by_day_month_and_year(rest: Rest, sim: Simulator, phone: Handset) -> None:
    start = sim.exchange.clock.now().date()
    phone.text(LINE, "One")
    sim.advance(86_400 * 2)
    phone.text(LINE, "Two")
    sim.advance(5)

    def counts(period: str, **fields: str) -> list[tuple[str, str]]:
        records = rest.get(f"/Usage/Records/{period}.json", Category="sms-inbound", **fields)["usage_records"]
        return [(one["start_date"], one["count"]) for one in records]

    days = [f"{start + timedelta(days=number)}" for number in range(3)]
    assert counts("Daily") == [(days[2], "1"), (days[1], "0"), (days[0], "1")]
    assert counts("Daily", StartDate=days[1], EndDate=days[1]) == [(days[1], "0")]
    for period in ("Monthly", "Yearly"):
        assert sum(int(count) for _, count in counts(period)) == 2
    assert rest.get("/Usage/Records.json", Category="sms-inbound")["usage_records"][0]["start_date"] == days[0]


def test_calls_are_placed_as_fast_as_was_set(site: Any, http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], calls_per_second=4) as sim:
        rest = Rest(http, sim.url)
        for number in range(5):
            rest.post("/Calls.json", From=LINE, To=f"+1555000444{number}", Twiml=HELLO)
        sim.advance(0.6)
        calls = rest.get("/Calls.json")["calls"]
        assert [call["status"] for call in calls].count("queued") == 2
        assert [call["queue_time"] for call in calls[::-1]] == ["0", "250", "500", "750", "1000"]


def test_a_queue_of_more_than_a_day_takes_no_more_calls(http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], calls_per_second=0.00002) as sim:
        rest = Rest(http, sim.url)
        call = {"From": LINE, "To": PHONE, "Twiml": HELLO}
        for _ in range(2):
            rest.post("/Calls.json", **call)
            sim.settle()
        rest.refused("/Calls.json", 22005, 429, **call)


def test_more_requests_at_once_than_allowed_are_refused_and_not_carried_out(http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], concurrency=1) as sim:
        sim.fault("rest", "delay", seconds=5)
        rest = Rest(http, sim.url)
        slow = threading.Thread(target=rest.post, args=("/Calls.json",), kwargs={"From": LINE, "To": PHONE, "Twiml": HELLO})
        slow.start()
        while not sim.exchange.rest_requests:
            sim.settle()
        rest.refused("/Calls.json", 20429, 429, From=LINE, To=PHONE, Twiml=HELLO)
        sim.advance(5)
        slow.join()
        assert len(rest.get("/Calls.json")["calls"]) == 1


def test_answers_say_how_many_requests_are_answered_now(quiet_rest: Rest) -> None:
    assert quiet_rest.send("GET", "/Calls.json").headers["Twilio-Concurrent-Requests"] == "1"
    assert quiet_rest.send("GET", "/Calls.json").headers["Twilio-Concurrent-Requests"] == "1"


def test_the_account_is_renamed_but_not_closed(rest: Rest) -> None:
    assert rest.post(".json", FriendlyName="Mine")["friendly_name"] == "Mine"
    rest.refused(".json", 21477, Status="closed")
    assert rest.get("/Accounts.json", FriendlyName="Mine")["accounts"][0]["status"] == "active"
