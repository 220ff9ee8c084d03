"""Calls that are placed to say something: a step of the flow, or an announcement that is repeated, acknowledged, left."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql
from town import LINE, PHONE, Town, open_town
from visitors import BOTH_DATABASES, Browser, Script, Twilio

from app import database, ledger
from app.flow import Flow, FlowError
from app.models import Call
from app.switch import Asked
from app.switch.announcement import Announced, parts
from app.twiml import xml_safe
from simulator.twiml.document import read_markup
from simulator.twiml.grammar import VOICE_VERBS
from simulator.twiml.schema import known_verbs

SAID = "The pump <b>{caller}</b> & valve 7 of 'north' have stopped."
ASKED = "To hear this again, press 2."
ASKED_FOR_KEY = "To confirm that you heard this, press 1. To hear it again, press 2."
OFFICE = str(Path(__file__).resolve().parents[2] / "flows" / "office.toml")


def announce(town: Town, **given: str) -> str:
    """Announce something to the phone; returns the address of the call."""
    placed = town.script.post("/make_call", {"say": SAID} | given)
    assert (placed.status_code, sorted(placed.json)) == (201, ["from", "sid", "status", "to"])
    return str(placed.location)


def news(town: Town, address: str) -> dict[str, object]:
    found = town.script.get(address)
    assert sorted(found.json) == ["answered_by", "duration", "events", "from", "outcome", "sid", "status", "to"]
    return dict(found.json)


def complaints(town: Town) -> list[object]:
    return [alert for entry in town.sim.requests() for alert in entry["alerts"]]


@BOTH_DATABASES
def test_an_announcement_is_heard_and_repeated_on_a_key(town: Town) -> None:
    address = announce(town)
    town.phone.expect_say(SAID)
    town.phone.expect_say(ASKED)
    for _ in range(4):  # however often: who wants to hear it again has not failed to answer
        town.phone.press("2")
        town.phone.expect_say(SAID)
        town.phone.expect_say(ASKED)
    town.phone.expect_hangup()
    assert town.phone.said == [SAID, ASKED] * 5
    assert complaints(town) == []
    found = news(town, address)
    assert (found["status"], found["outcome"], found["answered_by"]) == ("completed", None, None)
    assert isinstance(found["duration"], int)


@BOTH_DATABASES
def test_an_announcement_is_acknowledged_by_a_key(town: Town) -> None:
    address = announce(town, acknowledge="yes")
    town.phone.expect_say(ASKED_FOR_KEY)
    assert news(town, address)["outcome"] is None
    town.phone.press("1")
    town.phone.expect_say("Thank you. Goodbye.")
    assert news(town, address)["outcome"] == "acknowledged"
    town.phone.expect_hangup()
    assert (news(town, address)["status"], news(town, address)["outcome"]) == ("completed", "acknowledged")
    assert complaints(town) == []
    town.browser.get(address)
    town.browser.sign_in()
    page = town.browser.get(address).text
    assert "The pump &lt;b&gt;{caller}&lt;/b&gt; &amp; valve 7" in page
    assert "<dt>Acknowledged</dt><dd>yes</dd>" in page


def test_a_script_finds_the_call_by_its_sid_too(town: Town) -> None:
    placed = town.script.post("/make_call", {"say": SAID})
    town.phone.expect_hangup()
    assert news(town, f"/calls/{placed.json['sid']}") == news(town, placed.location)
    assert town.script.get("/calls/CA0").status_code == 404


def test_a_wrong_key_is_asked_again_and_in_the_end_hung_up_on(town: Town) -> None:
    address = announce(town, acknowledge="yes")
    for _ in range(3):
        town.phone.expect_say(ASKED_FOR_KEY)
        town.phone.press("9")
    town.phone.expect_hangup(5)
    assert town.phone.said == [SAID, ASKED_FOR_KEY, ASKED_FOR_KEY, ASKED_FOR_KEY]
    assert news(town, address)["outcome"] is None


def test_hearing_it_again_does_not_use_up_a_try_nor_give_one_back(town: Town) -> None:
    announce(town, acknowledge="yes")
    for key in ("9", "2", "9", "2", "9"):
        town.phone.expect_say(ASKED_FOR_KEY)
        town.phone.press(key)
    town.phone.expect_hangup(5)
    assert town.phone.said.count(SAID) == 3


def test_silence_is_asked_again_where_a_key_is_wanted(town: Town) -> None:
    address = announce(town, acknowledge="yes")
    town.phone.expect_hangup(120)
    assert town.phone.said == [SAID, ASKED_FOR_KEY, ASKED_FOR_KEY, ASKED_FOR_KEY]
    assert news(town, address)["outcome"] is None


def test_the_key_that_acknowledges_is_a_wrong_one_where_nobody_asked_for_it(town: Town) -> None:
    address = announce(town)
    town.phone.expect_say(ASKED)
    town.phone.press("1")
    town.phone.expect_say(ASKED)
    town.phone.expect_hangup()
    assert town.phone.said == [SAID, ASKED, ASKED]
    assert news(town, address)["outcome"] is None


def test_a_key_at_once_interrupts_the_announcement(town: Town) -> None:
    address = announce(town, acknowledge="yes")
    town.phone.expect_say(SAID)
    town.phone.press("1")
    town.phone.expect_say("Thank you")
    assert ASKED_FOR_KEY not in town.phone.said
    assert news(town, address)["outcome"] == "acknowledged"


def test_who_hangs_up_in_the_middle_has_not_acknowledged(town: Town) -> None:
    address = announce(town, acknowledge="yes")
    town.phone.expect_say(SAID)
    town.phone.hangup()
    town.sim.advance(30)
    assert (news(town, address)["status"], news(town, address)["outcome"]) == ("completed", None)
    town.browser.get(address)
    town.browser.sign_in()
    assert "<dt>Acknowledged</dt><dd>no</dd>" in town.browser.get(address).text
    assert "not acknowledged" in town.browser.get("/").text


@pytest.mark.parametrize("habit", ["busy", "no-answer"])
def test_who_is_not_reached_hears_nothing(town: Town, habit: str) -> None:
    town.phone.on_ring(habit)  # type: ignore[arg-type]
    address = announce(town, acknowledge="yes")
    town.sim.advance(120)
    assert (news(town, address)["status"], news(town, address)["outcome"]) == (habit, None)
    assert town.phone.said == []


@BOTH_DATABASES
def test_a_machine_is_left_the_announcement_once_after_its_beep(town: Town) -> None:
    town.phone.on_ring("machine")
    address = announce(town, acknowledge="yes", machine="leave")
    town.phone.expect_hangup()
    lines = [(line["verb"], line["text"]) for line in town.phone.transcript]
    assert [text for verb, text in lines if verb == "Say"] == [SAID]
    assert [verb for verb, _ in lines].index("Beep") < [verb for verb, _ in lines].index("Say")
    found = news(town, address)
    assert (found["status"], found["outcome"], found["answered_by"]) == ("completed", None, "machine_end_beep")
    town.browser.get(address)
    town.browser.sign_in()
    assert "<dt>Answered by</dt><dd>a machine</dd>" in town.browser.get(address).text


def test_a_machine_is_hung_up_on_where_that_is_wanted_before_it_records(town: Town) -> None:
    town.phone.on_ring("machine")
    address = announce(town, machine="hangup")
    town.phone.expect_hangup()
    assert not {"Say", "Beep"} & {line["verb"] for line in town.phone.transcript}
    assert news(town, address)["answered_by"] == "machine_start"


@pytest.mark.parametrize("machine", ["leave", "hangup"])
def test_a_person_is_asked_as_ever_where_a_machine_is_looked_for(town: Town, machine: str) -> None:
    address = announce(town, acknowledge="yes", machine=machine)
    town.phone.expect_say(ASKED_FOR_KEY)
    town.phone.press("1")
    town.phone.expect_say("Thank you")
    assert (news(town, address)["answered_by"], news(town, address)["outcome"]) == ("human", "acknowledged")


def test_the_voicemail_of_a_mobile_acknowledges_nothing(town: Town) -> None:
    town.phone.on_ring("machine")  # and nobody looks for one
    address = announce(town, acknowledge="yes")
    town.phone.expect_hangup(120)
    assert (news(town, address)["outcome"], news(town, address)["answered_by"]) == (None, None)


def test_another_worker_can_answer_the_key(town: Town, make_app: Callable[..., Flask]) -> None:
    announce(town, acknowledge="yes")
    town.phone.expect_say(ASKED_FOR_KEY)
    asked = [entry for entry in town.sim.requests() if "announcement" in entry["url"]]
    attempt = asked[0]["url"].rpartition("attempt=")[2]
    assert attempt
    elsewhere = Twilio(make_app().test_client())
    answer = elsewhere.post(f"/voice_url/announcement/answered?attempt={attempt}", {"CallSid": "CA1", "Digits": "1"})
    assert "Thank you. Goodbye." in answer.text


def test_neither_addresses_nor_logs_hold_an_announcement(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        announce(town, acknowledge="yes", say="Launch code orange")
        town.phone.expect_say(ASKED_FOR_KEY)
        town.phone.press("1")
        town.phone.expect_hangup()
    assert town.phone.said[0] == "Launch code orange"
    assert "orange" not in caplog.text
    assert not [entry["url"] for entry in town.sim.requests() if "orange" in entry["url"] + str(entry.get("params"))]


@pytest.fixture
def office_app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(flow_file=OFFICE)


@pytest.fixture
def office(make_app: Callable[..., Flask]) -> Iterator[Town]:
    with open_town(make_app, flow_file=OFFICE) as town:
        yield town


def test_a_call_may_begin_at_a_step(office: Town) -> None:
    placed = office.script.get("/make_call?step=reminder")
    assert (placed.status_code, sorted(placed.json)) == (201, ["from", "sid", "status", "to"])
    office.phone.expect_say("You have an appointment tomorrow.")
    office.phone.press("1")
    office.phone.expect_say("One moment, please.")
    assert complaints(office) == []
    assert [call.step for call in office.calls() if call.direction == "outbound-api"] == ["reminder"]


def test_the_form_offers_the_steps_where_there_is_a_choice(office: Town, browser: Browser) -> None:
    for who in (browser, office.browser):
        who.get("/")
        who.sign_in()
    assert '<option value="reminder">' in office.browser.get("/").text
    assert 'name="step"' not in browser.get("/").text
    assert 'name="say"' in browser.get("/").text


def test_the_words_around_are_those_of_the_flow(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    flow = tmp_path / "flow.toml"
    flow.write_text(
        """
voice = "Polly.Vicki"
language = "de-DE"
[steps.start]
say = "Hallo"
[announcement]
repeat_key = "*"
acknowledge_key = "#"
ask = "Nochmals: Stern."
ask_to_acknowledge = "Verstanden, {caller}: Raute. Nochmals: Stern."
acknowledged = "Danke."
tries = 1
"""
    )
    with open_town(make_app, flow_file=str(flow)) as town:
        announce(town, acknowledge="yes")
        town.phone.expect_say("Verstanden")
        town.phone.press("*")
        line = town.phone.expect("Say", SAID)
        assert (line["voice"], line["language"]) == ("Polly.Vicki", "de-DE")
        town.phone.expect_say("Verstanden, 1 5 5 5 0 0 0 2 2 2 2: Raute.")
        town.phone.press("#")
        town.phone.expect_say("Danke.")
        town.phone.expect_hangup()
        announce(town, acknowledge="yes")
        town.phone.expect_say("Verstanden")
        town.phone.press("1")
        town.phone.expect_hangup(5)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('[announcement]\nrepeat_key = "1"\nask = "x"\nask_to_acknowledge = "x"', "has the same key"),
        ('[announcement]\nrepeat_key = "5"\nask_to_acknowledge = "x"', "give `ask`, too"),
        ('[announcement]\nacknowledge_key = "5"', "give `ask_to_acknowledge`, too"),
        ('[steps.announcement]\nsay = "x"', "may not have this name"),
    ],
)
def test_keys_that_are_not_said_and_a_step_in_its_way_are_faults(tmp_path: Path, table: str, sentence: str) -> None:
    (tmp_path / "flow.toml").write_text(f'[steps.start]\nsay = "x"\n{table}\n')
    with pytest.raises(FlowError, match=sentence):
        Flow(tmp_path / "flow.toml")


# What Twilio says of who answers (https://www.twilio.com/docs/voice/answering-machine-detection).
@pytest.mark.parametrize(
    ("answered_by", "verbs"),
    [
        ("", ["Gather"]),
        ("human", ["Gather"]),
        ("unknown", ["Gather"]),
        ("machine_end_beep", ["Say"]),
        ("machine_end_silence", ["Say"]),
        ("machine_end_other", ["Say"]),
        ("machine_start", ["Hangup"]),
        ("fax", ["Hangup"]),
    ],
)
def test_each_that_may_answer_gets_what_is_meant_for_it(app: Flask, twilio: Twilio, answered_by: str, verbs: list[str]) -> None:
    attempt = written(app, "Fire")
    answer = twilio.post(f"/voice_url/announcement?attempt={attempt}", asked_of(answered_by))
    assert [verb.name for verb in read_markup(answer.text).verbs] == verbs
    assert ("Fire" in answer.text) == (verbs != ["Hangup"])
    with app.app_context():
        found = ledger.find(Call, attempt)
    assert found is not None
    assert (found.answered_by, found.sid) == (answered_by or None, "CA1")


@pytest.mark.parametrize("path", ["/voice_url/announcement", "/voice_url/announcement/answered"])
@pytest.mark.parametrize("query", ["", "?attempt=", "?attempt=0", "?attempt=%00&turn=-1", "?attempt=plain"])
def test_an_announcement_that_nobody_knows_is_said_to_be_a_fault(app: Flask, twilio: Twilio, path: str, query: str) -> None:
    with app.app_context():
        plain, _ = ledger.begin(Call, to=PHONE, from_=LINE)
    answer = twilio.post(path + query.replace("plain", plain), asked_of("human"))
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert "<Say>We are sorry" in answer.text


def test_a_call_that_twilio_took_and_the_database_did_not_is_no_error(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    refuse = "CREATE TRIGGER full BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'full'); END"
    with town.app.app_context():
        database.write(lambda connection: connection.execute(sql(refuse)))
    placed = town.script.post("/make_call", {"to": PHONE})
    assert (placed.status_code, placed.json["status"]) == (201, "queued")
    assert "not yet written" in caplog.text
    assert "Traceback" not in caplog.text


def test_where_the_answer_to_a_key_is_lost_the_callee_hears_a_sentence_of_ours(town: Town) -> None:
    address = announce(town, acknowledge="yes")
    town.phone.expect_say(ASKED_FOR_KEY)
    town.sim.fault("webhook", "refuse", match="/answered")
    town.phone.press("1")
    town.phone.expect_say("We are sorry, something went wrong.")
    town.phone.expect_hangup()
    assert news(town, address)["outcome"] is None


@BOTH_DATABASES
def test_without_a_database_the_callee_hears_a_sentence(app: Flask, twilio: Twilio, caplog: pytest.LogCaptureFixture) -> None:
    attempt = written(app, "Fire")
    with app.app_context():
        database.write(lambda connection: connection.execute(sql("ALTER TABLE calls RENAME TO gone")))
    for path in ("/voice_url/announcement", "/voice_url/announcement/answered"):
        answer = twilio.post(f"{path}?attempt={attempt}", asked_of("human"))
        assert (answer.status_code, answer.mimetype) == (200, "text/xml")
        assert "<Say>We are sorry" in answer.text
    assert PHONE[-4:] not in caplog.text


def test_keys_that_come_twice_or_late_change_nothing(app: Flask, twilio: Twilio) -> None:
    attempt = written(app, "Fire", acknowledge=True)
    address = f"/voice_url/announcement/answered?attempt={attempt}"
    first = twilio.post(address, asked_of("human") | {"Digits": "1"})
    assert twilio.post(address, asked_of("human") | {"Digits": "1"}).text == first.text
    twilio.post(address, asked_of("human") | {"Digits": "9"})
    with app.app_context():
        found = ledger.find(Call, attempt)
    assert found is not None
    assert found.outcome == "acknowledged"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"step": "nowhere"}, "`start`"),
        ({"step": "chosen.by/../a"}, "`start`"),
        ({"step": "start", "say": "x"}, "`say`"),
        ({"step": "start", "say": ""}, "`say`"),
        ({"say": ""}, "4,096"),
        ({"say": " \n\u2003"}, "4,096"),
        ({"say": "\x00\x07"}, "4,096"),
        ({"say": "x" * 4097}, "4,097"),
        ({"say": "x", "acknowledge": "maybe"}, "`yes`"),
        ({"say": "x", "machine": "shout"}, "`leave`"),
        ({"acknowledge": "yes"}, "`say`"),
        ({"machine": "leave"}, "`say`"),
        ({"step": "start", "machine": "leave"}, "`say`"),
    ],
)
def test_what_cannot_be_said_is_refused_with_what_can(app: Flask, script: Script, given: dict[str, str], named: str) -> None:
    as_json = script.client.post("/make_call", json=given, headers=script.headers)
    in_address = "&".join(f"{name}={quote(value)}" for name, value in given.items())
    for refusal in (script.post("/make_call", given), script.get(f"/make_call?{in_address}"), as_json):
        assert (refusal.status_code, refusal.json["error"]["code"]) == (400, "invalid_request")
        assert named in refusal.json["error"]["message"]
        assert refusal.json["error"]["message"].endswith(".")
    with app.app_context():
        assert ledger.latest(Call, 9) == []


@BOTH_DATABASES
def test_a_reload_is_the_same_call_only_if_it_says_the_same(town: Town) -> None:
    ways = ["", "?step=start", "?say=Fire", "?say=Flood", "?say=Fire&acknowledge=yes"]
    town.phone.on_ring("busy")
    sids = []
    for way in ways:
        first, again = town.script.get(f"/make_call{way}"), town.script.get(f"/make_call{way}")
        assert (first.status_code, again.status_code) == (201, 200), way
        assert (first.json["sid"], first.location) == (again.json["sid"], again.location)
        sids.append(first.json["sid"])
    assert len(set(sids)) == len(ways)
    assert town.script.get("/make_call").json["sid"] == sids[0]
    assert town.script.post("/make_call", {"say": "Fire"}).status_code == 201


def test_empty_choices_of_the_form_are_none(town: Town) -> None:
    town.browser.get("/")
    town.browser.sign_in()
    assert town.browser.post("/make_call", {"to": PHONE, "step": ""}).status_code == 200
    town.phone.expect_say("Hello Monkey!")
    town.phone.expect_hangup()
    assert town.browser.post("/make_call", {"to": PHONE, "say": "Fire", "machine": ""}).status_code == 200
    town.phone.expect_say("Fire")


@pytest.mark.parametrize(
    "site", ["cross-site", "same-site", "none", "same-origin"]
)  # a link in a mail; the way back from signing in
def test_a_link_with_words_shows_all_that_would_be_said_and_sends_it_when_told_to(town: Town, site: str) -> None:
    town.browser.get("/")
    town.browser.sign_in()
    link = f"/make_call?to={quote(PHONE)}&say={quote(SAID)}&acknowledge=yes&machine=leave&also=%22%3E"
    confirm = town.browser.get(link, sec_fetch_site=site)
    assert "Place this call?" in confirm.text
    assert "The pump &lt;b&gt;{caller}&lt;/b&gt; &amp; valve 7" in confirm.text
    assert "asked for a key" in confirm.text
    assert "left on a machine" in confirm.text
    assert town.calls() == []
    form = Form()
    form.feed(confirm.text)
    assert form.fields == {"to": PHONE, "say": SAID, "acknowledge": "yes", "machine": "leave"}
    assert town.browser.post("/make_call", form.fields).status_code == 200
    town.phone.expect_say(SAID)
    refused = town.browser.get("/make_call?step=nowhere", sec_fetch_site=site)
    assert (refused.status_code, refused.mimetype) == (400, "text/html")
    step = town.browser.get("/make_call?step=start", sec_fetch_site=site).text
    assert "beginning at the step <strong>start</strong>" in step
    assert len(town.calls()) == 1


def test_a_script_says_in_an_address_what_is_to_be_heard(town: Town) -> None:
    assert town.script.get(f"/make_call?say={quote(SAID)}").status_code == 201
    town.phone.expect_say(SAID)


def test_a_link_shows_the_number_that_is_dialled_and_not_what_it_calls_it(browser: Browser) -> None:
    browser.sign_in()
    for written in ("My own phone +15550003333", "\u202e+15550003333", "+15550003333;isub=+15550009999"):
        confirm = browser.get(f"/make_call?to={quote(written)}", sec_fetch_site="cross-site").text
        assert "to call <strong>+15550003333</strong>" in confirm
        assert "Call +15550003333</button>" in confirm
        assert written not in confirm


def test_a_long_announcement_in_an_address_does_not_outgrow_the_session(browser: Browser) -> None:
    asked = browser.get("/make_call?say=" + "x" * 3000)
    assert asked.status_code == 303
    assert len(asked.headers["Set-Cookie"]) < 4000
    assert browser.sign_in().location == "/"


class Form(HTMLParser):
    """The fields of the form that asks whether to call, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input":
            self.fields[given["name"] or ""] = given["value"] or ""
        self._area = given["name"] if tag == "textarea" else None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] = data.removeprefix("\n")
            self._area = None


# Whatever somebody announces, as it comes through /make_call.
announcements = st.one_of(
    st.text(min_size=1, max_size=4096),
    st.text("<>&\"'{}\\]\ue000\ue001t0\n\r\t ", min_size=1, max_size=200),
    st.builds(lambda piece, times: (piece * times)[:4096], st.text(min_size=1, max_size=12), st.integers(1, 4096)),
)


@given(announcements, st.booleans(), st.sampled_from(["human", "machine_end_beep"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@example("<Hangup/></Say>]]><![CDATA[ {caller} {{}} %s &amp; &#0;", True, "human")
@example("😀" * 4096, True, "human")
@example("ש" * 4096, False, "machine_end_beep")
@example("word. " * 682, True, "human")
@example("\u2003x\u2003" * 1000, True, "human")
def test_every_announcement_makes_a_document_that_twilio_takes(
    office_app: Flask, announcement: str, acknowledge: bool, answered_by: str
) -> None:
    text = xml_safe(announcement)
    assume(text.strip())  # what has no words is refused before
    asked = Asked(lambda name: asked_of(answered_by).get(name, "abc" if name == "attempt" else ""), datetime.now(UTC))
    announced = Announced(office_app.extensions["switch"], asked, text, acknowledge)
    alarms: list[object] = []
    for answer in (announced.begin(), announced.answered()):
        assert len(answer.twiml.encode()) < 64 * 1024
        verbs = known_verbs(read_markup(answer.twiml), VOICE_VERBS, lambda *alarm: alarms.append(alarm))
        said = [part for verb in verbs for part in (verb, *verb.children) if part.name == "Say"]
        assert all(part.text.strip() and len(part.own_text.encode()) <= 1000 for part in said)
        assert {verb.name for verb in verbs} <= {"Gather", "Say", "Hangup"}
    assert alarms == []
    begun = read_markup(announced.begin().twiml).verbs
    heard = [part.own_text for verb in begun for part in (verb, *verb.children) if part.name == "Say"]
    told = heard if answered_by != "human" else heard[:-1]
    assert "".join("".join(told).split()) == "".join(text.split())


def test_a_long_announcement_is_parted_between_its_sentences(app: Flask) -> None:
    sentence = "The pump in the north has stopped, and nobody knows why. "
    pieces = parts(sentence * 71)
    assert len(pieces) == 5
    assert {piece[-4:] for piece in pieces} == {"why."}
    assert " ".join(pieces) == (sentence * 71).strip()


LEG = {"ParentCallSid": "CA1", "Direction": "outbound-dial", "From": PHONE, "To": "+15550003333"}


@BOTH_DATABASES
def test_legs_are_calls_of_their_own_beneath_the_one_they_belong_to(app: Flask, twilio: Twilio, browser: Browser) -> None:
    twilio.post("/voice_url", {"CallSid": "CA1", "CallStatus": "ringing", "From": PHONE, "To": LINE, "Direction": "inbound"})
    told = [("CA2", "initiated"), ("CA3", "initiated"), ("CA2", "in-progress"), ("CA3", "no-answer"), ("CA2", "completed")]
    for sid, status in [*told, *reversed(told), *told]:
        answer = twilio.post("/status/call?connects=yes", LEG | {"CallSid": sid, "CallStatus": status, "CallDuration": "7"})
        assert answer.status_code == 204
    with app.app_context():
        rows = {row.sid: row for row in ledger.latest(Call, 99)}
        assert [row.sid for row in ledger.latest_calls(99)] == ["CA1"]
    assert {sid: (row.parent_sid, row.status, row.outcome) for sid, row in rows.items()} == {
        "CA1": (None, "ringing", "connected"),
        "CA2": ("CA1", "completed", None),
        "CA3": ("CA1", "no-answer", None),
    }
    browser.sign_in()
    page = browser.get("/").text
    assert page.count("<article") == 1
    assert "connected" in page
    assert page.count("+15550003333") == 2
    assert "Call from +15550002222" in browser.get("/calls/CA1").text
    assert browser.get("/calls/CA1").text.count("+15550003333") == 2


def test_a_leg_connects_also_where_only_its_end_is_told(app: Flask, twilio: Twilio) -> None:
    twilio.post("/voice_url", {"CallSid": "CA1", "CallStatus": "ringing", "From": PHONE, "To": LINE, "Direction": "inbound"})
    for status, outcome in (("canceled", None), ("no-answer", None), ("completed", "connected")):
        twilio.post("/status/call?connects=yes", LEG | {"CallSid": "CA2", "CallStatus": status, "CallDuration": "7"})
        with app.app_context():
            assert ledger.outcome("CA1") == outcome


def test_a_leg_that_has_to_press_a_key_connects_nobody_by_answering(app: Flask, twilio: Twilio) -> None:
    twilio.post("/voice_url", {"CallSid": "CA1", "CallStatus": "ringing", "From": PHONE, "To": LINE, "Direction": "inbound"})
    twilio.post("/status/call", LEG | {"CallSid": "CA2", "CallStatus": "in-progress"})
    twilio.post("/status/call?connects=yes", LEG | {"CallSid": "CA2", "CallStatus": "ringing"})
    twilio.post("/status/call?connects=yes", {"CallSid": "CA2", "CallStatus": "in-progress"})  # of no call that is known
    with app.app_context():
        assert {row.sid: row.outcome for row in ledger.latest(Call, 9)} == {"CA1": None, "CA2": None}


def test_a_call_that_is_put_through_shows_to_whom(office: Town) -> None:
    office.sim.phone("+15550003333").on_ring("no-answer")
    office.sim.phone("+15550004444").on_ring("ring")
    office.script.get("/make_call?step=reminder")
    office.phone.expect_say("To speak to us, press 1.")
    office.phone.press("1")
    anna = office.sim.phone("+15550004444")
    anna.expect_ring()
    anna.answer()
    anna.expect_say("Press 1 to take it.")
    anna.press("1")
    office.sim.advance(10)
    (call,) = [call for call in office.calls() if call.parent_sid is None]
    legs = [leg for leg in office.calls() if leg.parent_sid is not None]
    assert call.outcome == "connected"
    assert {leg.parent_sid for leg in legs} == {call.sid}
    assert {leg.to_number: leg.status for leg in legs}["+15550004444"] == "in-progress"
    assert {leg.to_number: leg.status for leg in legs}["+15550003333"] == "no-answer"
    anna.hangup()
    office.sim.advance(30)
    assert complaints(office) == []


def asked_of(answered_by: str) -> dict[str, str]:
    """What Twilio tells when a call that we placed is answered."""
    asked = {"CallSid": "CA1", "CallStatus": "in-progress", "Direction": "outbound-api", "From": LINE, "To": PHONE}
    return asked | ({"AnsweredBy": answered_by} if answered_by else {})


def written(app: Flask, announcement: str, acknowledge: bool = False) -> str:
    """The attempt id of a call in the ledger that announces something."""
    with app.app_context():
        return ledger.begin(Call, to=PHONE, from_=LINE, announcement=announcement, acknowledge=acknowledge)[0]
