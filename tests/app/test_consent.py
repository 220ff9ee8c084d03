"""STOP, START and HELP: Twilio answers them, once; and nothing is sent to who opted out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import text as sql
from town import LINE, PHONE, Town
from visitors import BOTH_DATABASES, SETTINGS, Browser, Script, Twilio

from app import database, ledger
from app.models import Message
from simulator.texts.consent import HELP_WORDS, HELPED, START_WORDS, STARTED, STOP_WORDS, STOPPED

pytestmark = BOTH_DATABASES

PING = "Hey, thanks for the ping! Twilio and Azure rock!"
OTHER = "+15550003333"


@pytest.fixture
def sent(twilio: Twilio) -> Callable[..., str]:
    """Send a text to the application as Twilio does; returns the answer."""
    count = iter(range(99))

    def send(body: str, from_: str = PHONE, **more: str) -> str:
        params = {"MessageSid": f"SM{next(count)}", "From": from_, "To": LINE, "Body": body}
        answer = twilio.post("/sms_url", params | more)
        assert (answer.status_code, answer.mimetype) == (200, "text/xml")
        return answer.text

    return send


def is_opted_out(script: Script, number: str = PHONE) -> bool:
    """Whether a text to a number is refused before Twilio, which nobody answers for here, is asked."""
    code: str = script.post("/send_sms", {"to": number, "body": "hi"}).json["error"]["code"]
    assert code in ("opted_out", "twilio_unreachable")
    return code == "opted_out"


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_every_word_of_stop_ends_texts_and_is_not_answered(sent: Callable[..., str], script: Script, word: str) -> None:
    assert sent(f" {word.capitalize()}\n") == ledger.NO_ANSWER
    assert is_opted_out(script)
    assert not is_opted_out(script, OTHER)


@pytest.mark.parametrize("word", sorted(START_WORDS))
def test_every_word_of_start_begins_them_again_and_is_an_ordinary_text_otherwise(
    sent: Callable[..., str], script: Script, word: str
) -> None:
    assert PING in sent(word)
    sent("stop")
    assert PING in sent(word, OTHER)
    assert is_opted_out(script)
    assert sent(word.lower()) == ledger.NO_ANSWER
    assert not is_opted_out(script)
    assert PING in sent(word)


@pytest.mark.parametrize("word", sorted(HELP_WORDS))
def test_help_is_left_to_twilio(sent: Callable[..., str], script: Script, word: str) -> None:
    assert sent(word.lower()) == ledger.NO_ANSWER
    assert not is_opted_out(script)


@pytest.mark.parametrize("body", ["stop it", "please stop", "STOP.", "help me", "yes please", ""])
def test_a_word_among_others_is_none_of_these(sent: Callable[..., str], script: Script, body: str) -> None:
    assert PING in sent(body)
    assert not is_opted_out(script)


def test_words_of_advanced_opt_out_are_what_twilio_says_they_are(sent: Callable[..., str], script: Script) -> None:
    assert sent("ARRET", OptOutType="STOP") == ledger.NO_ANSWER
    assert is_opted_out(script)
    assert sent("AIDE", OptOutType="HELP") == ledger.NO_ANSWER
    assert sent("DEBUT", OptOutType="START") == ledger.NO_ANSWER
    assert not is_opted_out(script)
    assert sent("DEBUT", OptOutType="START") == ledger.NO_ANSWER
    assert PING in sent("hello", OptOutType="MAYBE")


def test_each_line_has_its_own_list(sent: Callable[..., str], script: Script) -> None:
    sent("stop", To="+15550001112")
    assert not is_opted_out(script)


def test_these_texts_are_kept_as_others_are(sent: Callable[..., str], app: Flask) -> None:
    for word in ("stop", "help", "start"):
        sent(word)
    with app.app_context():
        assert [(row.body, row.answer) for row in ledger.latest(Message, 9)] == [
            (word, ledger.NO_ANSWER) for word in ("start", "help", "stop")
        ]


def test_a_stop_that_comes_again_after_a_start_stops_nothing(twilio: Twilio, script: Script) -> None:
    stop, start = ({"MessageSid": f"SM{word}", "From": PHONE, "To": LINE, "Body": word} for word in ("STOP", "START"))
    for params in (stop, start, stop):
        assert twilio.post("/sms_url", params).text == ledger.NO_ANSWER
    assert not is_opted_out(script)


def test_a_stop_that_comes_twice_at_once_is_one(make_app: Callable[..., Flask]) -> None:
    workers = [make_app(), make_app()]
    params = {"MessageSid": "SM1", "From": PHONE, "To": LINE, "Body": "STOP"}

    def stop(number: int) -> str:
        return Twilio(workers[number % 2].test_client()).post("/sms_url", params).text

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(stop, range(16))) == {ledger.NO_ANSWER}
    with workers[0].app_context():
        assert len(ledger.latest(Message, 9)) == 1
    assert is_opted_out(Script(workers[0].test_client()))


@pytest.mark.parametrize("table", ["messages", "opt_outs"])
def test_a_stop_that_cannot_be_kept_is_not_acknowledged(
    app: Flask, twilio: Twilio, script: Script, sent: Callable[..., str], table: str
) -> None:
    params = {"MessageSid": "SMx", "From": PHONE, "To": LINE, "Body": "STOP"}
    with app.app_context():
        database.write(lambda connection: connection.execute(sql(f"ALTER TABLE {table} RENAME TO away")))
    assert twilio.post("/sms_url", params).status_code == 503
    assert twilio.post("/sms_fallback_url", params).text == ledger.NO_ANSWER
    answered = "We are sorry" if table == "messages" else "thanks for the ping"  # an ordinary text wants no more than its own table
    assert answered in twilio.post("/sms_fallback_url", params | {"MessageSid": "SMy", "Body": "hello"}).text
    assert script.post("/send_sms", {"to": PHONE, "body": "hi"}).status_code == 503  # when in doubt, nothing is sent
    with app.app_context():
        database.write(lambda connection: connection.execute(sql(f"ALTER TABLE away RENAME TO {table}")))
    assert not is_opted_out(script)
    assert twilio.post("/sms_url", params).text == ledger.NO_ANSWER
    assert is_opted_out(script)


def test_twilio_answers_once_and_we_do_not(town: Town) -> None:
    for word in ("Stop", "hello", "START", "help", "yes"):
        town.phone.text(LINE, word)
        town.sim.advance(10)
    assert [m["body"] for m in town.phone.messages if m["from"] == LINE] == [STOPPED, STARTED, HELPED, PING]


def test_a_text_to_who_opted_out_is_refused_with_how_they_come_back(town: Town) -> None:
    town.phone.text(LINE, "STOP")
    town.sim.advance(10)
    refused = town.script.post("/send_sms", {"to": PHONE, "body": "Come back"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "opted_out")
    assert "text START" in refused.json["error"]["message"]
    town.browser.sign_in()
    assert "text START" in town.browser.post("/send_sms", {"to": PHONE, "body": "Come back"}).text
    assert [message.direction for message in town.messages()] == ["inbound"]
    town.phone.text(LINE, "START")
    town.sim.advance(10)
    assert town.script.post("/send_sms", {"to": PHONE, "body": "Welcome back"}).status_code == 201
    town.phone.expect_text("Welcome back")


def test_an_opt_out_that_only_twilio_knows_is_learnt_from_its_refusal(town: Town) -> None:
    sms_url = f"{town.app.extensions['settings'].public_base_url}/sms_url"
    town.sim.point(sms_url="", sms_fallback_url="")
    town.phone.text(LINE, "STOP")
    town.sim.advance(10)
    town.sim.point(sms_url=sms_url)
    for _ in range(2):
        refused = town.script.post("/send_sms", {"to": PHONE, "body": "hi"})
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "opted_out")
    assert [(message.status, message.error_code) for message in town.messages()] == [("failed", 21610)]
    town.phone.text(LINE, "start")
    town.sim.advance(10)
    assert town.phone.messages[-1]["body"] == STARTED
    assert town.script.post("/send_sms", {"to": PHONE, "body": "hi"}).status_code == 201


def test_an_opt_out_is_learnt_from_a_messages_status_too(twilio: Twilio, script: Script) -> None:
    params = {"MessageSid": "SM1", "MessageStatus": "failed", "From": LINE, "To": PHONE}
    assert twilio.post("/status/message", params | {"ErrorCode": "30003"}).status_code == 204
    assert not is_opted_out(script)
    for _ in range(2):
        assert twilio.post("/status/message", params | {"ErrorCode": "21610"}).status_code == 204
    assert is_opted_out(script)


def test_a_step_that_texts_goes_on_without_for_who_opted_out(make_app: Callable[..., Flask]) -> None:
    app = make_app(flow_file="flows/office.toml")
    twilio, call = Twilio(app.test_client()), {"CallSid": "CA1", "CallStatus": "in-progress", "From": PHONE, "To": LINE}
    call["Direction"] = "inbound"
    assert "<Sms" in twilio.post("/voice_url/address", call).text
    twilio.post("/sms_url", {"MessageSid": "SM1", "From": PHONE, "To": LINE, "Body": "STOP"})
    answer = twilio.post("/voice_url/address", call).text
    assert "<Sms" not in answer
    assert "<Say" in answer
    assert SETTINGS["twilio_from_number"] == LINE
    assert "<Sms" in twilio.post("/voice_url/address", call | {"From": OTHER}).text


def test_the_page_says_why_nothing_was_sent(browser: Browser, sent: Callable[..., str]) -> None:
    sent("STOP")
    browser.sign_in()
    page = browser.post("/send_sms", {"to": PHONE, "body": "hi"})
    assert (page.status_code, page.mimetype) == (409, "text/html")
    assert "wants no texts" in page.text
