"""The spend guard in the midst of calls: whom the flow rings and texts, missed callers, and the kill switch."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from spending import OTHERS, Open, counted, dial, opener, placed, show, spent, text
from sqlalchemy import text as sql
from town import LINE, PHONE, Town
from visitors import BOTH_DATABASES, Browser, Script, Twilio

from app import database, ledger, limits
from app.models import Message
from simulator.driver import Handset

pytestmark = BOTH_DATABASES

ANNA, BEN, JAMAICA = "+15550004444", "+15550005555", "+18762345678"
FLOW = f"""
[people]
anna = "{ANNA}"
ben = "{BEN}"
anna_at_her_desk = "client:anna"
marcia = "{JAMAICA}"

[steps.start]
kind = "menu"
say = "Hello."
otherwise = "bye"
choices = {{ 1 = "team", 2 = "away", 3 = "note", 4 = "note_to_ben", 5 = "one_by_one" }}

[steps.team]
kind = "dial"
to = ["anna", "marcia", "anna_at_her_desk"]
answered = "start"
otherwise = "start"

[steps.away]
kind = "dial"
to = "marcia"
busy = "busy"
otherwise = "bye"

[steps.one_by_one]
kind = "dial"
to = ["marcia", "ben"]
order = "in turn"
otherwise = "bye"

[steps.note]
kind = "sms"
body = "Our address: 1 High Street."
next = "start"

[steps.note_to_ben]
kind = "sms"
to = "ben"
body = "{{caller}} asked."
next = "start"

[steps.busy]
say = "All lines are busy."

[steps.bye]
say = "Goodbye."

[texts]
default = "Thank you."

[[texts.keywords]]
exactly = "boat"
forward_to = "ben"

[missed]
text = "Sorry that we missed you."
"""


@pytest.fixture
def open_limited(make_app: Callable[..., Flask], tmp_path: Path) -> Open:
    (tmp_path / "flow.toml").write_text(FLOW)
    opened = opener(make_app)

    def with_flow(rules: dict[str, Any] | None = None, **changes: Any) -> Any:
        return opened(rules, flow_file=str(tmp_path / "flow.toml"), **changes)

    return with_flow


def choose(phone: Handset, *keys: str) -> None:
    phone.call(LINE)
    for key in keys:
        phone.expect_say("Hello.")
        phone.press(key)


def test_a_number_that_is_refused_is_left_out_of_those_who_are_rung(open_limited: Open) -> None:
    with open_limited() as (town, _):
        phones = {number: town.sim.phone(number) for number in (ANNA, JAMAICA, "client:anna")}
        for phone in phones.values():
            phone.on_ring("ring")
        choose(town.phone, "1")
        phones[ANNA].expect_ring()
        assert phones["client:anna"].state["state"] == "ringing"
        assert phones[JAMAICA].state["state"] == "idle"
        assert (counted(town.app), spent(town.app)) == (1, "$0.02")  # a browser phone costs nothing here


def test_where_nobody_is_left_the_call_goes_on_as_if_busy(open_limited: Open) -> None:
    with open_limited() as (town, _):
        choose(town.phone, "2")
        town.phone.expect_say("All lines are busy.")
        town.phone.expect_hangup()
        town.sim.settle()
        assert next(call.outcome for call in town.calls() if call.direction == "inbound") == "missed"
        choose(town.phone, "5")
        town.sim.phone(BEN).expect_ring()
        assert [call["to"] for call in placed(town) if call["to"] != PHONE] == [BEN]


def test_who_is_named_by_the_flow_is_rung_again_and_again_but_not_beyond_the_rest(open_limited: Open) -> None:
    with open_limited(hourly_limit=3) as (town, clock):
        anna = town.sim.phone(ANNA)
        anna.on_ring("busy")
        town.sim.phone("client:anna").on_ring("busy")
        choose(town.phone, "1", "1", "1", "1")
        town.phone.expect_say("Hello.")
        assert len([call for call in placed(town) if call["to"] == ANNA]) == counted(town.app) == 3
        assert text(town, ANNA) == 429
        clock.advance(3600)
        assert dial(town, ANNA) == 201  # what the flow rings is no call of the operator's
        assert dial(town, ANNA) == 429
        town.phone.press("1")
        town.phone.expect_say("Hello.")
        assert len([call for call in placed(town) if call["direction"] == "outbound-dial" and call["to"] == ANNA]) == 4


def test_a_webhook_that_comes_twice_counts_once_and_gets_the_same_answer(open_limited: Open) -> None:
    with open_limited(hourly_limit=2) as (town, _):
        town.sim.fault("webhook", "duplicate", match="/voice_url", count=99)
        town.sim.phone(ANNA).on_ring("ring")
        choose(town.phone, "3", "1")
        town.sim.phone(ANNA).expect_ring()
        assert counted(town.app) == 2
        town.sim.advance(5)
        assert [message["body"] for message in town.phone.messages] == ["Our address: 1 High Street."]


def test_a_talk_costs_its_minutes_and_a_leg_that_nobody_answered_nothing(open_limited: Open) -> None:
    with open_limited() as (town, _):
        anna, desk = town.sim.phone(ANNA), town.sim.phone("client:anna")
        desk.on_ring("no-answer")
        anna.on_ring("ring")
        choose(town.phone, "1")
        anna.expect_ring()
        anna.answer()
        anna.speak("Hello?")
        town.phone.expect_speech("Hello?")
        assert spent(town.app) == "$0.02"
        town.sim.advance(130)
        town.sim.fault("webhook", "duplicate", match="/status", count=99)
        town.sim.fault("webhook", "reorder", match="/status", count=2)
        anna.hangup()
        town.phone.expect_say("Hello.")
        anna.on_ring("busy")
        town.phone.press("1")
        town.phone.expect_say("Hello.")
        town.phone.hangup()
        town.sim.advance(60)
        (talk,) = [call.duration for call in town.calls() if call.to_number == ANNA and call.status == "completed"]
        assert talk is not None
        assert 120 < talk < 180
        assert (counted(town.app), spent(town.app)) == (2, "$0.06")  # three minutes, and none of who was busy


def test_what_was_allowed_and_never_dialled_costs_nothing_once_its_call_is_over(open_limited: Open) -> None:
    with open_limited() as (town, _):
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
        call = {"CallSid": "CA" + "7" * 32, "From": PHONE, "To": LINE, "Direction": "inbound", "CallStatus": "in-progress"}
        assert ANNA in twilio.post("/voice_url/team", call).text
        assert spent(town.app) == "$0.02"
        leg = {
            "CallSid": "CA" + "8" * 32,
            "ParentCallSid": "CA" + "7" * 32,
            "From": PHONE,
            "To": ANNA,
            "Direction": "outbound-dial",
        }
        twilio.post("/status/call", call | {"CallStatus": "completed", "CallDuration": "9"})
        assert spent(town.app) == "$0.00"
        twilio.post("/status/call", leg | {"CallStatus": "completed", "CallDuration": "100"})  # it was, after all: news comes late
        assert spent(town.app) == "$0.05"  # with the text to the missed caller, as nobody pressed the key that takes a call


def test_the_flow_texts_a_caller_so_often_and_goes_on_without(open_limited: Open) -> None:
    with open_limited() as (town, clock):
        choose(town.phone, "3", "3", "3", "4", "4")
        town.phone.expect_say("Hello.")
        town.sim.advance(10)
        assert [message["body"] for message in town.phone.messages] == ["Our address: 1 High Street."]
        assert len(town.sim.phone(BEN).messages) == 2  # whom the flow names
        clock.advance(60)
        town.phone.press("3")
        town.phone.expect_say("Hello.")
        town.sim.advance(10)
        assert len(town.phone.messages) == 2


def test_a_missed_caller_who_may_not_be_texted_is_not(open_limited: Open) -> None:
    with open_limited() as (town, _):
        town.sim.phone(ANNA).on_ring("ring")
        town.sim.phone("client:anna").on_ring("ring")
        for number in ("+19002345678", JAMAICA, "+447012345678", OTHERS[0]):
            caller = town.sim.phone(number)
            choose(caller, "1")
            town.sim.phone(ANNA).expect_ring()
            caller.hangup()
            town.sim.advance(5)
            assert [message["body"] for message in caller.messages] == (
                ["Sorry that we missed you."] if number == OTHERS[0] else []
            ), number
        caller = town.sim.phone(OTHERS[0])
        choose(caller, "1")
        town.sim.phone(ANNA).expect_ring()
        caller.hangup()
        town.sim.advance(5)
        assert len(caller.messages) == 1  # one a minute to one number


def stop(town: Town) -> None:
    town.browser.sign_in()
    stopped = town.browser.post("/spending/stop", {"reason": "Somebody <b>dials</b> Cuba"})
    assert (stopped.status_code, stopped.location) == (303, "/")


def test_the_switch_stops_all_workers_at_once_and_lets_them_go_on(open_limited: Open, make_app: Callable[..., Flask]) -> None:
    with open_limited() as (town, _):
        other = make_app(twilio_api_url=town.sim.url, public_base_url=town.app.extensions["settings"].public_base_url)
        script = Script(other.test_client())
        stop(town)
        for refused in (
            script.post("/make_call", {"to": OTHERS[0]}),
            script.post("/send_sms", {"to": OTHERS[0], "body": "hi"}),
            town.script.get("/make_call"),
        ):
            assert (refused.status_code, refused.json["error"]["code"]) == (429, "spend_limited")
            assert "Retry-After" not in refused.headers
            assert "stopped by the operator at 127.0.0.1" in refused.json["error"]["message"]
            assert "(Somebody <b>dials</b> Cuba)" in refused.json["error"]["message"]
        page = town.browser.get("/").text
        assert "Somebody &lt;b&gt;dials&lt;/b&gt; Cuba" in page
        assert show(other).startswith("STOPPED by the operator at 127.0.0.1")
        assert placed(town) == placed(town, "Messages") == []
        assert Browser(other.test_client()).post("/spending/resume").location == "/sign_in"
        assert script.post("/spending/resume").json == {"stopped": False}
        assert "Nothing is called" not in town.browser.get("/").text
        assert (dial(town, OTHERS[0]), text(town, OTHERS[0])) == (201, 201)
        other.extensions["twilio_service"].close()


def test_calls_go_on_while_all_is_stopped_but_ring_and_text_nobody(open_limited: Open) -> None:
    with open_limited() as (town, _):
        choose(town.phone)
        town.phone.expect_say("Hello.")
        stop(town)
        town.phone.press("3")
        town.phone.expect_say("Hello.")
        town.sim.phone("client:anna").on_ring("busy")
        town.phone.press("1")
        town.phone.expect_say("Hello.")
        town.phone.press("2")
        town.phone.expect_say("All lines are busy.")
        town.phone.expect_hangup()
        town.sim.advance(10)
        assert placed(town, "Messages") == []
        assert {call["to"] for call in placed(town)} <= {"client:anna"}
        assert town.phone.messages == []


def test_a_text_is_kept_and_not_answered_while_all_is_stopped(open_limited: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_limited() as (town, _):
        stop(town)
        for words in ("hello", "STOP"):
            town.phone.text(LINE, words)
        town.sim.advance(5)
        kept = {message.body: message.answer for message in town.messages() if message.direction == "inbound"}
        assert kept["hello"] == kept["STOP"]
        assert "<Message>" not in str(kept["hello"])
        resumed = town.script.post("/spending/resume")
        assert resumed.status_code == 200
        assert text(town) == 409  # they wanted no more texts, and that was heard
        town.sim.phone(OTHERS[0]).text(LINE, "hello")
        town.sim.phone(OTHERS[0]).expect_text("Thank you.")
        monkeypatch.setattr(limits, "FRESH", 0)  # as if two seconds had passed
        assert town.app.test_cli_runner().invoke(args=["spending", "stop", "night"]).exit_code == 0
        town.sim.phone(OTHERS[1]).text(LINE, "hello")
        town.sim.advance(5)
        assert [message["direction"] for message in town.sim.phone(OTHERS[1]).messages] == ["sent"]


def test_the_operator_sees_which_texts_got_no_answer_while_all_was_stopped(open_limited: Open) -> None:
    with open_limited() as (town, _):
        town.browser.sign_in()
        town.phone.text(LINE, "hello")
        town.phone.expect_text("Thank you.")
        town.phone.text(LINE, "boat")
        town.sim.phone(BEN).expect_text("#1: boat")
        page = town.browser.get("/").text
        assert (page.count("· answered"), "to-be-looked-at" in page) == (2, False)
        stop(town)
        unanswered = {"hello again", "boat", "#1 Which one?"}
        for phone, words in ((town.phone, "hello again"), (town.phone, "boat"), (town.sim.phone(BEN), "#1 Which one?")):
            phone.text(LINE, words)
        for words in ("STOP", "help"):  # Twilio answers these
            town.sim.phone(OTHERS[0]).text(LINE, words)
        town.sim.advance(5)
        told = [message for message in town.messages() if message.remark]
        assert {message.body for message in told} == unanswered
        page = town.browser.get("/").text
        assert (page.count("· answered"), page.count("Spending was stopped: it was not answered.")) == (2, 3)
        assert page.count("hello again") == 2  # there, and among all messages
        for message in told:
            assert "it was not answered" in town.browser.get(f"/messages/{message.sid}").text
            assert town.browser.post(f"/messages/{message.sid}/settle", {"as": "seen"}).status_code == 303
        assert "to-be-looked-at" not in town.browser.get("/").text


def test_a_text_that_the_flow_answers_with_nothing_is_not_to_be_looked_at(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    (tmp_path / "flow.toml").write_text(FLOW.replace('default = "Thank you."\n', ""))
    app = make_app(flow_file=str(tmp_path / "flow.toml"))
    twilio, script = Twilio(app.test_client()), Script(app.test_client())
    assert script.post("/spending/stop", {"reason": "night"}).status_code == 200
    for number, words in enumerate(("hello", "boat", "stop")):
        answer = twilio.post("/sms_url", {"MessageSid": f"SM{number}", "From": PHONE, "To": LINE, "Body": words})
        assert "<Message" not in answer.text
    with app.app_context():
        kept = {message.body: message.remark for message in ledger.latest(Message, 9)}
    assert kept == {"hello": None, "boat": "Spending was stopped: it was not answered.", "stop": None}


def test_the_command_line_stops_shows_and_resumes(open_limited: Open) -> None:
    with open_limited() as (town, clock):
        dial(town)
        text(town, body="x" * 161)
        runner = town.app.test_cli_runner()
        assert show(town.app) == (
            "Calls and texts in the last hour: 2 of 100, 98 left (HOURLY_LIMIT)\n"
            "Calls and texts in 24 hours: 2 of 500, 498 left (DAILY_LIMIT)\n"
            "Spent in 24 hours: $0.04 of $20.00, $19.96 left (DAILY_BUDGET)\n"
            "To one number, calls and texts apart: 1 in a minute, 3 in 15 minutes, 10 in an hour (DESTINATION_LIMITS)\n"
            "Countries: US (ALLOWED_COUNTRIES)\n"
            "Allowed besides: +1555 (ALLOWED_PREFIXES)\n"
            "Never: none (REFUSED_PREFIXES), and numbers with a rate of their own\n"
        )
        assert runner.invoke(args=["spending", "stop", "night"]).output == "Stopped. Calls that go on are not ended.\n"
        assert "already" in runner.invoke(args=["spending", "stop", "again"]).output
        first = show(town.app).splitlines()[0]
        assert first.endswith("on the command line on 2026-06-16 at 10:00 UTC: night")
        clock.advance(60)
        assert dial(town) == 429
        assert runner.invoke(args=["spending", "resume"]).output == "It goes on.\n"
        assert runner.invoke(args=["spending", "resume"]).output == "Nothing was stopped.\n"
        assert dial(town) == 201


def test_a_reason_is_wanted(open_limited: Open) -> None:
    with open_limited() as (town, _):
        for reason in ({}, {"reason": " "}, {"reason": "x" * 201}):
            assert town.script.post("/spending/stop", reason).status_code == 400
        assert dial(town) == 201


def test_a_switch_that_cannot_be_read_is_no_way_round_it(open_limited: Open) -> None:
    with open_limited() as (town, _):
        stop(town)
        with town.app.app_context():
            database.write(lambda connection: connection.execute(sql("ALTER TABLE stops RENAME TO gone")))
        assert (dial(town), text(town)) == (503, 503)
        town.phone.call(LINE)
        town.phone.expect_say("Hello.")
        town.phone.press("1")
        town.phone.expect_say("We are sorry")
        assert placed(town) == placed(town, "Messages") == []


def test_who_is_never_rung_is_said_when_the_application_starts(open_limited: Open, caplog: pytest.LogCaptureFixture) -> None:
    with open_limited():
        said = [record.getMessage() for record in caplog.records if "never rings" in record.getMessage()]
    assert [line.split(":")[0] for line in said] == [f"the step {step} never rings …78" for step in ("team", "away", "one_by_one")]
    assert all("country JM" in line and JAMAICA not in line for line in said)


def test_two_legs_to_one_number_that_end_at_once_settle_one_spending_each(open_limited: Open) -> None:
    with open_limited(daily_budget=1000, hourly_limit=1000) as (town, _):
        ends = [Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url) for _ in range(2)]
        for number, twilio in enumerate(ends):
            twilio.client.environ_base["HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"] = f"visit {number}"
        together = Barrier(2)

        def end(number: int, call_sid: str) -> int:
            leg = {"CallSid": f"{call_sid[:-1]}{number + 1}", "ParentCallSid": call_sid, "From": PHONE, "To": ANNA}
            together.wait()
            over = {"Direction": "outbound-dial", "CallStatus": "completed", "CallDuration": "100"}
            return ends[number].post("/status/call", leg | over).status_code

        for each in range(20):
            call = {"CallSid": f"CA{each:031}0", "From": PHONE, "To": LINE, "Direction": "inbound", "CallStatus": "in-progress"}
            for twilio in ends:  # the caller comes to the step that rings her twice
                assert ANNA in twilio.post("/voice_url/team", call).text
            with ThreadPoolExecutor(2) as threads:
                assert list(threads.map(end, range(2), [call["CallSid"]] * 2)) == [204, 204]
        with town.app.app_context(), database.read() as session:
            legs = session.scalars(sql("SELECT leg_sid FROM spendings WHERE kind = 'call' ORDER BY id")).all()
        assert (len(legs), len({*legs} - {None})) == (40, 40)
