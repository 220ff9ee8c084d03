"""What the log says: one JSON object a line, the same ids all through a call, and never a number, a text or a secret."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from overheard import Overheard
from town import LINE, PHONE, Town, open_town
from visitors import PASSWORD, SETTINGS, TOKEN, Browser, Script, Twilio
from voicemails import PLAIN, leave

from app import clock, jobs, ledger, logs
from app.models import Call


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the application has written so far, as it writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines())
    own = logging.getLogger("app")
    own.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    own.removeHandler(handler)


@pytest.mark.parametrize(
    "leak", [f"to={PHONE}", "to=%2B15550002222", f"token={TOKEN}", f"signed in with {PASSWORD}", "body=orange juice"]
)
def test_the_ears_of_every_test_hear_a_leak(leak: str, app: Flask, twilio: Twilio, overheard: Overheard) -> None:
    twilio.post("/sms_url", {"MessageSid": "SM1", "From": PHONE, "To": LINE, "Body": "orange juice"})
    overheard.learn(app)
    assert overheard.leaks() == []
    logging.getLogger("app.outbound").info("sent %s", leak)
    assert overheard.leaks() != []
    overheard.lines.clear()
    overheard.raw.clear()


def test_one_search_for_its_sid_finds_the_whole_story_of_a_call(town: Town, lines: Callable[[], list[dict[str, Any]]]) -> None:
    placed = town.script.post("/make_call")
    town.phone.answer()
    town.phone.expect_say("Hello Monkey!")
    town.phone.hangup()
    town.sim.settle()
    story = [line for line in lines() if placed.json["sid"] in json.dumps(line)]
    endpoints = [line["endpoint"] for line in story if "endpoint" in line]
    assert "operator.make_call_post" in endpoints
    assert {"webhooks.voice_url", "webhooks.call_status"} <= {*endpoints}
    assert {line["call_sid"] for line in story if line.get("endpoint", "").startswith("webhooks.")} == {placed.json["sid"]}
    attempts = {line["attempt"] for line in story if "attempt" in line}
    assert attempts == {placed.location.rpartition("/")[2]}
    assert any(line["logger"] == "app.asking" for line in story)


def test_the_story_of_a_call_has_also_what_the_jobs_did(
    make_app: Callable[..., Flask], tmp_path: Path, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A message whose callback was lost is told to its owner by a job, and a call whose answer was lost is settled by one."""
    (tmp_path / "flow.toml").write_text(PLAIN)
    with open_town(make_app, flow_file=str(tmp_path / "flow.toml")) as town:
        town.app.extensions["now"] = town.sim._clock.now
        town.sim.fault("webhook", "drop", match="/status/recording", count=9)
        leave(town)
        (call,) = town.calls()
        town.sim.fault("webhook", "drop", match="attempt=", count=99)
        town.sim.fault("rest", "lost")
        attempt = town.script.post("/make_call", {"to": "+15550003333"}).location.rpartition("/")[2]
        town.sim.advance(11 * 60)
        before = len(lines())
        with town.app.app_context():
            assert jobs.run_all()
        said = lines()[before:]
        assert any("message to=" in line["message"] and line.get("call_sid") == call.sid for line in said)
        (settled,) = [line for line in said if line["message"] == "settled"]
        assert settled["attempt"] == attempt
        assert settled["call_sid"] in {each.sid for each in town.calls()} - {call.sid, None}
    (ended,) = [line for line in said if line["message"].startswith("job=reconcile")]
    assert "attempt" not in ended


def test_what_is_said_of_an_owner_who_is_told_of_a_message_is_not_said_of_the_next(
    make_app: Callable[..., Flask], tmp_path: Path, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    (tmp_path / "flow.toml").write_text(PLAIN)
    with open_town(make_app, flow_file=str(tmp_path / "flow.toml")) as town:
        leave(town)
        attempts = {each.sid: each.attempt for each in town.messages()}
    asked = [line for line in lines() if line["message"].startswith("twilio message")]
    assert len({line["attempt"] for line in asked}) == 2
    for line in asked:
        assert attempts[re.search("sid=(SM[0-9a-f]+)", line["message"])[1]] == line["attempt"]
        assert "sid" not in line  # it is known only after this line


def test_the_story_of_a_missed_call_has_also_the_text_that_a_job_sent(
    make_app: Callable[..., Flask], tmp_path: Path, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    dials = '[steps.start]\nkind = "dial"\nto = "+15550005555"\n[missed]\ntext = "Sorry."\n'
    (tmp_path / "flow.toml").write_text(dials)
    with open_town(make_app, flow_file=str(tmp_path / "flow.toml")) as town, town.app.app_context():
        for number in range(2):
            sid, caller = f"CA{number:032}", f"+1555000444{number}"
            ledger.advance(Call, "in-progress", sid=sid, direction="inbound", from_number=caller, to_number=LINE)
            ledger.note_outcome(sid, "missed")
            ledger.advance(Call, "completed", sid=sid)
        town.app.extensions["now"] = lambda: clock.system() + timedelta(minutes=3)
        assert jobs.run_all()
    said = [line for line in lines() if line["message"].startswith("twilio message")]
    assert [line["call_sid"] for line in said] == [f"CA{number:032}" for number in range(2)]


def test_each_request_has_an_id_that_its_lines_and_the_operator_see(
    script: Script, twilio: Twilio, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    first, second = script.get("/"), script.post("/send_sms", {"to": PHONE, "body": "orange juice"})
    assert second.status_code == 503
    answer = twilio.post("/sms_url", {"MessageSid": "SM1", "From": PHONE, "To": LINE, "Body": "orange juice"})
    assert "X-Request-Id" not in answer.headers
    said = lines()
    assert [line["endpoint"] for line in said if "endpoint" in line] == ["operator.index", "operator.send_sms", "webhooks.sms_url"]
    assert said[0]["request_id"] == first.headers["X-Request-Id"]
    assert {line["request_id"] for line in said[1:-1]} == {second.headers["X-Request-Id"]}
    assert len(said[1:-1]) > 1
    assert said[-1]["message_sid"] == "SM1"
    assert len({line["request_id"] for line in said}) == 3


def test_a_line_says_how_long_a_request_took_and_what_of_it(
    script: Script, app: Flask, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = script.get("/", Accept="text/html")
    timing = dict(part.split(";dur=") for part in answer.headers["Server-Timing"].split(", "))
    (line,) = lines()
    assert line["status"] == 200
    assert {*line["parts"]} == {"database", "template", "password"} == {*timing} - {"total"}
    assert [*line["parts"].values()] == sorted(line["parts"].values(), reverse=True)
    assert max(line["parts"].values()) <= line["ms"]
    for path in ("/sign_in", "/make_call"):  # how long a password took is nobody's business
        assert "Server-Timing" not in app.test_client().get(path).headers
    assert "Server-Timing" not in Browser(app.test_client()).sign_in("wrong password").headers


def test_probes_and_static_files_leave_no_line(app: Flask, lines: Callable[[], list[dict[str, Any]]]) -> None:
    for path in ("/healthz", "/readyz", "/static/live.js"):
        assert app.test_client().get(path, buffered=True).status_code == 200
    assert lines() == []


HIDDEN = [
    PHONE,
    "+1 555 000 2222",
    "+1 (555) 000-2222",
    quote(PHONE, safe=""),
    quote(PHONE, safe="").lower(),
    "15550002222",
    "+4930123456",
    "(555) 000-2222",
    "555-000-2222",
    "555.000.2222",
    "1 555 000 2222",
    "1 (555) 000-2222",
    "0171 5550002222",
    "0555/000-2222",
    "(030) 555 000-2222",
    "0049 555 0002222",
    "05 55 00 02 22 22",
    "49 555 000-2222",
    TOKEN,
    PASSWORD,
    quote(PASSWORD),
    "b3BlcmF0b3I6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5",
    SETTINGS["secret_key"],
    "p%40ss word",
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_last_net_hides_numbers_and_secrets_wherever_they_stand(
    hidden: str, make_app: Callable[..., Flask], lines: Callable[[], list[dict[str, Any]]]
) -> None:
    logs.hide(["p%40ss word"])
    make_app()
    log = logging.getLogger("app.anything")
    log.info("to=%s.", hidden)
    log.info("https://x.example/a?To=%s&b=1", hidden)
    try:
        raise ValueError(f"not {hidden!r}")
    except ValueError:
        log.exception("broken")
    said = json.dumps(lines(), ensure_ascii=False)
    assert said.count("broken") == 1
    assert hidden not in said
    assert not re.search(r"000[-. ]?22?[ ]?22", said)


KEPT = [
    "CA" + "12345678" * 4,
    "2026-11-23T23:57:42.097+00:00",
    "2026-11-23 23:57:42",
    "01.11.2026 02:47:32",
    "01/11/2026 02:47",
    "[24/Nov/2026 02:47:32 +0000]",
    "12345678-1234-4234-8234-123456789abc",
    "01234567-0123-4123-8123-01234567890a",
    "192.168.100.200",
    "127.0.0.1:50000",
    "10.100.200.30 - - 200",
    "2001:db8:1234:5678::/64",
    "seconds=0.1234567890",
    '"GET / HTTP/1.1" 200 1234 12',
    "error 21610",
    "pid 1234567",
    "line 012, in 345",
]


@pytest.mark.parametrize("kept", KEPT)
def test_the_last_net_leaves_ids_times_and_figures(kept: str) -> None:
    assert logs.masked(f"a {kept} b") == f"a {kept} b"


def test_a_line_break_in_what_is_logged_starts_no_line(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("app.anything").warning('x\n{"level": "forged"}\u2028y\x00')
    (line,) = lines()
    assert line["level"] == "WARNING"


def test_a_bug_is_logged_with_its_trace_and_request_but_without_the_number_in_it(
    app: Flask, script: Script, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    def broken() -> str:
        raise RuntimeError(f"cannot reach {PHONE}")

    app.view_functions["switchboard.operator.index"] = broken
    answer = script.get("/")
    (bug,) = [line for line in lines() if line["level"] == "ERROR"]
    assert "RuntimeError: cannot reach …22" in bug["trace"]
    assert bug["request_id"] == answer.headers["X-Request-Id"]
