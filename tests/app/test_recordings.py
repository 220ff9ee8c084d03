"""Recordings: listed, played and deleted by the operator only."""

import pytest
from flask import Flask
from sqlalchemy import text
from town import LINE, TOKEN, Town
from visitors import BOTH_DATABASES, Browser, Script, forbidden
from voicemails import VOICEMAIL, WORDS, at_twilio, kept, leave, signed_in, texts, told

from app import database
from app.ledger import recordings

pytestmark = BOTH_DATABASES


@pytest.fixture
def flow() -> str:
    return VOICEMAIL


@pytest.mark.parametrize("rules", [{}, {"protect_media": True}], ids=["open", "protected"])
def test_the_operator_hears_what_twilio_has_whole_and_in_parts(town: Town) -> None:
    leave(town)
    sid = kept(town)[0].sid
    whole = town.rest("GET", f"Recordings/{sid}.mp3").content
    path, size = f"/recordings/{sid}/audio", len(whole)
    heard = signed_in(town).get(path)
    assert (heard.status_code, heard.data, heard.mimetype) == (200, whole, "audio/mpeg")
    assert (heard.headers["Content-Length"], heard.headers["Accept-Ranges"]) == (str(size), "bytes")
    assert heard.headers["Cache-Control"] == "private, no-store"
    for asked, begin, end in (("0-99", 0, 100), ("30-", 30, size), (f"{size - 7}-", size - 7, size), ("-500", size - 500, size)):
        part = town.browser.get(path, range=f"bytes={asked}")
        assert (part.status_code, part.data) == (206, whole[begin:end])
        assert part.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{size}"
    beyond = town.browser.get(path, range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"], beyond.data) == (416, f"bytes */{size}", b"")
    for strange in ("bytes=5-2-1", "bytes=a-b", "lines=0-1", "bytes=0-1,4-5", "bytes=" + "9" * 400 + "-"):
        assert town.browser.get(path, range=strange).data == whole
    head = town.browser.client.head(path, headers=town.browser.headers)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(size))


def test_nobody_else_hears_lists_or_deletes_anything(town: Town) -> None:
    leave(town)
    sid = kept(town)[0].sid
    stranger = town.app.test_client()
    for path in ("", f"/{sid}", f"/{sid}/audio", f"/{sid}/delete"):
        assert stranger.get(f"/recordings{path}").status_code == 401
        page = stranger.get(f"/recordings{path}", headers={"Accept": "text/html"})
        assert (page.status_code, page.location) == (303, "/sign_in")
    assert stranger.post(f"/recordings/{sid}/delete").status_code == 401
    foreign = signed_in(town).post(f"/recordings/{sid}/delete", sec_fetch_site="cross-site")
    assert foreign.status_code == 403
    assert at_twilio(town, sid) == 200
    assert len(kept(town)) == 1


def test_pages_and_json_show_who_when_how_long_where_and_what(town: Town) -> None:
    leave(town, "<b>call</b> & me & again")
    sid = kept(town)[0].sid
    browser = signed_in(town)
    for path in ("/recordings", f"/recordings/{sid}"):
        page = browser.get(path).text
        for shown in (town.phone.number, "6 s", "<code>start</code>", "&lt;b&gt;call&lt;/b&gt; &amp; me", 'preload="none"'):
            assert shown in page
        assert f'src="/recordings/{sid}/audio"' in page
        assert f"/recordings/{sid}/delete" in page
    assert f"/recordings/{sid}" in browser.get("/").text
    one = town.script.get(f"/recordings/{sid}").json
    assert (one["sid"], one["from"], one["to"], one["step"]) == (sid, town.phone.number, LINE, "start")
    assert (one["duration"], one["transcription"], one["deleted_at"]) == (6, "<b>call</b> & me & again", None)
    assert town.script.get("/recordings").json == {"recordings": [one], "older": None}
    missing = town.script.get("/recordings/RE" + "0" * 32)
    assert (missing.status_code, missing.json["error"]["code"]) == (404, "not_found")
    assert town.script.get("/recordings/RE" + "0" * 32 + "/audio").status_code == 404


def test_the_list_goes_on_page_by_page_newest_first(app: Flask, script: Script, browser: Browser) -> None:
    with app.app_context():
        for number in range(45):
            recordings.keep(f"RE{number:032}", call_sid="CA1", step="start", from_number="+15550002222", to_number=LINE, duration=1)
        recordings.mark_deleted(f"RE{44:032}")
    seen, path = [], "/recordings"
    while path:
        answer = script.get(path).json
        seen += [each["sid"] for each in answer["recordings"]]
        path = answer["older"]
    assert seen == [f"RE{number:032}" for number in reversed(range(44))]
    assert len(script.get("/recordings?before=x").json["recordings"]) == 20
    assert len(script.get("/recordings?before=" + "9" * 40).json["recordings"]) == 20
    browser.sign_in()
    assert "Older" in browser.get("/recordings").text
    assert "No older recordings" in browser.get("/recordings?before=1").text


def test_deleting_asks_first_then_deletes_at_twilio_and_here(town: Town) -> None:
    leave(town)
    sid = kept(town)[0].sid
    browser = signed_in(town)
    asked = browser.get(f"/recordings/{sid}/delete").text
    assert "Delete this recording?" in asked
    assert "The texts that told its owners of it stay." in asked
    assert (at_twilio(town, sid), len(kept(town))) == (200, 1)
    done = browser.post(f"/recordings/{sid}/delete")
    assert (done.status_code, done.location) == (303, "/recordings")
    assert at_twilio(town, sid) == 404
    assert kept(town) == []
    page = browser.get(f"/recordings/{sid}").text
    assert "Deleted on" in page
    assert WORDS not in page
    assert "<audio" not in page
    one = town.script.get(f"/recordings/{sid}").json
    assert (one["transcription"], one["audio"], one["duration"]) == (None, None, 6)
    assert town.script.get(f"/recordings/{sid}/audio").status_code == 404
    again = town.script.post(f"/recordings/{sid}/delete")
    assert (again.status_code, again.json["deleted_at"]) == (200, one["deleted_at"])


def test_what_is_gone_at_twilio_is_not_found_and_counts_as_deleted(town: Town) -> None:
    leave(town)
    sid = kept(town)[0].sid
    town.rest("DELETE", f"Recordings/{sid}.json")
    gone = town.script.get(f"/recordings/{sid}/audio")
    assert (gone.status_code, gone.json["error"]["code"]) == (404, "recording_gone")
    assert town.script.post(f"/recordings/{sid}/delete").json["deleted_at"]
    assert kept(town) == []


@pytest.mark.parametrize("name", ["RE%00", "%ff", "RE" + "x" * 32])
def test_what_is_no_name_of_a_recording_is_not_found(script: Script, name: str) -> None:
    assert [script.get(f"/recordings/{name}{rest}").status_code for rest in ("", "/audio", "/delete")] == [404] * 3
    assert script.post(f"/recordings/{name}/delete").status_code == 404


@pytest.mark.parametrize("kind", ["refuse", "error", "lost"])
def test_a_deletion_that_twilio_did_not_answer_can_be_repeated(town: Town, kind: str) -> None:
    leave(town)
    sid = kept(town)[0].sid
    town.sim.fault("rest", kind, count=99)
    failed = town.script.post(f"/recordings/{sid}/delete")
    assert failed.status_code == {"refuse": 502, "error": 503, "lost": 503}[kind]
    assert failed.json["error"]["message"].endswith("in a moment.")
    assert len(kept(town)) == 1
    town.sim.clear_faults()
    assert town.script.post(f"/recordings/{sid}/delete").status_code == 200
    assert (at_twilio(town, sid), kept(town)) == (404, [])


@pytest.mark.parametrize("kind", ["refuse", "error"])
def test_playing_while_twilio_is_out_of_order_is_an_error_in_the_one_shape(town: Town, kind: str) -> None:
    leave(town)
    sid = kept(town)[0].sid
    town.sim.fault("rest", kind, count=99)
    failed = town.script.get(f"/recordings/{sid}/audio")
    assert failed.status_code == {"refuse": 502, "error": 503}[kind]
    assert failed.json["error"]["code"].startswith("twilio_")
    town.sim.clear_faults()
    assert town.script.get(f"/recordings/{sid}/audio").status_code == 200


def test_a_deletion_that_could_not_be_written_is_ended_by_repeating_it(town: Town, database: str) -> None:
    leave(town)
    sid = kept(town)[0].sid
    run(town.app, *forbidden("UPDATE ON recordings", database))
    assert town.script.post(f"/recordings/{sid}/delete").status_code == 503
    assert (at_twilio(town, sid), len(kept(town))) == (404, 1)
    run(town.app, "DROP TRIGGER no" + (" ON recordings" if database == "postgresql" else ""))
    assert town.script.post(f"/recordings/{sid}/delete").status_code == 200
    assert kept(town) == []


def run(app: Flask, *statements: str) -> None:
    with app.app_context():
        for statement in statements:
            database.write(lambda connection, statement=statement: connection.execute(text(statement)))  # type: ignore[misc]


def test_words_that_come_after_the_deletion_are_not_kept_and_nobody_is_told(town: Town) -> None:
    town.sim.fault("webhook", "delay", match="/status/transcription", seconds=100)
    leave(town)
    sid = kept(town)[0].sid
    assert town.script.post(f"/recordings/{sid}/delete").status_code == 200
    town.sim.advance(200)
    assert told(town, "/status/transcription") == [(204, None)]
    assert town.script.get(f"/recordings/{sid}").json["transcription"] is None
    assert texts(town) == []


def test_the_log_says_once_what_became_of_each_request(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    leave(town)
    sid = kept(town)[0].sid
    caplog.clear()
    with caplog.at_level("INFO", "app.asking"):
        town.script.get(f"/recordings/{sid}/audio", range="bytes=0-9")
        town.script.post(f"/recordings/{sid}/delete")
        town.script.get(f"/recordings/{sid}/audio")
    lines = [record.getMessage().rpartition(" seconds=")[0] for record in caplog.records if record.name == "app.asking"]
    assert lines == [f"twilio recording={sid} outcome=206", f"twilio delete recording={sid} outcome=deleted"]
    assert TOKEN not in caplog.text
