"""The whole story over loopback: the application, the simulator where Twilio would be, and time that only moves when told."""

import logging
from datetime import timedelta

import pytest
from town import LINE, PHONE, Town
from visitors import BOTH_DATABASES, SETTINGS

from app import clock, outbound
from app.errors import TwilioRefused

pytestmark = BOTH_DATABASES


def test_opening_make_call_rings_the_phone_which_hears_hello_monkey(town: Town) -> None:
    town.phone.on_ring("ring")
    placed = town.script.get("/make_call")
    assert placed.status_code == 201
    assert sorted(placed.json) == ["from", "sid", "status", "to"]
    assert (placed.json["from"], placed.json["to"]) == (LINE, PHONE)
    assert placed.json["status"] in ("queued", "initiated", "ringing")  # a callback may be faster than this answer
    town.sim.advance(5)
    assert town.phone.state["state"] == "ringing"
    assert [call.status for call in town.calls()] == ["ringing"]
    town.phone.answer()
    town.sim.advance(30)
    assert town.phone.said == ["Hello Monkey!"]
    (call,) = town.calls()
    assert (call.sid, call.status, call.direction) == (placed.json["sid"], "completed", "outbound-api")
    assert call.duration is not None
    assert [request["error_code"] for request in town.sim.requests()] == [None] * len(town.sim.requests())


@pytest.mark.parametrize(("habit", "status"), [("busy", "busy"), ("no-answer", "no-answer"), ("answer", "completed")])
def test_a_call_ends_as_the_phone_lets_it(town: Town, habit: str, status: str) -> None:
    town.phone.on_ring(habit)  # type: ignore[arg-type]
    town.script.post("/make_call", {"to": PHONE})
    town.sim.advance(120)
    assert [call.status for call in town.calls()] == [status]


def test_a_text_to_the_number_is_answered(town: Town) -> None:
    town.phone.text(LINE, "ping 🎉")
    town.sim.advance(10)
    assert [message["body"] for message in town.phone.messages] == ["ping 🎉", "Hey, thanks for the ping! Twilio and Azure rock!"]
    assert [(message.body, message.status) for message in town.messages()] == [("ping 🎉", "received")]


def test_somebody_who_calls_the_number_hears_hello_monkey(town: Town) -> None:
    town.phone.call(LINE)
    town.sim.advance(60)
    assert town.phone.said == ["Hello Monkey!"]
    assert [(call.status, call.direction, call.from_number) for call in town.calls()] == [("completed", "inbound", PHONE)]


def test_a_text_is_sent_and_its_delivery_seen(town: Town) -> None:
    sent = town.script.post("/send_sms", {"to": "(555) 000-2222", "body": "Come home"})
    assert (sent.status_code, sent.json["to"], sent.json["from"]) == (201, PHONE, LINE)
    town.sim.advance(30)
    assert [message["body"] for message in town.phone.messages] == ["Come home"]
    assert [(message.status, message.sid) for message in town.messages()] == [("delivered", sent.json["sid"])]


def test_the_operator_dials_from_the_page_and_a_reload_shows_the_same_call(town: Town) -> None:
    town.browser.get("/make_call")
    assert town.browser.sign_in().location == "/make_call"
    first, again = town.browser.get("/make_call"), town.browser.get("/make_call")
    assert f"Calling {PHONE}" in first.text
    assert f"Calling {PHONE}" in again.text
    assert town.browser.post("/make_call", {"to": PHONE}).status_code == 200
    town.sim.advance(30)
    (call,) = town.calls()
    assert "completed" in town.browser.get(f"/calls/{call.attempt}").text
    page = town.browser.get("/").text
    assert "completed" in page
    assert PHONE in page


def test_the_same_text_is_sent_again_by_a_script_by_a_later_click_and_where_it_failed(town: Town) -> None:
    town.browser.sign_in()
    given, at = {"to": PHONE, "body": "Come home"}, clock.system()
    town.app.extensions["now"] = lambda: at
    town.sim.fault("rest", "refuse", count=99)
    assert town.browser.post("/send_sms", given).status_code == 502
    town.sim.clear_faults()
    assert town.browser.post("/send_sms", given).status_code == 303
    assert [town.script.post("/send_sms", given).status_code for _ in range(2)] == [201, 201]
    town.app.extensions["now"] = lambda: at + timedelta(seconds=11)
    assert town.browser.post("/send_sms", given).status_code == 303
    town.sim.advance(30)
    assert len(town.phone.messages) == 4


def test_a_script_that_posts_twice_means_two_calls_but_a_get_again_is_the_same(town: Town) -> None:
    first, second = town.script.post("/make_call", {"to": PHONE}), town.script.post("/make_call", {"to": PHONE})
    assert first.json["sid"] != second.json["sid"]
    again = town.script.get("/make_call")
    assert (again.status_code, again.json["sid"]) == (200, second.json["sid"])
    assert len(town.calls()) == 2


def test_a_lost_answer_is_unknown_and_settled_by_the_first_callback(town: Town) -> None:
    town.sim.fault("rest", "lost")
    town.sim.fault("webhook", "delay", match="/status/", count=9, seconds=20)
    placed = town.script.post("/make_call", {"to": PHONE})
    assert (placed.status_code, placed.json["sid"], placed.json["status"]) == (202, None, "unknown")
    assert [call.status for call in town.calls()] == ["unknown"]
    town.sim.advance(300)
    assert town.phone.said == ["Hello Monkey!"]
    (call,) = town.calls()
    assert (call.status, call.sid) == ("completed", town.phone.state["last_call"]["sid"])


def test_a_lost_answer_about_a_text_is_settled_too(town: Town) -> None:
    town.sim.fault("rest", "lost")
    town.sim.fault("webhook", "delay", match="/status/", count=9, seconds=20)
    assert town.script.post("/send_sms", {"to": PHONE, "body": "hi"}).json["status"] == "unknown"
    town.sim.advance(300)
    assert [message.status for message in town.messages()] == ["delivered"]
    assert len(town.phone.messages) == 1


@pytest.mark.parametrize(("kind", "status", "code"), [("refuse", 502, "twilio_refused"), ("error", 202, None)])
def test_twilios_refusals_and_faults_are_told_apart(town: Town, kind: str, status: int, code: str | None) -> None:
    town.sim.fault("rest", kind, count=99)
    answer = town.script.post("/make_call", {"to": PHONE})
    assert answer.status_code == status
    if code:
        assert answer.json["error"]["code"] == code
        assert town.calls()[0].error_code == 20429


def test_what_twilio_refuses_for_good_says_its_code(town: Town) -> None:
    with town.app.app_context(), pytest.raises(TwilioRefused, match="21266") as caught:
        outbound.send_sms(LINE, "Are you there?")
    assert (caught.value.permanent, caught.value.twilio_code) == (True, 21266)
    (newest, *_) = town.messages()
    assert (newest.status, newest.error_code) == ("failed", 21266)


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "delay"])
def test_callbacks_that_come_twice_late_or_out_of_order_end_the_same(town: Town, kind: str) -> None:
    town.sim.fault("webhook", kind, match="/status/call", count=3, seconds=20)
    town.script.post("/make_call", {"to": PHONE})
    town.sim.advance(180)
    assert [call.status for call in town.calls()] == ["completed"]


def test_the_log_holds_neither_numbers_nor_secrets(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "app"), caplog.at_level(logging.INFO, "twilio"):
        town.script.post("/make_call", {"to": PHONE})
        town.script.post("/send_sms", {"to": PHONE, "body": "the words"})
        town.sim.advance(60)
    lines = [record.getMessage() for record in caplog.records if record.name == "app.asking"]
    assert len(lines) == 2
    assert "outcome=queued" in lines[0]
    assert "to=…22" in lines[0]
    for hidden in (PHONE[1:], LINE[1:], SETTINGS["twilio_auth_token"], SETTINGS["operator_password"], "the words"):
        assert hidden not in caplog.text
