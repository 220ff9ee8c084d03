"""Answers to texts cost, though no request of ours asks for them: they are counted, and end with the day's budget."""

from collections.abc import Callable
from datetime import timedelta

import markupsafe
import pytest
import sqlalchemy
from flask import Flask
from spending import OTHERS, Open, counted, dial, opener, spent, text
from town import LINE, PHONE
from visitors import BOTH_DATABASES, Twilio, forbidden

from app import answers, ledger
from simulator.driver import Handset

pytestmark = BOTH_DATABASES

FLOW = """
[people]
ben = "+15550005555"
[steps.start]
say = "Hello."
[texts.default]
reply = "Thank you."
forward_to = "ben"
"""
BEN, KIOSK, ABROAD = "+15550005555", "+19002345678", "+447400123456"


def answers_to(phone: Handset) -> int:
    return sum(text["direction"] == "received" for text in phone.messages)


def change(app: Flask, *statements: str) -> None:
    with app.app_context():
        for statement in statements:
            ledger.write(lambda connection, statement=statement: connection.execute(sqlalchemy.text(statement)))  # type: ignore[misc]


@pytest.fixture
def open_limited(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setattr(answers, "FRESH", -1)  # it is looked at once what was spent
    return opener(make_app)


def test_an_answer_costs_its_segments_and_is_no_call_or_text_that_was_asked_for(open_limited: Open) -> None:
    with open_limited() as (town, at):
        for _ in range(3):
            town.phone.text(LINE, "ping")
        town.sim.settle()
        assert (spent(town.app), counted(town.app)) == ("$0.03", 0)
        at.advance(timedelta(hours=25).total_seconds())
        assert spent(town.app) == "$0.00"


def test_once_the_days_budget_is_spent_texts_are_kept_and_shown_and_not_answered(open_limited: Open) -> None:
    with open_limited(daily_budget=0.04) as (town, at):
        assert text(town, OTHERS[0]) == text(town, OTHERS[1]) == 201
        for number in range(4):
            town.phone.text(LINE, f"ping {number}")
            town.sim.advance(30)
        assert answers_to(town.phone) == 2
        came = [each for each in town.messages() if each.direction == "inbound"]
        assert sorted(each.remark or "" for each in came) == ["", "", answers.SPENT, answers.SPENT]
        town.browser.sign_in()
        assert markupsafe.escape(answers.SPENT) in town.browser.get("/").text
        at.advance(timedelta(hours=25).total_seconds())
        town.phone.text(LINE, "ping again")
        town.sim.advance(30)
        assert answers_to(town.phone) == 3


def test_strangers_texts_take_no_more_than_half_of_the_budget_from_calls(open_limited: Open) -> None:
    with open_limited(daily_budget=0.08) as (town, _):
        for number in range(10):
            town.phone.text(LINE, f"ping {number}")
            town.sim.advance(30)
        assert answers_to(town.phone) == 4
        assert (spent(town.app), dial(town, OTHERS[0]), dial(town, OTHERS[1])) == ("$0.04", 201, 201)
        assert dial(town, OTHERS[2]) == 429


def test_the_budget_frees_when_the_oldest_answer_is_a_day_old(open_limited: Open) -> None:
    with open_limited(daily_budget=0.04) as (town, at):
        for number in range(2):
            town.phone.text(LINE, f"ping {number}")
            town.sim.advance(30)
            at.advance(600)
        assert dial(town, OTHERS[0]) == 201
        refused = town.script.post("/make_call", {"to": OTHERS[1]})
        assert refused.status_code == 429
        # The first two to go, at 24 hours after the second answer: what is asked for costs two cents.
        assert int(refused.headers["Retry-After"]) == 86_400 - 600


def test_whoever_texts_from_a_special_rate_or_a_refused_prefix_gets_no_answer_and_nothing_goes_on(open_limited: Open) -> None:
    with open_limited(refused_prefixes="+1876") as (town, _):
        for number in (KIOSK, "+18762345678", ABROAD, PHONE):
            town.sim.phone(number).text(LINE, "hello")
            town.sim.advance(30)
        answered = {number for number in (KIOSK, "+18762345678", ABROAD, PHONE) if len(town.sim.phone(number).messages) > 1}
        assert answered == {ABROAD, PHONE}  # in any country: they have paid for it
        assert len(town.messages()) == 4
        assert spent(town.app) == "$0.02"


def test_what_goes_on_to_a_person_counts_each_segment(open_limited: Open, tmp_path_factory: pytest.TempPathFactory) -> None:
    flow = tmp_path_factory.mktemp("flow") / "relay.toml"
    flow.write_text(FLOW)
    with open_limited(flow_file=str(flow)) as (town, _):
        town.phone.text(LINE, "x" * 1600)
        town.sim.advance(30)
        sent = town.rest("GET", "Messages.json").json()["messages"]
        segments = sum(int(each["num_segments"]) for each in sent if each["direction"] == "outbound-reply")
        assert segments > 10
        assert spent(town.app) == f"${segments / 100:.2f}"


def test_an_answer_that_is_given_again_costs_nothing_more(open_limited: Open) -> None:
    with open_limited() as (town, _):
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
        said = {"MessageSid": "SM" + "1" * 32, "From": PHONE, "To": LINE, "Body": "hello"}
        assert "<Message>" in twilio.post("/sms_url", said).text
        assert "<Message>" in twilio.post("/sms_url", said).text
        assert "<Message>" in twilio.post("/sms_fallback_url", said).text
        assert spent(town.app) == "$0.01"


def test_between_two_looks_a_process_reckons_on(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    with opener(make_app)(daily_budget=0.06) as (town, _):
        monkeypatch.setattr(answers, "monotonic", lambda: 100.0)
        for number in range(6):
            town.phone.text(LINE, f"ping {number}")
            town.sim.advance(30)
        assert (answers_to(town.phone), spent(town.app)) == (3, "$0.03")


def test_without_a_database_no_more_is_answered_than_was_left(open_limited: Open) -> None:
    with open_limited(daily_budget=0.04, refused_prefixes="+1876") as (town, _):
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)

        def answer(number: int, sender: str = PHONE) -> bool:
            said = {"MessageSid": f"SM{number:032}", "From": sender, "To": LINE, "Body": "hello"}
            return "We are sorry" in twilio.post("/sms_fallback_url", said).text

        change(town.app, "ALTER TABLE messages RENAME TO away")
        assert [answer(0, LINE), answer(1, KIOSK), answer(2, "+18762345678")] == [False, False, False]
        assert [answer(number) for number in range(3, 7)] == [True, True, False, False]
        change(town.app, "ALTER TABLE away RENAME TO messages")


def test_where_only_reading_is_possible_no_more_is_answered_than_was_left(open_limited: Open, database: str) -> None:
    with open_limited(daily_budget=0.04) as (town, at):
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)

        def answer(number: int) -> bool:
            said = {"MessageSid": f"SM{number:032}", "From": PHONE, "To": LINE, "Body": "hello"}
            return "We are sorry" in twilio.post("/sms_fallback_url", said).text

        change(town.app, *forbidden("INSERT ON messages", database))
        assert [answer(number) for number in range(5)] == [True, True, False, False, False]
        at.advance(timedelta(hours=25).total_seconds())
        assert answer(5)


def test_a_text_without_a_sid_that_got_no_answer_breaks_no_page(open_limited: Open) -> None:
    with open_limited(daily_budget=0) as (town, _):
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
        assert twilio.post("/sms_url", {"From": PHONE, "To": LINE, "Body": "hello"}).status_code == 200
        town.browser.sign_in()
        assert town.browser.get("/").status_code == 200
