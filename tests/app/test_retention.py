"""What is older than the settings say goes, here and at Twilio; what is younger, or still goes on, stays."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select
from test_erasure import BEN, FLOW, rest, spent, told_everything
from town import LINE, PHONE, Town, open_town
from visitors import BOTH_DATABASES
from voicemails import at_twilio, kept, leave

from app import database, ledger, retention
from app.ledger import old
from app.models import AuditEntry, Base, Call, Event, Message, OptOut, Recording, RefusedWebhook, Relay, SignInTry, Spending

pytestmark = BOTH_DATABASES
DAYS = {"keep_calls_days": 30, "keep_messages_days": 20, "keep_recordings_days": 10, "keep_audit_days": 40}


@pytest.fixture
def flow() -> str:
    return FLOW


@pytest.fixture
def settings() -> dict[str, Any]:
    return DAYS


@pytest.fixture
def town(make_app: Callable[..., Flask], tmp_path: Path, flow: str, settings: dict[str, Any]) -> Iterator[Town]:
    (tmp_path / "flow.toml").write_text(flow)
    with open_town(make_app, flow_file=str(tmp_path / "flow.toml"), **settings) as town:
        yield town


def later(app: Flask, **time: float) -> None:
    now = app.extensions["now"]
    app.extensions["now"] = lambda: now() + timedelta(**time)


def done(app: Flask) -> str:
    with app.app_context():
        return retention.delete_what_is_old()


def count(app: Flask, table: type[Base]) -> int:
    with app.app_context(), database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def put(app: Flask, table: type[Base], *rows: dict[str, Any]) -> None:
    with app.app_context():
        for row in rows:
            database.write(lambda connection, row=row: connection.execute(insert(table).values(row)))  # type: ignore[misc]


def test_each_kind_goes_after_its_own_days_and_opt_outs_never(town: Town) -> None:
    told_everything(town)
    sid = kept(town)[0].sid
    assert done(town.app) == ""
    later(town.app, days=9)
    assert done(town.app) == "spendings=8 failures=1"
    assert [count(town.app, table) for table in (Recording, Relay)] == [1, 1]
    later(town.app, days=2)
    assert done(town.app) == "recordings=1"
    assert (count(town.app, Recording), at_twilio(town, sid)) == (0, 404)
    assert len(town.sim.exchange.recordings.transcriptions) == 0
    calls, messages = (count(town.app, table) for table in (Call, Message))
    of_texts = {name for text in town.messages() for name in (text.sid, text.attempt) if name}
    later(town.app, days=10)
    assert done(town.app) == f"texts={messages} relays=1"
    assert (count(town.app, Message), count(town.app, Call)) == (0, calls)
    with town.app.app_context(), database.read() as session:
        left = {name for event in session.scalars(select(Event)) for name in (event.sid, event.attempt) if name}
    assert left
    assert not left & of_texts
    later(town.app, days=10)
    assert done(town.app) == f"calls={calls}"
    assert [count(town.app, table) for table in (Call, Event, OptOut)] == [0, 0, 1]
    assert count(town.app, AuditEntry) > 0
    later(town.app, days=42)
    assert done(town.app).startswith("audit=")
    assert (count(town.app, AuditEntry), done(town.app)) == (1, "")
    with town.app.app_context(), database.read() as session:
        (entry,) = session.scalars(select(AuditEntry))
    assert (entry.who, entry.address, entry.action) == ("retention", "job", "deleted")


def test_where_no_days_are_given_nothing_goes(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    with app.app_context():
        ledger.record_message(sid="SM1", from_number=PHONE, to_number=LINE, body="x", media=[], answer="")
        ledger.advance(Call, "completed", sid="CA1")
    later(app, days=3000)
    assert done(app) == ""
    assert [count(app, table) for table in (Call, Message)] == [1, 1]


def test_what_counts_no_more_goes_by_itself(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    at = app.extensions["now"]()
    put(app, RefusedWebhook, {"at": at, "address": "/sms_url", "cause": "x", "detail": "", "times": 3})
    put(app, SignInTry, {"at": at, "address": "192.0.2.1"})
    put(app, Spending, *(spent(at, f"{number}") for number in range(3)))
    assert done(app) == ""
    later(app, minutes=61)
    assert done(app) == "refusals=1"
    later(app, days=2)
    assert done(app) == "spendings=3 failures=1"


@pytest.mark.parametrize("settings", [DAYS | {"delete_at_twilio": True}])
def test_at_twilio_too_where_that_is_wanted(town: Town, settings: dict[str, Any]) -> None:
    told_everything(town)
    calls, messages = [row.sid for row in town.calls()], [row.sid for row in town.messages()]
    later(town.app, days=35)
    done(town.app)
    assert [rest(town, f"Calls/{sid}") for sid in calls] == [404] * len(calls)
    assert [rest(town, f"Messages/{sid}") for sid in messages] == [404] * len(messages)
    assert (town.calls(), town.messages()) == ([], [])


def test_otherwise_they_stay_at_twilio(town: Town) -> None:
    told_everything(town)
    calls = [row.sid for row in town.calls()]
    later(town.app, days=35)
    done(town.app)
    assert town.calls() == []
    assert [rest(town, f"Calls/{sid}") for sid in calls] == [200] * len(calls)


@pytest.mark.parametrize("settings", [DAYS | {"delete_at_twilio": True}])
@pytest.mark.parametrize("kind", ["refuse", "error", "lost", "status"])
def test_what_twilio_does_not_delete_is_tried_again_in_an_hour_and_holds_up_no_other(
    town: Town, kind: str, settings: dict[str, Any]
) -> None:
    for number in range(3):
        town.script.post("/send_sms", {"to": PHONE, "body": f"{number}"})
    town.sim.advance(60)
    sids = [row.sid for row in reversed(town.messages())]
    later(town.app, days=21)
    town.sim.fault("rest", kind, match=f"/Messages/{sids[0]}", count=9, **({"status": 403} if kind == "status" else {}))
    for _ in range(2):  # the first round ends where Twilio cannot be asked
        done(town.app)
    assert [row.sid for row in town.messages()] == [sids[0]]
    town.sim.clear_faults()
    assert "texts" not in done(town.app)
    later(town.app, hours=1)
    assert "texts=1" in done(town.app)
    assert town.messages() == []


def test_what_still_goes_on_is_left_alone(make_app: Callable[..., Flask]) -> None:
    app = make_app(keep_calls_days=1, keep_messages_days=1)
    with app.app_context():
        for number, status in enumerate(("requested", "unknown", "ringing", "in-progress", "completed", "busy")):
            ledger.advance(Call, status, sid=f"CA{number}")
        for number, status in enumerate(("unknown", "queued", "sent", "delivered", "received")):
            ledger.advance(Message, status, sid=f"SM{number}")
    later(app, days=2)
    assert done(app) == "calls=2 texts=3"
    later(app, days=6)
    assert done(app) == "calls=4 texts=2"  # nobody has heard of them for a week


def test_a_round_that_broke_off_is_ended_by_the_next(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.sim.phone(BEN).on_ring("no-answer")
    leave(town)
    sid = kept(town)[0].sid
    later(town.app, days=11)

    def broken(gone: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(old, "delete_recordings", broken)
        with pytest.raises(ZeroDivisionError):
            done(town.app)
    assert (at_twilio(town, sid), len(kept(town))) == (404, 1)
    assert "recordings=1" in done(town.app)
    assert kept(town) == []


@pytest.mark.parametrize("settings", [DAYS | {"delete_at_twilio": True}])
@pytest.mark.parametrize("kind", ["refuse", "broken"])
def test_what_a_round_deleted_before_it_broke_off_is_in_the_audit(
    town: Town, kind: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        town.script.post("/send_sms", {"to": PHONE, "body": f"{number}"})
    town.sim.advance(60)
    later(town.app, days=21)
    last = town.messages()[0].sid
    if kind == "refuse":  # Twilio takes no more requests
        town.sim.fault("rest", "refuse", match=f"/Messages/{last}", count=9)
        assert "texts=2" in done(town.app)
    else:
        monkeypatch.setattr(old, "delete_events_alone", lambda before: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            done(town.app)
    noted = [each["subject"] for each in town.script.get("/audit").json["entries"] if each["action"] == "deleted"]
    assert len(noted) == 1
    assert ("texts=2" if kind == "refuse" else "texts=3") in noted[0]


def test_many_rows_go_in_batches(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 7)
    app = make_app(keep_messages_days=1)
    with app.app_context():
        for number in range(20):
            ledger.record_message(sid=f"SM{number}", from_number=PHONE, to_number=LINE, body="x", media=[], answer="")
    later(app, days=2)
    assert done(app) == "texts=20"


def test_what_was_erased_goes_for_good_once_nothing_late_can_come(town: Town) -> None:
    told_everything(town)
    assert town.app.test_cli_runner().invoke(args=["data", "erase", PHONE, "--yes"]).exit_code == 0
    calls, messages = count(town.app, Call), count(town.app, Message)
    town.app.extensions["settings"] = town.app.extensions["settings"].model_copy(update=dict.fromkeys(DAYS, 3000))
    later(town.app, days=29)
    done(town.app)
    assert [count(town.app, table) for table in (Call, Message, Recording)] == [calls, messages, 1]
    later(town.app, days=2)
    assert done(town.app) == f"recordings=1 calls={calls} texts={messages - 4}"
    assert [count(town.app, table) for table in (Call, Message, Recording)] == [0, 4, 0]


def test_a_recording_that_twilio_tells_of_after_its_call_was_erased_goes_too(town: Town) -> None:
    town.sim.phone(BEN).on_ring("no-answer")
    town.sim.fault("webhook", "delay", match="/status/", seconds=100, count=9)
    town.sim.fault("webhook", "drop", match="/recorded", count=9)
    leave(town)
    with town.app.app_context():
        for call in town.calls():
            ledger.advance(Call, "completed", sid=call.sid)
    assert town.app.test_cli_runner().invoke(args=["data", "erase", PHONE, "--yes"]).exit_code == 0
    town.sim.advance(300)
    (late,) = kept(town)
    assert (late.from_number, late.transcription, at_twilio(town, late.sid)) == ("", None, 200)
    assert done(town.app) == "recordings=1"
    assert (kept(town), at_twilio(town, late.sid)) == ([], 404)
