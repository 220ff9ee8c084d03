"""The audit: who did what, from where, on the page and in JSON."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from town import LINE, Town
from visitors import BOTH_DATABASES, PASSWORD, Browser, Script, Twilio, forbidden
from voicemails import VOICEMAIL, kept, leave, signed_in

from app import audit, database
from app.ledger import audit as entries

pytestmark = BOTH_DATABASES
STRANGER = {"X-Forwarded-For": "192.0.2.9"}


@pytest.fixture
def flow() -> str:
    return VOICEMAIL


def noted(app: Flask, *, scripts_sign_in: bool = False) -> list[tuple[str, str, str, str]]:
    """Oldest first; that a script came in, once a day, only where that is asked for."""
    with app.app_context():
        found = [(each.who, each.address, each.action, each.subject) for each in reversed(entries.latest(9999))]
    return [each for each in found if scripts_sign_in or each[0::2] != ("operator (script)", "signed in")]


def run(app: Flask, *statements: str) -> None:
    with app.app_context():
        for statement in statements:
            database.write(lambda connection, statement=statement: connection.execute(text(statement)))  # type: ignore[misc]


def test_what_people_do_is_noted_with_who_and_from_where(town: Town) -> None:
    script, browser = town.script, town.browser
    attempt = script.post("/make_call", {"to": "+15550002222"}).location.rpartition("/")[2]
    browser.sign_in()
    browser.get("/make_call?to=%2B15550007777")
    browser.get("/make_call?to=%2B15550007777")  # a reload: no call, no entry
    announced = script.post("/make_call", {"to": "+15550002222", "say": "Hello"}).location.rpartition("/")[2]
    browser.post("/send_sms", {"to": "+15550002222", "body": "secret words"})
    browser.post("/sign_out")
    found = noted(town.app)
    assert [(who, address, action) for who, address, action, _ in found] == [
        ("operator (script)", "127.0.0.1", "dialled"),
        ("operator", "127.0.0.1", "signed in"),
        ("operator", "127.0.0.1", "dialled"),
        ("operator (script)", "127.0.0.1", "announced"),
        ("operator", "127.0.0.1", "texted"),
        ("operator", "127.0.0.1", "signed out"),
    ]
    assert (found[0][3], found[3][3]) == (attempt, announced)
    assert not any(secret in str(found) for secret in ("555", "secret words", PASSWORD))


def test_a_script_that_comes_in_is_noted_once_a_day(town: Town) -> None:
    now = town.app.extensions["now"]
    for hours in (0, 1, 23, 25, 26):
        town.app.extensions["now"] = lambda hours=hours: now() + timedelta(hours=hours)
        town.script.get("/metrics")
        town.script.get("/metrics")
    assert noted(town.app, scripts_sign_in=True) == [("operator (script)", "127.0.0.1", "signed in", "")] * 2


def test_an_entry_and_its_call_are_written_together_or_not_at_all(town: Town, database: str) -> None:
    forbid(town.app, database)
    refused = town.script.post("/make_call", {"to": "+15550002222"})
    text = town.script.post("/send_sms", {"to": "+15550002222", "body": "x"})
    assert (refused.status_code, text.status_code) == (503, 503)
    assert (town.calls(), town.messages(), town.sim.ask("GET", "/phones/+15550002222")["messages"]) == ([], [], [])


def forbid(app: Flask, database: str) -> None:
    """Let no entry be written any more."""
    run(app, *forbidden("INSERT ON audit", database))


def test_a_listening_is_one_entry_however_many_parts_it_has(town: Town) -> None:
    leave(town)
    sid = kept(town)[0].sid
    browser = signed_in(town)
    browser.client.head(f"/recordings/{sid}/audio", headers=browser.headers)
    for part in ("bytes=0-", "bytes=100-", "bytes=0-9"):
        assert browser.get(f"/recordings/{sid}/audio", range=part).status_code == 206
    listened = ("operator", "127.0.0.1", "listened", sid)
    assert noted(town.app)[1:] == [listened]
    town.script.get(f"/recordings/{sid}/audio")
    assert noted(town.app)[2:] == [("operator (script)", *listened[1:])]
    now = town.app.extensions["now"]
    town.app.extensions["now"] = lambda: now() + audit.ONE_LISTENING
    browser.get(f"/recordings/{sid}/audio")
    assert noted(town.app)[3:] == [listened]


def test_a_listening_while_the_clock_was_ahead_hides_no_later_one(town: Town) -> None:
    leave(town)
    sid = kept(town)[0].sid
    now = town.app.extensions["now"]
    for days in (365, 0):
        town.app.extensions["now"] = lambda days=days: now() + timedelta(days=days)
        town.script.get(f"/recordings/{sid}/audio")
    assert [action for _, _, action, _ in noted(town.app)] == ["listened", "listened"]


def test_without_an_entry_there_is_no_sound_no_deletion_and_no_session(town: Town, database: str) -> None:
    leave(town)
    sid = kept(town)[0].sid
    signed_in(town)
    forbid(town.app, database)
    heard = town.script.get(f"/recordings/{sid}/audio")
    assert (heard.status_code, heard.json["error"]["code"]) == (503, "ledger_unavailable")
    assert town.script.post(f"/recordings/{sid}/delete").status_code == 503
    assert [each.sid for each in kept(town)] == [sid]
    stranger = Browser(town.app.test_client())
    assert stranger.sign_in().status_code == 503
    assert stranger.get("/").status_code == 303
    assert town.browser.post("/sign_out").status_code == 503
    assert town.browser.get("/").status_code == 303  # the session has ended nevertheless


def test_a_recording_that_is_deleted_is_noted_once(town: Town) -> None:
    leave(town)
    sid = kept(town)[0].sid
    for _ in range(2):
        town.script.post(f"/recordings/{sid}/delete")
    assert noted(town.app) == [("operator (script)", "127.0.0.1", "recording deleted", sid)]


def test_who_has_seen_all_texts_that_got_no_answer_is_noted(town: Town) -> None:
    town.script.post("/messages/seen", {"until": "7"})
    assert noted(town.app) == [("operator (script)", "127.0.0.1", "settled", "texts without an answer, up to 7")]


def test_failed_sign_ins_are_noted_up_to_the_lock(app: Flask) -> None:
    for guess in range(8):
        app.test_client().post("/sign_in", data={"password": f"guess {guess}"}, headers=STRANGER)
    assert [entry[:3] for entry in noted(app)] == [("unknown", "192.0.2.9", "sign-in failed")] * 4 + [
        ("unknown", "192.0.2.9", "locked out")
    ]
    assert "guess" not in str(noted(app))


def test_a_flood_of_wrong_passwords_does_not_fill_the_table(app: Flask) -> None:
    client = app.test_client()
    for guess in range(60):
        client.get("/", auth=("operator", "wrong"), headers={"X-Forwarded-For": f"192.0.2.{guess}"})
    assert len(noted(app)) == entries.FLOOD_NOTED
    assert noted(app)[-1][3] == "more of them in this hour are not noted"
    at = app.extensions["now"]()
    app.extensions["now"] = lambda: at + timedelta(hours=1, minutes=1)
    client.get("/", auth=("operator", "wrong"), headers=STRANGER)
    assert len(noted(app)) == entries.FLOOD_NOTED + 1


def test_webhooks_are_no_deeds_of_people(app: Flask, twilio: Twilio) -> None:
    call = {"CallSid": "CA1", "CallStatus": "ringing", "From": "+15550002222", "To": LINE, "Direction": "inbound"}
    assert twilio.post("/voice_url", call).status_code == 200
    assert twilio.post("/sms_url", {"MessageSid": "SM1", "From": "+15550002222", "To": LINE, "Body": "x"}).status_code == 200
    assert noted(app) == []


def test_the_page_and_json_list_it_newest_first_page_by_page(app: Flask, script: Script, browser: Browser) -> None:
    at = datetime.fromisoformat("2026-06-16T10:00:00+00:00")
    with app.app_context():
        for number in range(120):
            app.extensions["now"] = lambda number=number: at + timedelta(seconds=number)
            audit.note("erased", f"…{number} <b>", job="retention")
    app.extensions["now"] = lambda: at + timedelta(minutes=5)
    seen, path, pages = [], "/audit", 0
    while path:
        answer = script.get(path).json
        seen += answer["entries"]
        path, pages = answer["older"], pages + 1
    assert [entry["subject"] for entry in seen if entry["action"] == "erased"] == [f"…{n} <b>" for n in reversed(range(120))]
    newest = {"at": "2026-06-16T10:01:59+00:00", "who": "retention", "address": "job", "action": "erased", "subject": "…119 <b>"}
    assert (seen[1], pages) == (newest, 3)
    browser.sign_in()
    page = browser.get("/audit").text
    for shown in ("signed in", "…119 &lt;b&gt;", "16 Jun 2026 10:01:59 UTC", "Older"):
        assert shown in page
    assert 'href="/audit"' in browser.get("/").text
    assert "No older entries" in browser.get("/audit?before=1").text
    assert len(script.get("/audit?before=x").json["entries"]) == 50


def test_commands_are_noted_by_who_typed_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    with app.app_context():
        audit.note("exported", "…22")
    assert noted(app) == [("ada", "command line", "exported", "…22")]


def test_a_user_without_a_name_is_unknown(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    with app.app_context():
        audit.note("exported", "…22")
    assert noted(app)[0][0] == "unknown"


def test_who_stops_and_resumes_spending_is_noted(app: Flask, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    assert script.post("/spending/stop", {"reason": "fraud by +15550009999"}).status_code == 200
    assert app.test_cli_runner().invoke(args=["spending", "resume"]).exit_code == 0
    assert app.test_cli_runner().invoke(args=["spending", "stop", "again"]).exit_code == 0
    assert script.post("/spending/resume").status_code == 200
    assert [(who, action, subject) for who, _, action, subject in noted(app)] == [
        ("operator (script)", "spending stopped", ""),
        ("ada", "spending resumed", ""),
        ("ada", "spending stopped", ""),
        ("operator (script)", "spending resumed", ""),
    ]


def test_an_entry_of_another_transaction_goes_with_it(app: Flask) -> None:
    def broken(note: Callable[..., None]) -> None:
        def work(connection: object) -> None:
            note(connection, "x")
            raise ZeroDivisionError

        database.write(work)

    with app.app_context():
        with pytest.raises(ZeroDivisionError):
            broken(audit.noting("spending stopped"))
        database.write(lambda connection: audit.noting("spending resumed")(connection, "x"))
    assert [entry[2] for entry in noted(app)] == ["spending resumed"]
