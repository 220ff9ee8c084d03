"""Texts: what they are answered by the flow, and how they go on to people and back, with the numbers hidden."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from town import LINE, NO_CERTIFICATES, Town, open_town
from visitors import BOTH_DATABASES, Twilio
from werkzeug.test import TestResponse

from app import ledger
from app.models import Message
from simulator.driver import Handset

pytestmark = BOTH_DATABASES

ROOT = Path(__file__).resolve().parents[2]
TEXTER, OTHER, ANNA, BEN = "+15550002222", "+15550002223", "+15550004444", "+15550005555"
FLOW = """
[people]
anna = ["client:anna", "+15550004444"]
ben = "+15550005555"

[steps.start]
say = "Hello."

[[texts.keywords]]
exactly = ["hours", "Opening  hours"]
reply = "From nine to five, {caller}."

[[texts.keywords]]
exactly = "map"
reply = "Here it is."
pictures = "map.png"

[[texts.keywords]]
exactly = "picture"
pictures = ["map.png", "https://pictures.example.com/a.png"]

[[texts.keywords]]
starts_with = ["order", "buy"]
reply = "Thank you for your order."
forward_to = "anna"

[[texts.keywords]]
exactly = "our own"
reply = "That is us."
forward_to = "+15550001111"

[[texts.keywords]]
exactly = "ben"
forward_to = "ben"

[texts.default]
forward_to = "anna"
"""


@pytest.fixture
def flow_file(tmp_path: Path) -> str:
    shutil.copy(ROOT / "flows/pictures/map.png", tmp_path)
    (tmp_path / "flow.toml").write_text(FLOW)
    return str(tmp_path / "flow.toml")


@pytest.fixture
def town(make_app: Callable[..., Flask], flow_file: str) -> Iterator[Town]:
    with open_town(make_app, flow_file=flow_file) as town:
        yield town
        town.sim.settle()
        assert [alert for request in town.sim.requests() for alert in request["alerts"]] == []


@pytest.fixture
def app(make_app: Callable[..., Flask], flow_file: str) -> Flask:
    return make_app(flow_file=flow_file)


def got(phone: Handset) -> list[str]:
    """The bodies of the texts that a phone received."""
    return [message["body"] for message in phone.messages if message["from"] != phone.number]


class Sent:
    """A message that a document sends: its number, words and files."""

    def __init__(self, verb: ElementTree.Element) -> None:
        self.to = verb.get("to")
        self.body = (verb.findtext("Body") if len(verb) else verb.text) or ""
        self.media = [media.text for media in verb.findall("Media")]


def sent(answer: TestResponse) -> list[Sent]:
    assert answer.status_code == 200, answer.text
    return [Sent(verb) for verb in ElementTree.fromstring(answer.text)]


def text(twilio: Twilio, sid: str, from_: str, body: str, **more: str) -> list[Sent]:
    return sent(twilio.post("/sms_url", {"MessageSid": sid, "From": from_, "To": LINE, "Body": body, **more}))


@pytest.mark.parametrize("body", ["hours", " HOURS\n", "opening hours", "Opening\u00a0\nHOURS"])
def test_a_text_that_is_one_of_the_words_gets_their_reply(town: Town, body: str) -> None:
    town.phone.text(LINE, body)
    assert town.phone.expect_text()["body"] == f"From nine to five, {TEXTER}."


def test_a_picture_comes_with_the_reply(town: Town) -> None:
    town.phone.text(LINE, "map")
    (picture,) = town.phone.expect_text("Here it is.")["media"]
    assert httpx.get(picture, trust_env=False, verify=NO_CERTIFICATES).content == (ROOT / "flows/pictures/map.png").read_bytes()


def test_pictures_may_come_alone(twilio: Twilio) -> None:
    (message,) = text(twilio, "SM1", TEXTER, "Picture")
    assert (message.body, len(message.media), message.media[1]) == ("", 2, "https://pictures.example.com/a.png")


def test_a_text_goes_on_to_a_person_and_the_answer_back_and_neither_sees_the_others_number(town: Town) -> None:
    anna, other = town.sim.phone(ANNA), town.sim.phone(OTHER)
    town.phone.text(LINE, "order 5 apples")
    assert anna.expect_text("#1: order 5 apples")["from"] == LINE
    town.phone.expect_text("Thank you for your order.")
    other.text(LINE, "Are you open?")
    anna.expect_text("#2: Are you open?")
    town.phone.text(LINE, "and pears")
    anna.expect_text("#1: and pears")
    anna.text(LINE, "#2 Yes, we are")
    assert other.expect_text("Yes, we are")["from"] == LINE
    anna.text(LINE, "until five")
    other.expect_text("until five")
    anna.text(LINE, "#1: They are on their way")
    town.phone.expect_text("They are on their way")
    town.sim.settle()
    assert got(town.phone) == ["Thank you for your order.", "They are on their way"]
    assert got(other) == ["Yes, we are", "until five"]
    assert not any(number[1:] in body for number in (TEXTER, OTHER) for body in got(anna))


def test_files_go_with_a_text_and_with_its_answer(town: Town) -> None:
    anna, picture = town.sim.phone(ANNA), "data:image/png;base64,iVBORw0KGgo="
    town.phone.text(LINE, "Look", [picture, picture])
    assert len(anna.expect_text("#1: Look")["media"]) == 2
    anna.text(LINE, "#1", [picture])
    assert len(town.phone.expect_text()["media"]) == 1
    anna.text(LINE, "", [picture])
    assert len(town.phone.expect_text()["media"]) == 1
    town.phone.text(LINE, "", [picture])
    assert len(anna.expect_text("#1:")["media"]) == 1


def test_each_person_counts_texters_alone(twilio: Twilio) -> None:
    text(twilio, "SM1", TEXTER, "hello")
    text(twilio, "SM2", OTHER, "hello")
    assert [(message.to, message.body) for message in text(twilio, "SM3", OTHER, "ben")] == [(BEN, "#1: ben")]
    assert text(twilio, "SM4", BEN, "#1 hi")[0].to == OTHER
    assert text(twilio, "SM5", ANNA, "#1 hi")[0].to == TEXTER
    assert text(twilio, "SM6", OTHER, "hello")[0].body == "#2: hello"


@pytest.mark.parametrize("body", ["#1 hi", "#1: hi", "#1. hi", "#1, hi", " # 1\nhi", "hi", "#001 hi"])
def test_a_persons_answer_is_understood(twilio: Twilio, body: str) -> None:
    text(twilio, "SM1", TEXTER, "hello")
    assert [(message.to, message.body) for message in text(twilio, "SM2", ANNA, body)] == [(TEXTER, "hi")]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("#9 hi", "there is no #9"),
        ("#0 hi", "there is no #0"),
        ("#" + "9" * 30 + " hi", "there is no #999999999…"),
        ("#1", "Write your answer behind the number: #1"),
        ("#1: \n", "Write your answer behind the number: #1"),
        (" ", "Write your answer behind the number: #1"),
    ],
)
def test_a_person_whose_answer_goes_nowhere_is_told(twilio: Twilio, body: str, told: str) -> None:
    text(twilio, "SM1", TEXTER, "hello")
    (message,) = text(twilio, "SM2", ANNA, body)
    assert message.to is None
    assert message.body.startswith("Nothing was sent")
    assert told in message.body


def test_a_person_whom_nobody_has_texted_is_told(twilio: Twilio) -> None:
    assert [message.body for message in text(twilio, "SM1", ANNA, "hi")] == ["Nothing was sent: nobody has texted you here yet."]
    assert [message.to for message in text(twilio, "SM2", ANNA, "hours")] == [None]


def test_a_sender_that_is_a_name_cannot_be_answered(twilio: Twilio) -> None:
    text(twilio, "SM1", "BANK", "Your code is 1234")
    (message,) = text(twilio, "SM2", ANNA, "thanks")
    assert (message.to, message.body) == (None, "Nothing was sent: #1 takes no texts.")


def test_a_number_of_ours_never_texts_itself(twilio: Twilio) -> None:
    assert [(message.to, message.body) for message in text(twilio, "SM1", TEXTER, "our own")] == [(None, "That is us.")]


def test_two_numbers_of_ours_do_not_answer_each_other(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    """Anybody can show one of them as the caller's number, and hang up: the text that says sorry then comes to us."""
    (tmp_path / "desk.toml").write_text('start = "desk"\n[steps.desk]\nsay = "Sales."\n[texts]\ndefault = "We sell boats."\n')
    (tmp_path / "flow.toml").write_text(
        '[flows]\nsales = "desk.toml"\n[numbers]\n"+15550001112" = "sales"\n[missed]\ntext = "Sorry."\n'
        '[steps.start]\nkind = "queue"\nqueue = "all"\nwaiting = "Wait."\n[texts]\ndefault = "Thanks."\n'
    )
    app = make_app(flow_file=str(tmp_path / "flow.toml"))
    twilio, ours = Twilio(app.test_client()), [LINE, "+15550001112"]
    for path in ("/sms_url", "/sms_fallback_url"):
        for number, (from_, to) in enumerate((ours, ours[::-1])):
            told = twilio.post(path, {"MessageSid": f"SM{number:032}", "From": from_, "To": to, "Body": "Thanks."})
            assert "<Message" not in told.text
    assert "<Message" in twilio.post("/sms_url", {"MessageSid": "SM" + "3" * 32, "From": TEXTER, "To": LINE, "Body": "x"}).text
    call = {"CallSid": "CA" + "1" * 32, "From": ours[1], "To": LINE, "Direction": "inbound"}
    twilio.post("/voice_url", call | {"CallStatus": "in-progress"})
    twilio.post("/status/call", call | {"CallStatus": "completed"})
    with app.app_context():
        assert [each for each in ledger.latest(Message, 9) if each.direction != "inbound"] == []


def test_a_texter_who_opted_out_gets_no_answer_and_the_person_is_told(twilio: Twilio) -> None:
    text(twilio, "SM1", TEXTER, "hello")
    text(twilio, "SM2", OTHER, "hello")
    text(twilio, "SM3", TEXTER, "stop")
    (message,) = text(twilio, "SM4", ANNA, "#1 are you there?")
    assert (message.to, message.body) == (None, "Nothing was sent: #1 wants no more texts from this number.")
    assert text(twilio, "SM5", ANNA, "hi")[0].to == OTHER
    text(twilio, "SM6", TEXTER, "start")
    assert text(twilio, "SM7", ANNA, "#1 welcome back")[0].to == TEXTER


def test_a_person_who_opted_out_gets_no_texts_but_the_texter_gets_the_reply(twilio: Twilio) -> None:
    text(twilio, "SM1", ANNA, "STOP")
    assert [message.body for message in text(twilio, "SM2", TEXTER, "order")] == ["Thank you for your order."]
    assert text(twilio, "SM3", TEXTER, "hello", MediaUrl0="https://pictures.example.com/a.png") == []
    text(twilio, "SM4", ANNA, "UNSTOP")
    assert [message.body for message in text(twilio, "SM5", TEXTER, "hello")] == ["#1: hello"]


def test_a_text_that_comes_twice_gets_the_answer_that_it_got(twilio: Twilio) -> None:
    text(twilio, "SM1", TEXTER, "hello")
    text(twilio, "SM2", OTHER, "hello")
    assert text(twilio, "SM1", TEXTER, "hello")[0].body == "#1: hello"
    assert text(twilio, "SM3", ANNA, "hi")[0].to == OTHER
    text(twilio, "SM4", TEXTER, "hello")
    assert text(twilio, "SM3", ANNA, "hi")[0].to == OTHER


def test_first_texts_at_once_each_get_a_number_of_their_own(make_app: Callable[..., Flask], flow_file: str) -> None:
    workers = [make_app(flow_file=flow_file) for _ in range(2)]

    def write(number: int) -> tuple[int, str]:
        twilio = Twilio(workers[number % 2].test_client())
        return number % 8, text(twilio, f"SM{number % 8}", f"+1555000700{number % 8}", "hello")[0].body

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(write, range(24)))
    assert sorted(body for _, body in answers) == [f"#{tag}: hello" for tag in range(1, 9)]


def test_long_texts_go_on_in_a_second_message(town: Town) -> None:
    anna = town.sim.phone(ANNA)
    words = "".join(f"{number:05}" for number in range(320))
    town.phone.text(LINE, words)
    first, second = anna.expect_text("#1: ")["body"], anna.expect_text("#1: ")["body"]
    assert max(len(first), len(second)) == 1600
    assert first.removeprefix("#1: ") + second.removeprefix("#1: ") == words


HOSTILE = st.text(max_size=1600) | st.text("#0123456789: \n\r\t<>&\"'{}\ue000\ue001\x00]🎉\u202e", max_size=60)


@given(HOSTILE, HOSTILE)
@example("]]><Message to='+15550009999'>x</Message>", "#1 \ue000tcaller\ue001")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_whatever_is_texted_arrives_as_it_is_and_nowhere_else(app: Flask, words: str, answer: str) -> None:
    twilio = Twilio(app.test_client())
    sid = sha256(repr((words, answer)).encode()).hexdigest()
    number = f"+1555{int(sid, 16) % 10**8:08}"
    if words.strip().upper() in ("STOP", "END", "QUIT", "START", "YES", "HELP", "INFO"):
        return
    forwarded = [message for message in text(twilio, f"{sid}a", number, words) if message.to == ANNA]
    tags = {re.match("#([0-9]+): ", message.body)[1] for message in forwarded}  # type: ignore[index]
    assert len(tags) <= 1
    clean = "".join(letter for letter in words if letter in "\t\n\r" or (letter >= " " and letter not in "\ufffe\uffff"))
    if forwarded:
        assert "".join(message.body.split(": ", 1)[1] for message in forwarded) == clean
    for message in text(twilio, f"{sid}b", ANNA, answer):
        assert message.to in (None, number) or answer.strip().startswith("#") or not forwarded


def test_an_ordinary_text_costs_one_statement_and_a_forwarded_one_a_transaction(app: Flask, twilio: Twilio, database: str) -> None:
    statements: list[str] = []
    engine = app.extensions["engine"]
    if database == "sqlite":  # what is appended goes round SQLAlchemy there
        engine.dispose()
        event.listen(engine, "connect", lambda connection, record: connection.set_trace_callback(statements.append))
    else:
        event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, p, context, many: statements.append(statement))
    twilio.post("/healthz", {})
    text(twilio, "SM1", TEXTER, "hours")
    statements[:] = []
    text(twilio, "SM2", TEXTER, "hours")
    text(twilio, "SM3", TEXTER, "help")
    assert [statement.split()[0] for statement in statements] == ["INSERT", "INSERT"]
    statements[:] = []
    text(twilio, "SM4", TEXTER, "hello")
    assert statements[0].startswith("BEGIN" if database == "sqlite" else "SELECT pg_advisory")
    assert sum("INTO messages" in statement for statement in statements) == 1
