"""Each number has its flow, and any worker can answer the next webhook of a call."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from flask import Flask
from visitors import BOTH_DATABASES, Twilio

from app import ledger
from app.models import Call

pytestmark = BOTH_DATABASES

MAIN, SALES, OTHER = "+15550001111", "+15550001112", "+15550001113"
FLOW = """
[flows]
sales = "sales.toml"

[numbers]
"+15550001112" = "sales"

[steps.start]
kind = "menu"
say = "For the hours, press 1."
wrong = "That is no choice."
otherwise = "sales"
choices = { 1 = "hours" }

[steps.hours]
say = "From nine to five."

[steps.sales]
kind = "redirect"
to = "sales.desk"

[texts]
default = "This is the office."
"""
DESK = """
start = "desk"

[steps.desk]
say = "This is the sales desk."
next = "main.hours"

[texts]
default = "We sell boats."
"""
CALL = {"CallSid": "CA" + "2" * 32, "CallStatus": "in-progress", "From": "+15550002222", "To": MAIN, "Direction": "inbound"}


def flow_file(tmp_path: Path) -> str:
    (tmp_path / "sales.toml").write_text(DESK)
    (tmp_path / "flow.toml").write_text(FLOW)
    return str(tmp_path / "flow.toml")


def test_calls_and_texts_to_each_number_meet_its_own_flow(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    twilio = Twilio(make_app(flow_file=flow_file(tmp_path)).test_client())
    said = {number: twilio.post("/voice_url", CALL | {"To": number}).text for number in (MAIN, SALES, OTHER)}
    assert "For the hours" in said[MAIN]
    assert said[OTHER] == said[MAIN]
    assert said[SALES].count("<Say>") == 2  # its own sentence, and the step of the office that it goes on with
    assert "This is the sales desk." in said[SALES]
    assert "From nine to five." in said[SALES]
    answered = [twilio.post("/sms_url", {"From": "+15550002222", "To": number, "Body": "hi"}).text for number in (MAIN, SALES)]
    assert "This is the office." in answered[0]
    assert "We sell boats." in answered[1]


def test_a_call_that_we_place_meets_the_flow_of_the_number_that_calls(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    twilio = Twilio(make_app(flow_file=flow_file(tmp_path)).test_client())
    placed = CALL | {"From": SALES, "To": "+15550002222", "Direction": "outbound-api"}
    assert "This is the sales desk." in twilio.post("/voice_url", placed).text


def test_workers_that_take_turns_lead_a_call_as_one_does(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    workers = [make_app(flow_file=flow_file(tmp_path)) for _ in range(3)]
    turns = cycle(Twilio(worker.test_client()) for worker in workers)
    alone = Twilio(make_app(flow_file=flow_file(tmp_path)).test_client())
    asked = (
        ("/voice_url", {}),
        ("/voice_url/start/chosen", {"Digits": "7"}),
        ("/voice_url/start/chosen?turn=2", {"Digits": ""}),
        ("/voice_url/start/chosen?turn=3", {"Digits": "1"}),
    )
    answers = [next(turns).post(path, CALL | more).text for path, more in asked]
    assert answers == [alone.post(path, CALL | {"CallSid": "CA" + "3" * 32} | more).text for path, more in asked]
    assert "That is no choice." in answers[1]
    assert "That is no choice." not in answers[2]
    assert "From nine to five." in answers[3]
    with workers[0].app_context():
        assert [call.status for call in ledger.latest(Call, 9)] == ["in-progress"] * 2
