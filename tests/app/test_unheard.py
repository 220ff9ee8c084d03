"""Calls, texts and recordings of which no webhook told: they are found in Twilio's lists, kept once, and shown."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete
from town import LINE, PHONE, Town, open_town
from visitors import BOTH_DATABASES
from voicemails import OWNER, PLAIN, kept, leave, texts

from app import jobs, unheard
from app.database import write
from app.jobs import Job
from app.models import Call, Event, Recording

pytestmark = BOTH_DATABASES

MISSED = '\n[missed]\ntext = "Sorry that we missed you."\n[texts]\ndefault = "Thanks."\n'
SORRY = "Sorry that we missed you."


@pytest.fixture
def flow() -> str:
    return PLAIN + MISSED


@pytest.fixture
def town(make_app: Callable[..., Flask], tmp_path: Path, flow: str) -> Iterator[Town]:
    """The town, where the application goes by the simulator's clock, and has looked once."""
    (tmp_path / "flow.toml").write_text(flow)
    with open_town(make_app, flow_file=str(tmp_path / "flow.toml")) as town:
        town.app.extensions["now"] = town.sim._clock.now
        town.phone.text(LINE, "before all this")
        town.sim.settle()
        work(town)
        yield town


def work(town: Town) -> bool:
    """Do all jobs once; whether each could be done."""
    with town.app.app_context():
        done = jobs.run_all()
    town.sim.advance(10)
    return done


def look(town: Town) -> bool:
    """Look through Twilio's lists, and nothing else."""
    with town.app.app_context():
        return jobs.run_all([Job("unheard", 300, unheard.look)])


def deaf(town: Town) -> None:
    """Let no webhook come."""
    town.sim.fault("webhook", "drop", count=999)


def over(town: Town) -> None:
    """Let all webhooks fail, those to the fallback, too, and no more."""
    town.sim.advance(60)
    town.sim.clear_faults()


def reconcile(town: Town) -> list[str]:
    """What the command says that it kept, whatever is so young."""
    done = town.app.test_cli_runner().invoke(args=["twilio", "reconcile", "--unheard-after", "0"])
    return [line for line in done.output.splitlines() if line.startswith("From")]


def bodies(town: Town) -> list[str]:
    return [message.body for message in town.messages() if message.direction == "inbound"]


def test_a_text_is_kept_once_shown_and_not_answered(town: Town) -> None:
    deaf(town)
    town.phone.text(LINE, "Is anybody there?")
    over(town)
    town.sim.advance(180)
    work(town)
    assert bodies(town) == ["before all this"]  # a webhook may still come
    town.sim.advance(61)
    for _ in range(2):
        work(town)
        town.sim.advance(400)
    assert bodies(town) == ["Is anybody there?", "before all this"]
    (message, _) = [each for each in town.messages() if each.direction == "inbound"]
    (at_twilio,) = [each for each in town.phone.messages if each["body"] == "Is anybody there?"]
    assert (message.sid, message.status, message.from_number) == (at_twilio["sid"], "received", PHONE)
    assert (message.updated_at - message.created_at).total_seconds() == 0
    assert town.sim._clock.now().timestamp() - message.created_at.timestamp() > 1000
    assert len(town.phone.messages) == 3  # two of mine, and the answer to the first
    town.browser.sign_in()
    assert "it was found in Twilio&#39;s list, and was not answered" in town.browser.get("/").text
    assert town.browser.post(f"/messages/{message.sid}/settle", {"as": "seen"}).status_code == 303
    assert "to-be-looked-at" not in town.browser.get("/").text


def test_a_stop_counts_however_late(town: Town) -> None:
    deaf(town)
    town.phone.text(LINE, "STOP")
    over(town)
    town.sim.advance(400)
    work(town)
    refused = town.script.post("/send_sms", {"to": PHONE, "body": "an offer"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "opted_out")
    town.browser.sign_in()
    assert "to-be-looked-at" not in town.browser.get("/").text  # Twilio has answered it


def test_a_word_that_was_taken_back_since_does_not_count(town: Town) -> None:
    deaf(town)
    town.phone.text(LINE, "STOP")
    over(town)
    town.phone.text(LINE, "START")
    town.sim.advance(400)
    work(town)
    assert sorted(bodies(town)) == ["START", "STOP", "before all this"]
    assert town.script.post("/send_sms", {"to": PHONE, "body": "an offer"}).status_code == 201


def test_pictures_come_along(town: Town) -> None:
    deaf(town)
    town.phone.text(LINE, "look", media=["data:image/png,x"])
    over(town)
    town.sim.advance(400)
    work(town)
    (message,) = [each for each in town.messages() if each.body == "look"]
    assert message.media is not None
    assert message.media.startswith(f'["{town.sim.url}/2010-04-01/Accounts/')


def test_a_caller_who_heard_a_fault_was_missed_and_is_texted(town: Town) -> None:
    deaf(town)
    town.phone.call(LINE)
    town.sim.advance(60)
    over(town)
    town.sim.advance(300)
    assert town.calls() == []
    work(town)
    town.sim.advance(200)
    work(town)
    (call,) = town.calls()
    assert (call.status, call.outcome, call.direction, call.from_number) == ("completed", "missed", "inbound", PHONE)
    assert call.duration is not None
    assert texts(town, PHONE).count(SORRY) == 1
    with town.app.app_context():
        assert jobs.run_all()
    town.sim.settle()
    assert len(town.calls()) == 1


def test_a_recording_is_kept_and_its_owner_is_told(town: Town) -> None:
    for path in ("/status/recording", "/recorded"):
        town.sim.fault("webhook", "drop", match=path, count=99)
    leave(town, "it is urgent", 6)
    town.sim.clear_faults()
    assert kept(town) == []
    town.sim.advance(400)
    work(town)
    (recording,) = kept(town)
    assert (town.sim._clock.now() - recording.created_at).total_seconds() > 400
    assert (recording.step, recording.duration is not None, recording.from_number) == ("start", True, PHONE)
    (told,) = texts(town, OWNER)
    assert f"/recordings/{recording.sid}" in told
    assert town.calls()[0].outcome == "voicemail"
    town.sim.advance(400)
    work(town)
    assert len(kept(town)) == 1
    assert len(texts(town, OWNER)) == 1


def test_what_goes_on_is_kept_when_it_is_over_also_by_the_command(town: Town) -> None:
    deaf(town)
    sid = town.phone.call(LINE)
    town.sim.advance(1)
    assert town.rest("GET", f"Calls/{sid}.json").json()["status"] == "ringing"
    assert reconcile(town) == []
    over(town)
    town.sim.advance(60)
    assert reconcile(town) == ["From Twilio's lists: kept 1 of which no webhook told."]
    assert [call.status for call in town.calls()] == ["completed"]
    assert reconcile(town) == []


def test_recordings_of_calls_that_are_not_ours_stay_where_they_are(town: Town) -> None:
    town.sim.point(voice_url=f"{town.sim.url}/nobody")
    deaf(town)
    twiml = {"Twiml": f"<Response><Record timeout='3' action='{town.sim.url}/nobody'/></Response>", "To": PHONE, "From": LINE}
    town.phone.on_ring("answer")
    made = town.rest("POST", "Calls.json", **twiml)
    assert made.status_code == 201
    town.phone.expect_beep()
    town.phone.speak("to another application", 5)
    over(town)
    town.sim.advance(400)
    work(town)
    assert len(town.rest("GET", "Recordings.json").json()["recordings"]) == 1
    assert kept(town) == []


def test_what_another_application_answers_is_none_of_our_business(town: Town) -> None:
    town.sim.point(voice_url="http://127.0.0.1:9/studio", voice_fallback_url="", sms_url="http://127.0.0.1:9/", sms_fallback_url="")
    town.sim.point(status_url="")
    town.phone.call(LINE)
    town.phone.text(LINE, "to the other one")
    town.sim.advance(400)
    work(town)
    assert (town.calls(), bodies(town)) == ([], ["before all this"])
    assert texts(town, PHONE).count(SORRY) == 0


def test_silence_that_was_recorded_holds_up_nothing(make_app: Callable[..., Flask], tmp_path: Path, flow: str) -> None:
    (tmp_path / "flow.toml").write_text(flow)
    rules = {"skip_silent_recordings": True}
    with open_town(make_app, rules=rules, flow_file=str(tmp_path / "flow.toml"), keep_messages_days=1) as town:
        town.app.extensions["now"] = town.sim._clock.now
        work(town)
        town.phone.call(LINE)
        town.sim.advance(60)
        assert [each["status"] for each in town.rest("GET", "Recordings.json").json()["recordings"]] == ["absent"]
        town.phone.text(LINE, "answered, and deleted after a day")
        for _ in range(4):
            town.sim.advance(12 * 3600)
            work(town)
        assert bodies(town) == []


def test_a_recording_of_which_twilio_does_not_tell_the_step_is_kept_and_holds_up_nothing(town: Town) -> None:
    for path in ("/status/recording", "/recorded"):
        town.sim.fault("webhook", "drop", match=path, count=99)
    leave(town, "it is urgent", 6)
    deaf(town)
    town.phone.text(LINE, "a later one")
    over(town)
    town.sim.fault("rest", "gateway", match="/Events", count=99, status=404)
    town.sim.advance(400)
    work(town)
    assert ([each.step for each in kept(town)], texts(town, OWNER)) == ([""], [])
    assert "a later one" in bodies(town)


def test_after_a_restored_backup_a_call_comes_back_with_its_recording(town: Town) -> None:
    leave(town, "it is urgent", 6)
    with town.app.app_context():
        for table in (Recording, Call, Event):
            write(lambda connection, table=table: connection.execute(delete(table)))
    town.sim.advance(400)
    work(town)
    assert [call.outcome for call in town.calls()] == ["voicemail"]
    assert len(kept(town)) == 1


def test_what_no_document_may_hold_is_left_out(town: Town) -> None:
    deaf(town)
    town.phone.text(LINE, "a\x00b\x1fc")
    over(town)
    town.sim.advance(400)
    assert look(town)
    assert [body for body in bodies(town) if body.startswith("a")] == ["abc"]


def test_a_clock_that_was_ahead_hides_nothing(town: Town) -> None:
    clock = town.sim._clock.now
    town.app.extensions["now"] = lambda: clock() + timedelta(days=30)
    assert look(town)
    town.app.extensions["now"] = clock
    deaf(town)
    town.phone.text(LINE, "Is anybody there?")
    over(town)
    town.sim.advance(400)
    assert look(town)
    assert "Is anybody there?" in bodies(town)


def test_lists_that_take_longer_than_a_round_hold_up_nothing_for_good(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clock.LONGEST_ROUND", 0)  # seconds, over as soon as the lists are there
    deaf(town)
    for number in range(3):
        town.sim.phone(f"+1555000400{number}").text(LINE, f"boat {number}")
        town.sim.advance(60)
    town.sim.clear_faults()
    town.sim.advance(400)
    for looks in range(1, 4):
        assert look(town)
        assert len([body for body in bodies(town) if body.startswith("boat")]) == looks


def test_a_fault_of_twilio_leaves_it_to_the_next_look(town: Town) -> None:
    deaf(town)
    town.phone.text(LINE, "Is anybody there?")
    over(town)
    town.sim.advance(400)
    town.sim.fault("rest", "error", count=9)
    assert not look(town)
    assert "Is anybody there?" not in bodies(town)
    town.sim.clear_faults()
    assert look(town)
    assert "Is anybody there?" in bodies(town)


def test_what_was_there_before_the_first_look_is_none_of_our_business(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    with open_town(make_app) as town:
        town.app.extensions["now"] = town.sim._clock.now
        deaf(town)
        town.phone.text(LINE, "to the system before this one")
        over(town)
        town.sim.advance(400)
        for _ in range(3):
            assert look(town)
            town.sim.advance(400)
        assert bodies(town) == []
