"""What nobody told us of: Twilio is asked what became of it; nothing is guessed, nothing is sent twice, and the rest is shown."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from spending import counted
from town import LINE, PHONE, Town
from visitors import BOTH_DATABASES, Twilio
from voicemails import VOICEMAIL, leave, texts

from app import jobs, ledger, limits, outbound
from app.ledger import due, unsettled
from app.models import Call, Message

MINUTE, HOUR = 60, 3600


@pytest.fixture
def town(town: Town) -> Town:
    """The town, where the application goes by the simulator's clock."""
    town.app.extensions["now"] = town.sim._clock.now
    return town


def deaf(town: Town, **details: Any) -> None:
    """Let no news of what we ask for reach us."""
    town.sim.fault("webhook", "drop", **({"match": "attempt=", "count": 999} | details))


def work(town: Town, without: str = "") -> None:
    """Do all jobs once, but for one that cannot be done."""
    with town.app.app_context():
        assert jobs.run_all([job for job in jobs.JOBS if job.name != without])
    town.sim.settle()


def reconcile(town: Town, *options: str) -> tuple[int, list[str]]:
    """The exit status of the command, and what it says."""
    done = town.app.test_cli_runner().invoke(args=["twilio", "reconcile", *options])
    return done.exit_code, done.output.splitlines()


def text(town: Town, body: str, fault: str = "") -> str:
    """Send a text that meets a fault; its address."""
    if fault:
        town.sim.fault("rest", fault)
    return str(town.script.post("/send_sms", {"to": PHONE, "body": body}).location)


def states(town: Town) -> dict[str, str]:
    return {message.body: message.status for message in town.messages()}


@BOTH_DATABASES
def test_a_lost_answer_is_settled_by_twilios_list(town: Town) -> None:
    deaf(town)
    town.sim.fault("rest", "lost", count=2)
    placed = town.script.post("/make_call", {"to": PHONE})
    sent = town.script.post("/send_sms", {"to": PHONE, "body": "hi"})
    assert (placed.status_code, sent.status_code) == (202, 202)
    town.sim.advance(9 * MINUTE)
    work(town)
    assert [row.status for row in (*town.calls(), *town.messages())] == ["unknown", "unknown"]
    town.sim.advance(MINUTE)
    work(town)
    (call,), (message,) = town.calls(), town.messages()
    assert (call.status, message.status) == ("completed", "delivered")
    assert call.duration is not None
    assert [heard["source"] for heard in town.script.get(placed.location).json["events"]] == ["asked", "answer", "reconciled"]
    assert len(town.phone.messages) == 1


@BOTH_DATABASES
def test_what_twilio_never_took_has_failed_and_says_so(town: Town) -> None:
    town.sim.fault("rest", "error", count=2)
    placed = town.script.post("/make_call", {"to": PHONE})
    text(town, "hi")
    with town.app.app_context():
        ledger.begin(Call, to="+15550003333", from_=LINE)  # and then its worker was killed
    town.sim.advance(11 * MINUTE)
    work(town)
    assert [row.status for row in (*town.calls(), *town.messages())] == ["failed", "failed", "failed"]
    town.browser.sign_in()
    assert "never took it" in town.browser.get(placed.location).text
    assert "To be looked at" not in town.browser.get("/").text


def test_texts_are_told_apart_by_their_words(town: Town) -> None:
    deaf(town)
    text(town, "one", "lost")
    text(town, "two", "error")
    text(town, "three", "lost")
    town.sim.advance(11 * MINUTE)
    work(town)
    assert states(town) == {"one": "delivered", "two": "failed", "three": "delivered"}


def test_a_text_whose_words_twilio_hides_is_not_sent_again_but_settled_by_hand(town: Town) -> None:
    """Message Redaction: its lists have no words then."""
    deaf(town)
    town.sim.fault("rest", "lost")
    with town.app.app_context():
        outbound.text_once("a voicemail", PHONE, "You have a message.", own=True)
    town.sim.advance(MINUTE)
    (sid,) = [each["sid"] for each in town.phone.messages]
    assert town.rest("POST", f"Messages/{sid}.json", Body="").json()["body"] == ""
    town.sim.advance(10 * MINUTE)
    for _ in range(3):
        work(town)
        town.sim.advance(MINUTE)
    assert [each["sid"] for each in town.phone.messages] == [sid]
    (message,) = town.messages()
    assert (message.status, "it hides: it may be this one" in str(message.remark)) == ("unknown", True)
    town.browser.sign_in()
    address = f"/messages/{message.attempt}"
    assert sid in town.browser.get(address).text
    assert town.browser.post(f"{address}/settle", {"as": "sid", "sid": sid}).status_code == 303
    assert [message.status for message in town.messages()] == ["delivered"]


def test_attempts_alike_are_settled_where_twilio_has_as_many(town: Town) -> None:
    deaf(town)
    text(town, "hi")  # known by its answer, so it is none of those that are sought
    for _ in range(2):
        text(town, "hi", "lost")
    town.sim.advance(11 * MINUTE)
    work(town)
    assert len({message.sid for message in town.messages()}) == 3
    assert {message.status for message in town.messages() if message.attempt} == {"delivered", "queued"}


def test_what_twilios_list_does_not_tell_apart_is_shown_and_settled_by_hand(town: Town) -> None:
    deaf(town)
    lost, failed = text(town, "hi", "lost"), text(town, "hi", "error")
    town.sim.advance(11 * MINUTE)
    work(town)
    assert [message.status for message in town.messages()] == ["unknown", "unknown"]
    status, said = reconcile(town)
    assert status == 1
    assert [line.split(":")[0] for line in said] == ["To be looked at"] * 2 + ["2 left for a person to look at."]
    assert PHONE not in "".join(said)
    town.browser.sign_in()
    assert town.browser.get("/").text.count("Settle it") == 2
    (sid,) = set(re.findall(r"SM[0-9a-f]{32}", town.browser.get(lost).text))
    assert town.browser.post(f"{lost}/settle", {"as": "sid", "sid": "SM" + "0" * 32}).status_code == 400
    assert town.browser.post(f"{lost}/settle", {"as": "sid", "sid": sid}).status_code == 303
    assert town.browser.post(f"{failed}/settle", {"as": "sid", "sid": sid}).status_code == 400
    assert town.browser.post(f"{failed}/settle", {"as": "never"}).status_code == 303
    assert town.browser.post(f"{failed}/settle", {"as": "never"}).status_code == 303
    assert town.browser.post(f"{lost}/settle", {"as": "never"}).status_code == 400
    assert [message.status for message in town.messages()] == ["failed", "delivered"]
    assert reconcile(town) == (0, ["Nothing is left to look at."])
    settled = [each["subject"] for each in town.script.get("/audit").json["entries"] if each["action"] == "settled"]
    assert [f"/messages/{subject}" for subject in settled] == [failed, failed, lost]  # nothing of what was refused
    assert "an operator says so" in town.browser.get(lost).text


@BOTH_DATABASES
def test_calls_are_told_apart_by_what_twilio_asked_for_them(town: Town) -> None:
    deaf(town)
    town.sim.fault("rest", "lost")
    first = town.script.post("/make_call", {"to": PHONE}).location
    town.sim.advance(MINUTE)
    town.sim.fault("rest", "error")
    second = town.script.post("/make_call", {"to": PHONE}).location
    foreign = {"To": PHONE, "From": LINE, "Twiml": "<Response/>", "StatusCallback": f"{town.sim.url}/x"}
    assert town.rest("POST", "Calls.json", **foreign).status_code == 201  # of another program
    town.sim.advance(11 * MINUTE)
    work(town)
    assert town.script.get(first).json["status"] == "completed"
    assert town.script.get(second).json["status"] == "failed"


def test_an_attempt_that_is_still_young_is_not_given_to_an_older_one(town: Town) -> None:
    deaf(town)
    text(town, "hi", "error")
    town.sim.advance(9 * MINUTE)
    text(town, "hi", "lost")
    town.sim.advance(2 * MINUTE)
    work(town)
    assert [(message.status, message.remark) for message in town.messages()] == [("unknown", None)] * 2


def test_while_twilio_is_down_nothing_changes(town: Town) -> None:
    text(town, "hi", "error")
    town.sim.advance(11 * MINUTE)
    town.sim.fault("rest", "error", count=999)
    status, said = reconcile(town)
    assert (status, said[-1].partition(":")[0]) == (1, "Not all could be asked")
    assert states(town) == {"hi": "unknown"}
    town.sim.clear_faults()
    status, said = reconcile(town)
    assert (status, len(said), said[-1]) == (0, 2, "Nothing is left to look at.")
    assert states(town) == {"hi": "failed"}


@BOTH_DATABASES
def test_a_call_that_went_quiet_is_asked_about_less_and_less(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/call", count=999)
    town.script.post("/make_call", {"to": PHONE})
    town.phone.expect_hangup()
    assert [call.status for call in town.calls()] == ["in-progress"]
    town.sim.advance(50 * MINUTE)
    work(town)
    assert [call.status for call in town.calls()] == ["in-progress"]
    town.sim.advance(11 * MINUTE)
    work(town)
    (call,) = town.calls()
    assert (call.status, call.duration is not None) == ("completed", True)


def test_what_twilio_does_not_know_any_more_is_shown_until_somebody_has_seen_it(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/call", count=999)
    address = town.script.post("/make_call", {"to": PHONE}).location
    town.phone.expect_hangup()
    (call,) = town.calls()
    assert town.rest("DELETE", f"Calls/{call.sid}.json").status_code == 204
    status, said = reconcile(town, "--quiet-after", "0")
    assert (status, len(said)) == (1, 2)
    town.browser.sign_in()
    assert "knows nothing of it any more" in town.browser.get("/").text
    assert town.browser.post(f"{address}/settle", {"as": "seen"}).status_code == 303
    assert reconcile(town, "--quiet-after", "0") == (0, ["Nothing is left to look at."])
    assert [row.status for row in town.calls()] == ["in-progress"]


def test_texts_that_got_no_answer_are_seen_all_at_once_and_want_no_settling(town: Town) -> None:
    town.script.post("/spending/stop", {"reason": "a test"})
    for number in range(30):
        town.phone.text(LINE, f"text {number}")
    town.sim.settle()
    status, said = reconcile(town)
    assert (status, len(said)) == (0, 31)
    town.browser.sign_in()
    page = town.browser.get("/").text
    assert "I have seen all 30 texts without an answer" in page
    (until,) = re.findall('name="until" value="([0-9]+)"', page)
    town.phone.text(LINE, "one more")
    town.sim.settle()
    assert town.browser.post("/messages/seen", {"until": until}).status_code == 303
    assert "I have seen the text without an answer" in town.browser.get("/").text  # that one came later
    assert town.browser.post("/messages/seen", {"until": str(int(until) + 99)}).status_code == 303
    assert "to-be-looked-at" not in town.browser.get("/").text
    assert reconcile(town) == (0, ["Nothing is left to look at."])


@pytest.mark.parametrize("until", ["", "x", "-1", "\u00b2", "9" * 40])
def test_texts_are_seen_up_to_one(town: Town, until: str) -> None:
    assert town.script.post("/messages/seen", {"until": until}).status_code == 400


def test_an_incoming_call_that_only_a_person_can_settle_is_to_be_settled(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/call", count=999)
    town.phone.call(LINE)
    town.phone.expect_hangup()
    (call,) = town.calls()
    town.rest("DELETE", f"Calls/{call.sid}.json")
    assert reconcile(town, "--quiet-after", "0")[0] == 1


def test_to_see_all_texts_settles_none_that_we_sent(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/message", count=99)
    text(town, "hello", "lost")
    text(town, "hello", "error")
    assert reconcile(town, "--unknown-after", "0")[0] == 1
    town.browser.sign_in()
    assert "I have seen" not in town.browser.get("/").text
    assert town.script.post("/messages/seen", {"until": "999"}).status_code == 303
    assert "to-be-looked-at" in town.browser.get("/").text


@pytest.fixture
def quiet(town: Town) -> Town:
    """Six calls have gone quiet: nobody told that they were answered, and how they ended."""
    town.sim.fault("webhook", "drop", match="/status/call", count=999)
    for number in range(6):
        town.script.post("/make_call", {"to": f"+1555000300{number}"})
    town.sim.advance(61 * MINUTE)
    assert {call.status for call in town.calls()} == {"in-progress"}
    return town


def asked(town: Town, caplog: pytest.LogCaptureFixture) -> int:
    """Do all jobs once more; how often Twilio was asked about one call."""
    caplog.clear()
    caplog.set_level("INFO", "app.asking")
    with town.app.app_context():
        jobs.run_all()
    return sum(record.name == "app.asking" and "call=" in record.getMessage() for record in caplog.records)


def open_calls(town: Town) -> list[str | None]:
    return [call.sid for call in town.calls() if call.status == "in-progress"]


def test_what_twilio_refuses_about_one_call_keeps_no_other_from_being_asked_about(
    quiet: Town, caplog: pytest.LogCaptureFixture
) -> None:
    refused = sorted(str(call.sid) for call in quiet.calls())[:2]
    for sid in refused:
        quiet.sim.fault("rest", "gateway", match=f"/Calls/{sid}", count=99, status=403)
    assert asked(quiet, caplog) == 6
    assert sorted(map(str, open_calls(quiet))) == refused
    assert asked(quiet, caplog) == 0  # nor are they asked about each minute
    quiet.sim.clear_faults()
    quiet.sim.advance(6 * HOUR)
    assert asked(quiet, caplog) == 2
    assert open_calls(quiet) == []


def test_where_twilio_refuses_everything_a_round_ends(quiet: Town, caplog: pytest.LogCaptureFixture) -> None:
    quiet.sim.fault("rest", "gateway", match="/Calls/", count=99, status=403)
    for _ in range(3):
        assert asked(quiet, caplog) == 3
    status, said = reconcile(quiet)
    assert (status, said[-1].partition(":")[0]) == (1, "Not all could be asked")
    quiet.sim.clear_faults()
    assert asked(quiet, caplog) == 6
    assert open_calls(quiet) == []


@pytest.mark.parametrize("status", [401, 407])
def test_where_twilio_does_not_let_us_in_nothing_is_asked_further_and_nothing_put_off(
    quiet: Town, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    quiet.sim.fault("rest", "gateway", match="/Calls/", count=99, status=status)
    assert asked(quiet, caplog) == 1
    quiet.sim.clear_faults()
    assert asked(quiet, caplog) == 6
    assert open_calls(quiet) == []


def test_a_call_that_twilio_never_answers_for_does_not_hold_up_the_same_others_for_good(
    quiet: Town, caplog: pytest.LogCaptureFixture
) -> None:
    mute = min(str(call.sid) for call in quiet.calls())
    quiet.sim.fault("rest", "error", match=f"/Calls/{mute}", count=9999)
    for _ in range(25):  # which of them come before it is left to chance
        asked(quiet, caplog)
    assert open_calls(quiet) == [mute]


def test_a_list_that_twilio_refuses_for_one_number_keeps_no_other_from_being_settled(town: Town) -> None:
    town.sim.fault("rest", "error", count=2)
    for number in (3, 4):
        town.script.post("/make_call", {"to": f"+1555000300{number}"})
    town.sim.advance(11 * MINUTE)
    town.sim.fault("rest", "gateway", match="/Calls.json", status=400)  # a proxy's page, for whichever is asked about first
    work(town)
    assert sorted(call.status for call in town.calls()) == ["failed", "unknown"]
    town.sim.clear_faults()
    town.sim.advance(HOUR)
    work(town)
    assert {call.status for call in town.calls()} == {"failed"}


def test_a_round_that_takes_too_long_ends_and_the_next_one_asks_about_what_is_left(
    quiet: Town, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.clock.LONGEST_ROUND", 0)
    assert [(asked(quiet, caplog), len(open_calls(quiet))) for _ in range(7)] == [(1, 5 - n) for n in range(6)] + [(0, 0)]


def test_the_command_asks_about_all_however_long_it_takes(quiet: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clock.LONGEST_ROUND", 0)
    status, said = reconcile(quiet)
    assert (status, len(said)) == (0, 7)
    assert open_calls(quiet) == []


@pytest.mark.parametrize("hours", [-1, 1])
def test_what_was_dated_by_a_wrong_clock_is_not_said_to_be_never_taken(town: Town, hours: int) -> None:
    right = town.app.extensions["now"]
    town.app.extensions["now"] = lambda: right() + timedelta(hours=hours)
    deaf(town)
    lost, failed = text(town, "one", "lost"), text(town, "two", "error")
    town.sim.fault("rest", "lost")
    call = town.script.post("/make_call", {"to": PHONE}).location
    town.app.extensions["now"] = right
    town.sim.advance(2 * HOUR)
    work(town)
    assert states(town) == {"one": "unknown", "two": "failed"}
    assert town.script.get(call).json["status"] == "completed"  # of which Twilio tells whose it is
    town.browser.sign_in()
    assert "a clock was wrong" in town.browser.get("/").text
    (sid,) = set(re.findall(r"SM[0-9a-f]{32}", town.browser.get(lost).text))
    assert town.browser.post(f"{lost}/settle", {"as": "sid", "sid": sid}).status_code == 303
    assert states(town) == {"one": "delivered", "two": "failed"}
    assert failed != lost


def test_a_text_that_stays_sent_is_no_matter(town: Town) -> None:
    deaf(town)
    text(town, "hi")
    with town.app.app_context():
        ledger.advance(Message, "sent", attempt=town.messages()[0].attempt, sid=town.messages()[0].sid)
    town.sim.advance(26 * HOUR)
    work(town)
    assert states(town) == {"hi": "sent"}
    assert reconcile(town) == (0, ["Nothing is left to look at."])


@pytest.fixture
def flow(request: pytest.FixtureRequest, flow: str) -> str:
    return VOICEMAIL if "voicemail" in request.node.name else flow


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_voicemail_text_that_twilio_cannot_take_is_sent_later_once(town: Town) -> None:
    town.sim.fault("rest", "refuse", match="/Messages", count=999)
    leave(town)
    assert [(message.status, message.due_at is not None) for message in town.messages()] == [("requested", True)] * 2
    work(town)
    assert texts(town) == []
    town.sim.clear_faults()
    work(town)
    assert texts(town) == []  # not due yet again
    town.sim.advance(5 * MINUTE)
    for _ in range(3):
        work(town)
    town.sim.advance(MINUTE)
    assert len(texts(town)) == 1
    assert [message.status for message in town.messages()] == ["delivered", "delivered"]


def test_a_token_that_is_wrong_for_a_while_loses_no_text(town: Town) -> None:
    town.sim.fault("rest", "refuse", count=99)
    with town.app.app_context():
        for number in range(3):
            outbound.text_once(f"occasion {number}", f"+1555000300{number}", "You have a message.", own=True)
    town.sim.clear_faults()
    town.sim.fault("rest", "status", match="/Messages.json", count=99, status=401)
    for _ in range(10):
        town.sim.advance(MINUTE)
        with town.app.app_context():
            assert outbound.send_due() == ""
    assert [(text.status, text.due_at is None) for text in town.messages()] == [("requested", False)] * 3
    town.sim.clear_faults()
    town.sim.advance(HOUR / 2)
    work(town)
    town.sim.advance(MINUTE)
    assert [len(town.sim.phone(f"+1555000300{number}").messages) for number in range(3)] == [1, 1, 1]


def test_texts_that_came_while_all_was_stopped_do_not_hide_what_only_a_person_can_settle(town: Town) -> None:
    with town.app.app_context():
        attempt, _ = ledger.begin(Message, to=PHONE, from_=LINE, body="hello")
        ledger.advance(Message, "unknown", attempt=attempt, source="answer")
        row = ledger.find(Message, attempt)
        assert row is not None
        unsettled.note(row, "Which is whose, it does not tell.")
    town.sim.advance(MINUTE)
    town.script.post("/spending/stop", {"reason": "fraud"})
    for number in range(25):
        town.sim.phone(f"+155500040{number:02}").text(LINE, f"boat {number}")
    town.sim.settle()
    town.browser.sign_in()
    page = town.browser.get("/").text
    assert "Which is whose, it does not tell." in page
    assert (page.count("Settle it"), page.count("it was not answered")) == (1, 19)
    assert "There are more" in page


def test_a_voicemail_text_that_twilio_cannot_take_for_hours_has_failed(town: Town) -> None:
    town.sim.fault("rest", "refuse", match="/Messages", count=9999)
    leave(town)
    tried = []
    for _ in range(30):
        town.sim.advance(5 * MINUTE)
        work(town, without="unheard")
        tried.append(max(message.tries or 0 for message in town.messages()))
    assert [(message.status, message.error_code, message.due_at) for message in town.messages()] == [("failed", 20429, None)] * 2
    assert 5 < tried[-1] < 14


@BOTH_DATABASES
def test_what_a_clock_dated_a_year_ahead_is_asked_about_and_settled_all_the_same(town: Town) -> None:
    right = town.app.extensions["now"]
    town.app.extensions["now"] = lambda: right() + timedelta(days=365)
    deaf(town)
    town.script.post("/make_call", {"to": PHONE})
    text(town, "one", "error")
    with town.app.app_context():
        ledger.advance(Call, "in-progress", sid=town.calls()[0].sid)
        unsettled.note(town.calls()[0], None)
    town.app.extensions["now"] = right
    town.sim.advance(MINUTE)
    work(town)
    town.sim.advance(61 * MINUTE)
    work(town)
    assert ([call.status for call in town.calls()], states(town)) == (["completed"], {"one": "unknown"})
    assert "a clock was wrong" in (town.messages()[0].remark or "")  # it is for a person to say what became of it


def test_a_voicemail_text_that_a_clock_put_off_for_a_year_is_sent_soon(town: Town) -> None:
    right = town.app.extensions["now"]
    town.app.extensions["now"] = lambda: right() + timedelta(days=365)
    town.sim.fault("rest", "refuse", match="/Messages", count=999)
    leave(town)
    town.sim.clear_faults()
    town.app.extensions["now"] = right
    for _ in range(2):
        town.sim.advance(MINUTE)
        work(town)
    assert len(texts(town)) == 1


def test_a_voicemail_text_that_was_tried_twice_counts_also_where_the_last_try_was_refused(town: Town) -> None:
    """What the first try became was only concluded."""
    town.sim.fault("rest", "error", match="/Messages", count=2)
    leave(town)
    town.sim.advance(11 * MINUTE)
    work(town)
    town.sim.fault("rest", "status", match="/Messages", count=2, status=400)
    town.sim.advance(MINUTE)
    work(town)
    assert [(message.status, message.tries) for message in town.messages()] == [("failed", 2)] * 2
    assert counted(town.app) == 2


def test_a_voicemail_text_whose_sender_was_killed_is_sent_again_only_if_twilio_never_took_it(town: Town) -> None:
    town.sim.fault("rest", "refuse", match="/Messages", count=999)
    leave(town)
    town.sim.clear_faults()
    town.sim.advance(5 * MINUTE)
    with town.app.app_context():
        claimed = due.claim()
    assert claimed is not None
    for _ in range(4):
        town.sim.advance(6 * MINUTE)
        work(town)
    assert [message.status for message in town.messages()] == ["delivered", "delivered"]
    assert [len(town.sim.phone(message.to_number).messages) for message in town.messages()] == [1, 1]


def test_a_voicemail_text_that_waits_to_be_sent_is_not_for_an_operator_to_settle(town: Town) -> None:
    town.sim.fault("rest", "refuse", match="/Messages", count=999)
    leave(town)
    town.browser.sign_in()
    for message in town.messages():
        assert town.browser.post(f"/messages/{message.attempt}/settle", {"as": "never"}).status_code == 400
    assert [(message.status, message.due_at is not None) for message in town.messages()] == [("requested", True)] * 2


def test_a_voicemail_text_that_an_older_list_lacks_is_not_sent_once_more(town: Town) -> None:
    town.sim.fault("rest", "refuse", match="/Messages", count=999)
    leave(town)
    town.sim.clear_faults()
    before = town.messages()  # as another job process read them, which is slow from here on
    deaf(town)
    town.sim.fault("rest", "lost", match="/Messages", count=2)
    town.sim.advance(5 * MINUTE)
    work(town)
    assert [message.status for message in town.messages()] == ["unknown", "unknown"]
    with town.app.app_context():
        for message in before:
            assert outbound.send_again(message)
    for _ in range(3):
        town.sim.advance(6 * MINUTE)
        work(town)
    assert [len(town.sim.phone(message.to_number).messages) for message in town.messages()] == [1, 1]


def test_a_voicemail_text_that_was_held_up_for_hours_is_not_sent_any_more(town: Town) -> None:
    town.sim.fault("rest", "refuse", match="/Messages", count=999)
    leave(town)
    town.sim.clear_faults()
    with town.app.app_context():
        limits.stop("somebody", "a fraud")
    for _ in range(4):
        town.sim.advance(HOUR)
        work(town)
    with town.app.app_context():
        limits.resume("somebody")
    work(town)
    assert texts(town) == []
    assert {(message.status, message.due_at) for message in town.messages()} == {("failed", None)}
    assert all("too late" in str(message.remark) for message in town.messages())


def test_a_voicemail_whose_words_never_come_is_told_without_them(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/transcription", count=9)
    leave(town)
    town.sim.advance(25 * MINUTE)
    work(town)
    assert texts(town) == []
    town.sim.advance(10 * MINUTE)
    for _ in range(2):
        work(town)
        town.sim.advance(MINUTE)
    (told,) = texts(town)
    assert re.fullmatch(r"Voicemail from \+15550002222, 6 seconds\.\nhttp\S+", told)


def test_owners_of_voicemail_are_told_a_round_at_a_time_and_not_while_all_is_stopped(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    town.sim.fault("webhook", "drop", match="/status/", count=99)
    for _ in range(2):
        leave(town)
        town.sim.advance(HOUR)
    monkeypatch.setattr("app.clock.LONGEST_ROUND", 0)
    with town.app.app_context():
        limits.stop("somebody", "a fraud")
    work(town)
    assert [record for record in caplog.records if "spend_refused" in record.getMessage()] == []
    with town.app.app_context():
        limits.resume("somebody")
    for told in (1, 2, 2):
        work(town)
        town.sim.advance(MINUTE)
        assert len(texts(town)) == told


def test_a_webhook_waits_for_no_twilio_for_long(app: Flask, twilio: Twilio) -> None:
    waited: list[float] = []
    app.extensions["twilio_service"].pause = waited.append
    params = {"CallSid": "CA1", "CallStatus": "completed", "Direction": "inbound", "From": PHONE, "To": LINE}
    with app.app_context():
        ledger.advance(Call, "in-progress", sid="CA1")
        ledger.note_outcome("CA1", "missed")
    assert twilio.post("/status/call", params).status_code == 204
    assert sum(waited) <= 3
