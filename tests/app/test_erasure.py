"""flask data export and erase: all that is kept of a number is found, and is gone afterwards, here and at Twilio."""

import json
import os
import re
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import insert, select
from town import LINE, PHONE, Town
from visitors import BOTH_DATABASES, Twilio
from voicemails import OWNER, WORDS, at_twilio, kept, leave, texts

from app import database, ledger
from app.models import Base, Call, Event, Message, OptOut, Spending, Stop
from app.settings import ROOT
from bench.server import environment

pytestmark = BOTH_DATABASES

BEN, OTHER = "+15550005555", "+15550006666"
DIGITS = PHONE[2:]
FLOW = f"""
[people]
reception = "{OWNER}"
ben = "{BEN}"

[steps.start]
kind = "dial"
to = "ben"
timeout = 10
otherwise = "message"

[steps.message]
kind = "voicemail"
say = "Leave a message."
transcribe = true
text_to = "reception"

[texts]
default = {{ reply = "Thank you, {{caller}}." }}

[[texts.keywords]]
starts_with = "ask"
reply = "He will answer."
forward_to = "ben"

[missed]
text = "Sorry, {{caller}}."
"""


@pytest.fixture
def flow() -> str:
    return FLOW


def told_everything(town: Town) -> None:
    """One of each that a number can leave behind."""
    town.sim.phone(BEN).on_ring("no-answer")
    leave(town)
    town.phone.text(LINE, "hello", media=["data:image/png;base64,iVBORw0KGgo="])
    town.phone.text(LINE, "ask me anything")
    town.sim.settle()
    town.sim.phone(BEN).text(LINE, "#1 no, thanks")
    town.script.post("/make_call", {"to": PHONE, "say": "Your car is ready."})
    town.script.post("/send_sms", {"to": PHONE, "body": "Your car is ready."})
    town.script.post("/send_sms", {"to": OTHER, "body": "Call Ann: (555) 000-2222."})
    town.script.post("/send_sms", {"to": OTHER, "body": "Call Bob: +445550002222."})
    town.sim.advance(600)
    at = town.app.extensions["now"]()
    rows: list[tuple[type[Base], dict[str, Any]]] = [
        (OptOut, {"line": LINE, "number": PHONE, "at": at}),
        (Stop, {"at": at, "who": "x", "reason": f"{PHONE} is a fraud"}),
        *((Spending, spent(at - timedelta(hours=hours), f"CA{hours} start 1 {PHONE}")) for hours in (1, 25)),
        *((Event, heard(at, row)) for row in (*town.calls(), *town.messages())),
    ]
    with town.app.app_context():
        for table, row in rows:
            database.write(lambda connection, table=table, row=row: connection.execute(insert(table).values(row)))  # type: ignore[misc]


def spent(at: object, occasion: str) -> dict[str, Any]:
    return {"at": at, "kind": "call", "number": PHONE, "occasion": occasion, "own": False, "rate": 20000, "cost": 40000}


def heard(at: object, row: Call | Message) -> dict[str, Any]:
    return {"at": at, "kind": "x", "attempt": row.attempt, "sid": row.sid, "source": "callback", "status": row.status}


def places(app: Flask, needle: str) -> set[str]:
    """Every column of every table in which it stands."""
    found = set()
    with app.app_context(), database.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                found |= {f"{table.name}.{name}" for name, value in row.items() if needle in str(value)}
    return found


def data(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["data", *arguments], input=typed)


def rest(town: Town, path: str) -> int:
    return town.rest("GET", f"{path}.json").status_code


def test_after_it_the_number_stands_nowhere_but_in_the_list_of_who_wants_no_texts(town: Town) -> None:
    told_everything(town)
    before = places(town.app, DIGITS)
    assert before == {
        "calls.from_number",
        "calls.to_number",
        "messages.from_number",
        "messages.to_number",
        "messages.body",
        "messages.answer",
        "opt_outs.number",
        "recordings.from_number",
        "relays.texter",
        "spendings.number",
        "spendings.occasion",
        "stops.reason",
    }
    assert places(town.app, WORDS) == {"messages.body", "recordings.transcription"}
    sids = [row.sid for row in (*town.calls(), *town.messages()) if PHONE in (row.from_number, row.to_number)]
    recording = kept(town)[0].sid
    erased = data(town.app, "erase", "(555) 000-2222", "--yes")
    assert (erased.exit_code, erased.stderr) == (0, "")
    assert "That it wants no texts from +15550001111 is kept" in erased.output
    assert places(town.app, DIGITS) == {"opt_outs.number", "messages.body"}
    assert [row.body for row in town.messages() if row.to_number == OTHER] == ["Call Bob: +445550002222.", "[erased]"]
    assert places(town.app, WORDS) == set()
    assert places(town.app, "car is ready") == set()
    with town.app.app_context(), database.read() as session:
        assert session.scalars(select(Event.sid).where(Event.sid.in_(sids))).all() == []
        assert session.scalars(select(Event.sid)).all() != []
        costs = session.scalars(select(Spending.cost).where(Spending.number == "[erased]")).all()
        assert sorted(costs) == [10000, 20000, 40000]  # the budget knows them still, but not what is a day old
    assert at_twilio(town, recording) == 404
    assert {row.from_number for row in town.calls()} == set()
    assert kept(town) == []
    assert town.script.get("/").status_code == 200
    assert places(town.app, "…22") == {"audit.subject"}


def test_what_was_written_down_at_twilio_goes_with_the_recording(town: Town) -> None:
    told_everything(town)
    assert len(town.sim.exchange.recordings.transcriptions) == 1
    assert data(town.app, "erase", PHONE, "--yes").exit_code == 0
    assert len(town.sim.exchange.recordings.transcriptions) == 0


def test_calls_and_texts_go_at_twilio_where_that_is_asked_for(town: Town) -> None:
    told_everything(town)
    calls = [row.sid for row in town.calls() if PHONE in (row.from_number, row.to_number)]
    messages = [row.sid for row in town.messages() if PHONE in (row.from_number, row.to_number)]
    kept_there = [row.sid for row in town.messages() if row.to_number == OTHER]
    assert data(town.app, "erase", PHONE, "--yes", "--at-twilio").exit_code == 0
    assert [rest(town, f"Calls/{sid}") for sid in calls] == [404] * len(calls)
    assert [rest(town, f"Messages/{sid}") for sid in messages] == [404] * len(messages)
    assert [rest(town, f"Messages/{sid}") for sid in kept_there] == [200, 200]


def test_without_that_they_stay_at_twilio(town: Town) -> None:
    told_everything(town)
    sids = [row.sid for row in town.messages()]
    assert data(town.app, "erase", PHONE, "--yes").exit_code == 0
    assert [rest(town, f"Messages/{sid}") for sid in sids] == [200] * len(sids)


def test_what_twilio_tells_late_or_again_does_not_bring_the_number_back(town: Town, twilio: Twilio) -> None:
    told_everything(town)
    call = next(row for row in town.calls() if row.from_number == PHONE and row.parent_sid is None)
    message = next(row for row in town.messages() if row.body == "hello")
    recording = kept(town)[0].sid
    sent = len(texts(town, PHONE))
    assert data(town.app, "erase", PHONE, "--yes").exit_code == 0
    late = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
    about = {"CallSid": str(call.sid), "From": PHONE, "To": LINE, "Direction": "inbound"}
    leg = about | {"CallSid": "CA" + "9" * 32, "ParentCallSid": str(call.sid), "Direction": "outbound-dial", "To": BEN}
    for path, params in (
        ("/status/call", about | {"CallStatus": "completed", "CallDuration": "9"}),
        ("/status/call", leg | {"CallStatus": "no-answer"}),
        ("/status/recording", {"CallSid": call.sid, "RecordingSid": recording, "RecordingStatus": "completed"}),
        ("/status/recording", {"CallSid": call.sid, "RecordingSid": "RE" + "9" * 32, "RecordingStatus": "completed"}),
        (
            "/status/transcription?step=message",
            about | {"RecordingSid": "RE" + "9" * 32, "TranscriptionStatus": "completed", "TranscriptionText": WORDS},
        ),
        ("/sms_url", {"MessageSid": str(message.sid), "From": PHONE, "To": LINE, "Body": "hello"}),
        ("/sms_url", {"MessageSid": str(message.sid), "From": PHONE, "To": LINE, "Body": "ask me"}),
        ("/status/message", {"MessageSid": str(message.sid), "From": PHONE, "To": LINE, "MessageStatus": "delivered"}),
    ):
        assert late.post(path, params).status_code in (200, 204), path
    assert places(town.app, DIGITS) == {"opt_outs.number", "messages.body"}
    assert places(town.app, WORDS) == set()
    assert town.calls() == []
    assert len(texts(town, PHONE)) == sent
    assert twilio.post("/sms_url", {"MessageSid": "SM9", "From": PHONE, "To": LINE, "Body": "hello"}).status_code == 200
    assert "messages.from_number" in places(town.app, DIGITS)  # but whoever writes anew is kept anew


def test_nobody_is_asked_about_what_was_erased(town: Town) -> None:
    told_everything(town)
    sids = [row.sid for row in town.calls() if PHONE in (row.from_number, row.to_number)]
    assert data(town.app, "erase", PHONE, "--yes", "--at-twilio").exit_code == 0
    late = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
    about = {"From": PHONE, "To": LINE, "Direction": "inbound", "CallStatus": "completed", "CallDuration": "9"}
    for sid in sids:
        assert late.post("/status/call", about | {"CallSid": str(sid), "AnsweredBy": "human"}).status_code == 204
    asked = town.app.test_cli_runner().invoke(args=["twilio", "reconcile", "--quiet-after", "0"])
    assert (asked.exit_code, "To be looked at" in asked.output) == (0, False), asked.output
    with town.app.app_context(), database.read() as session:
        erased = session.scalars(select(Call).where(Call.sid.in_(sids))).all()
    assert erased
    assert {(row.duration, row.answered_by, row.outcome) for row in erased} == {(None, None, None)}


def test_what_still_goes_on_is_not_erased(town: Town) -> None:
    town.sim.phone(BEN).on_ring("ring")
    town.phone.call(LINE)
    town.sim.advance(5)
    refused = data(town.app, "erase", PHONE, "--yes")
    assert refused.exit_code == 1
    assert "still go on" in refused.output
    assert town.calls() != []
    town.phone.hangup()
    town.sim.advance(60)
    assert data(town.app, "erase", PHONE, "--yes").exit_code == 0
    assert "calls.from_number" not in places(town.app, DIGITS)


def test_what_nobody_will_hear_of_any_more_is_erased_nevertheless(app: Flask) -> None:
    with app.app_context():
        ledger.begin(Call, to=PHONE, from_=LINE)
    assert data(app, "erase", PHONE, "--yes").exit_code == 1
    now = app.extensions["now"]
    app.extensions["now"] = lambda: now() + timedelta(days=8)
    assert data(app, "erase", PHONE, "--yes").exit_code == 0
    assert places(app, DIGITS) == set()


@pytest.mark.parametrize("kind", ["refuse", "error", "lost"])
def test_what_twilio_does_not_delete_stays_and_goes_when_it_is_tried_again(town: Town, kind: str) -> None:
    told_everything(town)
    recording = kept(town)[0]
    town.sim.fault("rest", kind, match="/Recordings/", count=99)
    refused = data(town.app, "erase", PHONE, "--yes")
    assert refused.exit_code == 1
    assert f"Recording {recording.sid} stays: Twilio" in refused.stderr
    assert "Still there: 1 call, 0 texts, 1 recording" in refused.stderr
    assert kept(town)[0].from_number == PHONE
    town.sim.clear_faults()
    again = data(town.app, "erase", PHONE, "--yes")
    assert (again.exit_code, at_twilio(town, recording.sid)) == (0, 404)
    assert places(town.app, DIGITS) == {"opt_outs.number", "messages.body"}


def test_a_text_that_twilio_does_not_delete_stays_where_it_was_to_go_there_too(town: Town) -> None:
    told_everything(town)
    sid = next(text.sid for text in town.messages() if PHONE in (text.from_number, text.to_number))
    town.sim.fault("rest", "error", match=f"/Messages/{sid}", count=99)
    refused = data(town.app, "erase", PHONE, "--yes", "--at-twilio")
    assert refused.exit_code == 1
    assert re.search(r"^Text (SM|MM)\w{32} stays: Twilio gave no answer", refused.stderr, re.MULTILINE)
    assert "Still there: 0 calls, 1 text, 0 recordings" in refused.stderr
    town.sim.clear_faults()
    assert data(town.app, "erase", PHONE, "--yes", "--at-twilio").exit_code == 0


def test_it_asks_before_and_does_nothing_without_a_yes(town: Town) -> None:
    told_everything(town)
    asked = data(town.app, "erase", PHONE, typed="n\n")
    assert asked.exit_code == 1
    assert (
        f"{PHONE}: 3 calls, 3 texts, 1 recording, 1 relay of texts, 4 entries of spending.\n"
        "Recordings are deleted at Twilio, too, where their sound is; calls and texts stay there without --at-twilio.\n"
        f"That it wants no texts from {LINE} is kept: forgotten, it would get texts again.\n"
        "Nothing brings it back. Erase it? [y/N]: n\n"
    ) in asked.output
    assert "calls.from_number" in places(town.app, DIGITS)
    assert places(town.app, "erased") == set()
    assert data(town.app, "erase", PHONE, typed="y\n").exit_code == 0


def test_a_name_is_erased_like_a_number(app: Flask, twilio: Twilio) -> None:
    for number, name in enumerate(("client:anna", "client:annabel", "Anonymous", "72404")):
        twilio.post("/sms_url", {"MessageSid": f"SM{number}", "From": name, "To": LINE, "Body": f"from {name}!"})
    for name in ("client:anna", "Anonymous", "72404"):
        erased = data(app, "erase", name, "--yes")
        assert erased.exit_code == 0
        assert f"{name}: 0 calls, 1 text," in erased.output
    with app.app_context():
        assert [row.from_number for row in ledger.latest(Message, 9)] == ["client:annabel"]


def test_numbers_of_ones_own_and_what_is_no_number_are_refused(app: Flask) -> None:
    for given, sentence in (
        (LINE, f"{LINE} is a number of your own"),
        ("+1 555", "too short or too long"),
        (" ", "Give a phone number, or a name"),
    ):
        for command in ("erase", "export"):
            refused = data(app, command, given)
            assert refused.exit_code == 1
            assert sentence in refused.output


NAMING = (
    "+15550002222",
    "15550002222",
    "call 555 000 2222.",
    "(555) 000-2222",
    "tel:0555/0002222",
    "1 5 5 5 0 0 0 2 2 2 2",
    "https://x/?to=%2B15550002222",
)
NOT_NAMING = ("+445550002222", "55500022223", "555 000 2223", "5550002", "erased")


def test_a_number_is_found_in_the_texts_of_others_in_any_spelling(app: Flask, twilio: Twilio) -> None:
    for number, body in enumerate((*NAMING, *NOT_NAMING)):
        twilio.post("/sms_url", {"MessageSid": f"SM{number}", "From": OTHER, "To": LINE, "Body": body})
    erased = data(app, "erase", PHONE, "--yes")
    assert f"{len(NAMING)} texts to or from others named it" in erased.output
    with app.app_context():
        left = [row.body for row in ledger.latest(Message, 99)]
    assert left == [*reversed(NOT_NAMING), *["[erased]"] * len(NAMING)]


def test_nothing_of_it_is_left_in_the_files_of_sqlite(app: Flask, twilio: Twilio, tmp_path: Path, database: str) -> None:
    if database != "sqlite":
        pytest.skip("PostgreSQL writes over dead rows when it cleans up: docs/privacy.md")
    for number in range(120):  # enough to split pages and to move rows about
        person = PHONE if number % 3 == 0 else f"+1555100{number:04}"
        call = {"CallSid": f"CA{number:032}", "From": person, "To": LINE, "Direction": "inbound"}
        twilio.post("/voice_url", call | {"CallStatus": "ringing"})
        twilio.post("/status/call", call | {"CallStatus": "completed", "CallDuration": "3"})
        twilio.post("/sms_url", {"MessageSid": f"SM{number:032}", "From": person, "To": LINE, "Body": f"secret {person} " * number})
    files = sorted(tmp_path.glob("switchboard.db*"))
    assert any(DIGITS.encode() in path.read_bytes() for path in files)
    erased = data(app, "erase", PHONE, "--yes")
    assert (erased.exit_code, erased.stderr) == (0, "")
    assert "journal" not in erased.output
    assert [path.name for path in sorted(tmp_path.glob("switchboard.db*")) if DIGITS.encode() in path.read_bytes()] == []
    assert b"+15551000001" in (tmp_path / "switchboard.db").read_bytes()


def test_an_export_tells_all_in_a_file_for_nobody_else(town: Town, tmp_path: Path) -> None:
    told_everything(town)
    file = tmp_path / "export.json"
    file.touch(mode=0o644)
    done = data(town.app, "export", "+1 555 000 2222", "-o", str(file))
    assert done.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = json.loads(file.read_text())
    assert (found["party"], len(found["calls"]), len(found["messages"])) == (PHONE, 3, 3)
    call = found["calls"][0]
    assert (call["from_number"], call["status"], call["events"][-1]["status"]) == (PHONE, "completed", "completed")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*\+00:00", call["created_at"])
    assert [leg["to_number"] for leg in found["calls"] if leg["parent_sid"] == call["sid"]] == [BEN]
    assert {message["body"] for message in found["messages"]} == {"hello", "ask me anything", "Your car is ready."}
    assert any("/Media/ME" in url for message in found["messages"] for url in message["media"])
    (recording,) = found["recordings"]
    assert recording["transcription"] == WORDS
    assert recording["listen"].endswith(f"/recordings/{recording['sid']}")
    assert [len(found[table]) for table in ("relays", "opt_outs", "spendings")] == [1, 1, 4]
    assert places(town.app, "exported") == {"audit.action"}
    named = {each["where"]: each["text"] for each in found["named_in"]}
    assert named.keys() == {"messages.body", "messages.answer", "stops.reason"}
    assert "no, thanks" in named["messages.answer"]
    printed = data(town.app, "export", PHONE)
    assert json.loads(printed.stdout)["calls"] == found["calls"]
    nowhere = data(town.app, "export", PHONE, "-o", "/nowhere/x.json")
    assert (nowhere.exit_code, "cannot be written" in nowhere.output) == (1, True)


def test_the_command_runs_as_a_person_types_it(database_url: str) -> None:
    environ = environment(5000, Path("none"), 1) | {"DATABASE_URL": database_url, "LOGNAME": "ada"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "data", "export", "client:nobody"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["calls"]) == (0, [])
    assert os.fspath(ROOT) not in done.stdout
