"""The text to a caller who wanted to speak to somebody and did not: once, and to nobody else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from town import LINE, PHONE, Town, open_town
from visitors import BOTH_DATABASES, Twilio

from app import clock, ledger, limits
from app.ledger import recordings
from app.missed import text_late
from app.models import Call, Message
from simulator.driver import Handset

pytestmark = BOTH_DATABASES

ANNA = "+15550004444"
FLOW = """
[people]
anna = "+15550004444"

[steps.start]
kind = "menu"
say = "For Anna, press 1. For the queue, press 2. For the hours, press 3. For who works here, press 4."
otherwise = "hours"
choices = { 1 = "anna", 2 = "queue", 3 = "hours", 4 = "take" }

[steps.anna]
kind = "dial"
to = "anna"
timeout = 10
whisper = "A call. Press 1."
accept = "1"
otherwise = "message"

[steps.message]
kind = "voicemail"
say = "Please leave a message."

[steps.queue]
kind = "queue"
queue = "support"
waiting = "Please wait."
max_wait = 30

[steps.take]
kind = "take"
queue = "support"

[steps.hours]
say = "From nine to five."

[missed]
text = "Sorry that we missed {caller}."
"""
ABROAD = "+421905123456"  # in a country that may not be texted
SORRY = f"Sorry that we missed {PHONE}."
LEG = {"CallSid": "CA" + "2" * 32, "ParentCallSid": "CA" + "1" * 32, "Direction": "outbound-dial", "CallStatus": "no-answer"}
CALL = {"CallSid": "CA" + "1" * 32, "From": PHONE, "To": LINE, "Direction": "inbound"}


@pytest.fixture
def flow_file(tmp_path: Path) -> str:
    path = tmp_path / "flow.toml"
    path.write_text(FLOW)
    return str(path)


@pytest.fixture
def town(make_app: Callable[..., Flask], flow_file: str) -> Iterator[Town]:
    with open_town(make_app, flow_file=flow_file) as town:
        yield town


@pytest.fixture
def app(make_app: Callable[..., Flask], flow_file: str) -> Flask:
    return make_app(flow_file=flow_file)


def call(phone: Handset, key: str) -> None:
    phone.call(LINE)
    phone.expect_say("For Anna")
    phone.press(key)


def got(town: Town) -> list[str]:
    town.sim.advance(30)
    return [message["body"] for message in town.phone.messages]


def test_who_hangs_up_while_it_rings_is_texted_once(town: Town) -> None:
    town.sim.fault("webhook", "duplicate", match="/status/call", count=9)
    anna = town.sim.phone(ANNA)
    anna.on_ring("ring")
    call(town.phone, "1")
    anna.expect_ring()
    town.phone.hangup()
    assert got(town) == [SORRY]
    (message,) = town.messages()
    assert (message.status, message.from_number, message.to_number) == ("delivered", LINE, PHONE)


def test_who_is_missed_in_a_call_whose_end_nobody_told_is_texted_late_and_once(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/call", count=99)
    anna = town.sim.phone(ANNA)
    anna.on_ring("ring")
    call(town.phone, "1")
    anna.expect_ring()
    sid = town.phone.state["current_call"]["sid"]
    late = clock.system() + timedelta(minutes=3)
    town.app.extensions["now"] = lambda: late  # before the end, of which the dial's own webhook tells at any moment
    town.phone.hangup()
    with town.app.app_context():
        assert text_late() == ""  # it may still go on
        ledger.advance(Call, "completed", sid=sid)
        assert text_late() == ""  # the callback may still come
        town.app.extensions["now"] = lambda: late + timedelta(minutes=3)
        assert "1 callers" in text_late()
        assert text_late() == ""
    assert got(town) == [SORRY]


@pytest.mark.parametrize("cause", ["stopped", "limited"])
def test_twilio_is_asked_once_about_a_missed_caller_who_may_not_be_texted_for_now(
    town: Town, caplog: pytest.LogCaptureFixture, cause: str
) -> None:
    with town.app.app_context():
        limits.stop("somebody", "a fraud")
    anna = town.sim.phone(ANNA)
    anna.on_ring("ring")
    params = CALL | {"CallStatus": "in-progress"}
    twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
    assert twilio.post("/voice_url/anna", params).status_code == 200
    caplog.set_level("INFO", "app.asking")
    with town.app.app_context():
        ledger.note_outcome(CALL["CallSid"], "missed")
        ledger.advance(Call, "completed", sid=CALL["CallSid"])
        if cause == "limited":
            limits.resume("somebody")
            town.app.extensions["settings"] = town.app.extensions["settings"].model_copy(update={"daily_budget": 0.0})
        for minutes in range(3, 13):
            town.app.extensions["now"] = lambda minutes=minutes: clock.system() + timedelta(minutes=minutes)
            assert text_late() == ""
        assert sum("recordings of call" in line for line in caplog.messages) == (1 if cause == "limited" else 0)
        assert ledger.latest(Message, 9) == []
        town.app.extensions["settings"] = town.app.extensions["settings"].model_copy(update={"daily_budget": 9.0})
        limits.resume("somebody")
        text_late()
    assert got(town) == [SORRY]
    assert sum("recordings of call" in line for line in caplog.messages) == 1


def test_a_missed_caller_who_may_never_be_texted_is_refused_once_and_not_tried_again(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    assert missed(app, From=ABROAD) == []
    with app.app_context():
        for minutes in range(3, 8):
            app.extensions["now"] = lambda minutes=minutes: clock.system() + timedelta(minutes=minutes)
            assert text_late() == ""
        assert sum("spend refused" in line for line in caplog.messages) == 1
        app.extensions["settings"] = app.extensions["settings"].model_copy(update={"allowed_prefixes": (ABROAD,)})
        assert "1 callers" in text_late()  # somebody has allowed it in time
        assert [message.to_number for message in ledger.latest(Message, 9)] == [ABROAD]


def test_who_was_missed_days_ago_is_not_texted_when_that_is_found_out(town: Town) -> None:
    with town.app.app_context():
        town.app.extensions["now"] = lambda: clock.system() - timedelta(days=3)
        ledger.advance(Call, "in-progress", sid=CALL["CallSid"], from_number=PHONE, to_number=LINE)
        ledger.note_outcome(CALL["CallSid"], "missed")
        town.app.extensions["now"] = clock.system
        ledger.advance(Call, "completed", sid=CALL["CallSid"], source="reconciled")
        town.app.extensions["now"] = lambda: clock.system() + timedelta(minutes=3)
        assert text_late() == ""
    assert got(town) == []


def test_a_round_that_takes_too_long_ends_and_the_next_one_does_what_is_left(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clock.LONGEST_ROUND", 0)
    with town.app.app_context():
        for number in range(3):
            ledger.advance(Call, "completed", sid=f"CA{number}", from_number=f"+1555000300{number}", to_number=LINE)
            ledger.note_outcome(f"CA{number}", "missed")
        town.app.extensions["now"] = lambda: clock.system() + timedelta(minutes=3)
        for done in (1, 2, 3, 3):
            text_late()
            assert len(ledger.latest(Message, 9)) == done


def test_who_left_a_message_in_a_call_whose_end_nobody_told_is_not_texted(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/", count=99)
    town.sim.phone(ANNA).on_ring("no-answer")
    call(town.phone, "1")
    town.phone.expect_beep(within=120)
    town.phone.speak("Call me back", 5)
    town.sim.advance(120)
    with town.app.app_context():
        ledger.advance(Call, "completed", sid=town.calls()[-1].sid)
        town.app.extensions["now"] = lambda: clock.system() + timedelta(minutes=3)
        assert text_late() == ""
        (left,) = recordings.latest(9)
    assert (left.step, left.from_number, left.to_number) == ("message", PHONE, LINE)  # though no callback told of it
    assert left.duration == 5
    assert got(town) == []


def test_who_gets_no_answer_and_leaves_no_message_is_texted(town: Town) -> None:
    town.sim.phone(ANNA).on_ring("no-answer")
    call(town.phone, "1")
    town.phone.expect_say("Please leave a message.", within=120)
    town.phone.hangup()
    assert got(town) == [SORRY]


def test_who_hears_only_that_we_are_sorry_is_texted(town: Town) -> None:
    town.sim.fault("webhook", "refuse", match="/voice_url", count=2)
    town.phone.call(LINE)
    town.phone.expect_say("We are sorry")
    town.phone.expect_hangup()
    assert got(town) == [SORRY]


@pytest.mark.parametrize("before", [None, "missed", "voicemail", "connected"])
@pytest.mark.parametrize("target", ["/voice_url/a_step_that_is_gone", "/voice_fallback_url"])
def test_who_is_not_served_any_more_was_missed_unless_they_came_further_before(
    app: Flask, twilio: Twilio, target: str, before: ledger.Outcome | None
) -> None:
    params = CALL | {"CallStatus": "in-progress"}
    if before:
        assert twilio.post("/voice_url", params).status_code == 200
        with app.app_context():
            ledger.note_outcome(CALL["CallSid"], before)
    assert "We are sorry" in twilio.post(target, params).text
    with app.app_context():
        (call,) = ledger.latest(Call, 9)
    assert (call.status, call.outcome) == ("in-progress", before or "missed")


@pytest.mark.parametrize("target", ["/voice_url/a_step_that_is_gone", "/voice_fallback_url"])
def test_whom_we_called_was_not_missed(app: Flask, twilio: Twilio, target: str) -> None:
    assert "We are sorry" in twilio.post(target, CALL | {"CallStatus": "in-progress", "Direction": "outbound-api"}).text
    with app.app_context():
        assert ledger.outcome(CALL["CallSid"]) is None


def test_who_hears_it_for_a_fault_of_the_database_that_is_over_was_missed(app: Flask, twilio: Twilio) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("", {}, Exception())

    event.listen(app.extensions["engine"], "before_cursor_execute", fail, once=True)
    assert "We are sorry" in twilio.post("/voice_url", CALL | {"CallStatus": "in-progress"}).text
    with app.app_context():
        assert ledger.outcome(CALL["CallSid"]) == "missed"


def test_who_leaves_a_message_is_not_texted(town: Town) -> None:
    town.sim.phone(ANNA).on_ring("no-answer")
    call(town.phone, "1")
    town.phone.expect_beep(within=120)
    town.phone.speak("Call me back", 5)
    town.sim.advance(120)
    assert got(town) == []


def test_who_spoke_to_somebody_is_not_texted(town: Town) -> None:
    anna = town.sim.phone(ANNA)
    call(town.phone, "1")
    anna.expect_say("Press 1")
    anna.press("1")
    town.sim.advance(2)
    anna.speak("Hello?")
    town.phone.expect_speech("Hello?")
    town.phone.hangup()
    assert got(town) == []


DIALS = """
[people]
ben = "+15550005555"
[steps.start]
kind = "dial"
to = "ben"
timeout = 10
[missed]
text = "Sorry that we missed {caller}."
"""


@pytest.mark.parametrize("lost", [3, 4], ids=["but its end", "all"])
def test_who_spoke_to_somebody_of_whose_leg_callbacks_were_lost_is_not_texted(
    make_app: Callable[..., Flask], tmp_path: Path, lost: int
) -> None:
    (tmp_path / "dials.toml").write_text(DIALS)
    with open_town(make_app, flow_file=str(tmp_path / "dials.toml")) as town:
        town.sim.fault("webhook", "drop", match="connects=yes", count=lost)
        town.phone.call(LINE)
        town.sim.advance(20)
        town.phone.hangup()
        assert got(town) == []
        later = clock.system() + timedelta(minutes=5)
        town.app.extensions["now"] = lambda: later
        with town.app.app_context():
            assert text_late() == ""
        assert got(town) == []
        assert [each.outcome for each in town.calls() if each.direction == "inbound"] == ["connected"]


def test_who_is_rung_in_vain_and_whose_leg_ends_after_the_call_is_texted_then(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    (tmp_path / "dials.toml").write_text(DIALS)
    with open_town(make_app, flow_file=str(tmp_path / "dials.toml")) as town:
        town.sim.phone("+15550005555").on_ring("ring")
        town.sim.fault("webhook", "delay", match="connects=yes", count=9, seconds=12)
        town.phone.call(LINE)
        town.sim.advance(5)
        town.phone.hangup()
        town.sim.advance(3)
        assert town.phone.messages == []
        assert got(town) == [SORRY]


def test_who_may_have_spoken_while_a_browser_phone_rang_beside_is_not_texted(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    """That the browser phone stopped ringing says nothing of Ben's phone."""
    people = 'ben = "+15550005555"\nanna = "client:anna"'
    (tmp_path / "dials.toml").write_text(
        DIALS.replace('ben = "+15550005555"', people).replace('to = "ben"', 'to = ["ben", "anna"]')
    )
    with open_town(make_app, flow_file=str(tmp_path / "dials.toml")) as town:
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)

        def tell(**said: str) -> list[str]:
            assert twilio.post("/status/call", CALL | said).status_code == 204
            town.sim.settle()
            return got(town)

        leg = {"ParentCallSid": CALL["CallSid"], "Direction": "outbound-dial"}
        assert twilio.post("/voice_url", CALL | {"CallStatus": "ringing"}).status_code == 200
        assert tell(CallSid="CA" + "a" * 32, To="client:anna", CallStatus="canceled", **leg) == []
        assert tell(CallStatus="completed") == []
        assert tell(CallSid="CA" + "b" * 32, To="+15550005555", CallStatus="no-answer", **leg) == [SORRY]


def wait_and_talk(town: Town) -> None:
    """The phone waits in the queue, a colleague takes it out, and they speak until the phone hangs up."""
    colleague = town.sim.phone("+15550007777")
    call(town.phone, "2")
    town.phone.expect_say("Please wait.")
    call(colleague, "4")
    town.sim.advance(2)
    colleague.speak("Hello?")
    town.phone.expect_speech("Hello?")
    town.phone.hangup()


def test_who_waited_in_vain_is_texted_and_who_was_taken_is_not(town: Town) -> None:
    wait_and_talk(town)
    assert got(town) == []
    call(town.phone, "2")
    town.phone.expect_say("Please wait.")
    town.phone.hangup()
    assert got(town) == [SORRY]


def test_a_talk_counts_although_the_news_of_its_end_comes_last(town: Town) -> None:
    town.sim.fault("webhook", "delay", match="/left", count=9, seconds=10)
    wait_and_talk(town)
    assert got(town) == []


def test_who_wanted_nobody_is_not_texted(town: Town) -> None:
    call(town.phone, "3")
    town.phone.expect_hangup()
    assert got(town) == []


def test_who_opted_out_is_not_texted(town: Town) -> None:
    town.phone.text(LINE, "STOP")
    town.sim.advance(10)
    before = len(town.phone.messages)
    call(town.phone, "2")
    town.phone.expect_say("Please wait.")
    town.phone.hangup()
    assert len(got(town)) == before
    assert [message.direction for message in town.messages()] == ["inbound"]


@pytest.mark.parametrize(("kind", "status"), [("refuse", "delivered"), ("lost", "delivered"), ("error", "unknown")])
def test_a_fault_of_twilios_is_no_fault_of_the_callback(town: Town, kind: str, status: str) -> None:
    call(town.phone, "2")
    town.phone.expect_say("Please wait.")
    town.sim.fault("rest", kind, match="/Messages")
    town.phone.hangup()
    town.sim.advance(30)
    assert [message.status for message in town.messages()] == [status]
    assert [request["status"] for request in town.sim.requests() if request["url"].endswith("/status/call")][-1] == 204
    assert [row.status for row in town.calls()] == ["completed"]


def missed(app: Flask, **changes: str) -> list[tuple[str, str, str]]:
    """The texts after a call to Anna that ends so: status, sender, recipient."""
    twilio, params = Twilio(app.test_client()), CALL | changes
    assert twilio.post("/voice_url/anna", params | {"CallStatus": "in-progress"}).status_code == 200
    assert twilio.post("/status/call", LEG).status_code == 204
    assert twilio.post("/status/call", {"CallStatus": "completed"} | params).status_code == 204
    with app.app_context():
        return [(row.status, row.from_number, row.to_number) for row in ledger.latest(Message, 9)]


@pytest.mark.parametrize("status", ["completed", "busy", "no-answer", "canceled", "failed"])
def test_a_call_may_end_in_many_ways(app: Flask, status: str) -> None:
    assert missed(app, CallStatus=status) == [("requested", LINE, PHONE)]  # nobody answers for Twilio here


@pytest.mark.parametrize("status", ["ringing", "in-progress", "", "levitating"])
def test_a_call_that_goes_on_is_not_missed_yet(app: Flask, status: str) -> None:
    assert missed(app, CallStatus=status) == []


@pytest.mark.parametrize(
    "caller",
    [
        "anonymous",
        "+266696687",
        "client:anna",
        "sip:a@example.com",
        "",
        "+442079460000",
        "+18005550199",
        "+1",
        "+4930901820",
        "<x>",
    ],
)
def test_callers_who_get_no_texts_are_not_texted(app: Flask, caller: str) -> None:
    assert missed(app, From=caller) == []


def test_calls_of_our_own_are_not_missed(app: Flask) -> None:
    assert missed(app, Direction="outbound-api", From=LINE, To=PHONE) == []
    assert missed(app, Direction="outbound-dial") == []


def test_callbacks_that_come_at_once_text_once(make_app: Callable[..., Flask], flow_file: str) -> None:
    workers = [make_app(flow_file=flow_file) for _ in range(2)]
    Twilio(workers[0].test_client()).post("/voice_url/anna", CALL | {"CallStatus": "in-progress"})
    Twilio(workers[0].test_client()).post("/status/call", LEG)

    def end(number: int) -> int:
        return Twilio(workers[number % 2].test_client()).post("/status/call", CALL | {"CallStatus": "completed"}).status_code

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(end, range(12))) == [204] * 12
    with workers[0].app_context():
        assert len(ledger.latest(Message, 99)) == 1


def test_each_number_has_the_words_of_its_own_flow(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    main, own = tmp_path / "main.toml", tmp_path / "own.toml"
    own.write_text('start = "anna"\n' + FLOW[: FLOW.index("[steps.start]")] + '[steps.anna]\nkind = "dial"\nto = "anna"\n')
    main.write_text(FLOW + '[flows]\nown = "own.toml"\n[numbers]\n"+15550001112" = "own"\n')
    app = make_app(flow_file=str(main))
    assert missed(app, To="+15550001112") == []
    app.extensions["now"] = lambda: clock.system() + timedelta(minutes=5)
    with app.app_context():
        assert text_late() == ""  # nor is it looked after again and again
    assert missed(app) == [("requested", LINE, PHONE)]


def test_who_hangs_up_in_the_middle_of_a_message_has_left_one(town: Town) -> None:
    town.sim.phone(ANNA).on_ring("busy")
    town.sim.fault("webhook", "delay", match="/recorded", seconds=9)  # the end of the call is told before its message
    call(town.phone, "1")
    town.phone.expect_beep()
    town.phone.speak("Please call me back", seconds=6)
    town.sim.advance(4)
    town.phone.hangup()
    town.sim.advance(60)
    assert [call.outcome for call in town.calls() if call.parent_sid is None] == ["voicemail"]
    assert town.phone.messages == []


def test_who_hangs_up_after_the_tone_without_a_word_is_texted(town: Town) -> None:
    town.sim.phone(ANNA).on_ring("busy")
    call(town.phone, "1")
    town.phone.expect_say("Please leave a message.")
    town.phone.hangup()
    town.sim.advance(60)
    assert [text["body"] for text in town.phone.messages] == [SORRY]
