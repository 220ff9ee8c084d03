"""Answers to texts cost, though no request of ours asks for them: they are counted, and end with the day's budget."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from spending import Open, counted, opener, spent
from town import LINE, PHONE
from visitors import BOTH_DATABASES, Twilio

from app import answers

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


@pytest.fixture
def open_limited(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setattr(answers, "LOT", -1)  # each answer is counted, and the budget looked at, at once
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
    with open_limited(daily_budget=0.02) as (town, at):
        for number in range(4):
            town.phone.text(LINE, f"ping {number}")
            town.sim.advance(30)
        assert [text["direction"] for text in town.phone.messages].count("received") == 2
        assert sorted(text.remark or "" for text in town.messages()) == ["", "", answers.SPENT, answers.SPENT]
        town.browser.sign_in()
        assert "The day&#39;s budget was spent: it was not answered." in town.browser.get("/").text
        at.advance(timedelta(hours=25).total_seconds())
        town.phone.text(LINE, "ping again")
        town.sim.advance(30)
        assert [text["direction"] for text in town.phone.messages].count("received") == 3


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


def test_answers_within_a_lot_are_counted_together(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    with opener(make_app)() as (town, _):
        monkeypatch.setattr(answers, "monotonic", lambda: 100.0)
        for _ in range(5):
            town.phone.text(LINE, "ping")
        town.sim.advance(30)
        assert spent(town.app) == "$0.01"  # the first one, at once
        monkeypatch.setattr(answers, "monotonic", lambda: 103.0)
        town.phone.text(LINE, "ping")
        town.sim.advance(30)
        assert spent(town.app) == "$0.06"


def test_a_text_without_a_sid_that_got_no_answer_breaks_no_page(open_limited: Open) -> None:
    with open_limited(daily_budget=0) as (town, _):
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
        assert twilio.post("/sms_url", {"From": PHONE, "To": LINE, "Body": "hello"}).status_code == 200
        town.browser.sign_in()
        assert town.browser.get("/").status_code == 200
