"""What Prometheus is told: counts that are right, gauges from the database, labels that stay few."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert
from town import LINE, PHONE, Town
from visitors import BOTH_DATABASES, PASSWORD, Script, Twilio

from app.diagnosis import CAUSES
from app.models import Call, Job, Message, Spending

TEXT = {"From": PHONE, "To": LINE, "Body": "ping"}

Figures = dict[tuple[str, ...], float]


def figures(app: Flask) -> Figures:
    """What /metrics says: values by name and the values of the labels."""
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {PASSWORD}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name.removeprefix("switchboard_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def news(before: Figures, after: Figures) -> Figures:
    """What was counted in between, without the buckets and creation times."""
    return {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if value != before.get(name, 0) and not name[0].endswith(("_bucket", "_created", "_sum"))
    }


def test_webhooks_are_counted_by_endpoint_and_refusals_by_cause(app: Flask, twilio: Twilio) -> None:
    before = figures(app)
    for sid in ("SM1", "SM2", "SM2"):
        twilio.post("/sms_url", TEXT | {"MessageSid": sid})
    app.test_client().post("/sms_url", data=TEXT)
    app.test_client().get("/nowhere/+15550002222")
    told = news(before, figures(app))
    assert told["request_seconds_count", "webhooks.sms_url", "200"] == 3
    assert told["request_seconds_count", "webhooks.sms_url", "403"] == 1
    assert told["request_seconds_count", "none", "404"] == 1
    assert told["webhooks_refused_total", "no-signature"] == 1
    assert told["webhooks_refused_so_far",] == 1
    assert told["statuses_total", "message", "received"] == 2  # one came twice


def test_a_call_counts_once_at_each_status_and_twilios_requests_by_outcome(town: Town) -> None:
    before = figures(town.app)
    town.phone.on_ring("busy")
    town.script.post("/make_call")
    town.sim.settle()
    town.script.post("/send_sms", {"to": PHONE, "body": "orange"})
    town.phone.expect_text("orange")
    town.sim.settle()
    town.script.post("/send_sms", {"to": "+1555", "body": "orange"})
    told = news(before, figures(town.app))
    assert told["statuses_total", "call", "busy"] == 1
    assert told["statuses_total", "message", "delivered"] == 1
    assert told["twilio_request_seconds_count", "ok", "call"] == 1
    assert told["twilio_request_seconds_count", "ok", "message"] == 1
    assert all(value == 1 for name, value in told.items() if name[0] == "statuses_total")


def test_a_request_that_twilio_never_got_is_counted_as_that(app: Flask, script: Script) -> None:
    before = figures(app)
    script.post("/make_call")
    assert news(before, figures(app))["twilio_request_seconds_count", "twilio_unreachable", "call"] > 1  # each try


def test_what_the_spend_guard_refuses_is_counted_by_rule(app: Flask, script: Script) -> None:
    script.post("/spending/stop", {"reason": "a test"})
    before = figures(app)
    assert script.post("/make_call").status_code == 429
    assert news(before, figures(app))["spend_refused_total", "stopped"] == 1


@BOTH_DATABASES
def test_what_the_tables_hold_is_told_as_it_is_now(app: Flask) -> None:
    at = datetime.now(UTC)
    common = {"from_number": LINE, "to_number": PHONE, "created_at": at, "updated_at": at, "direction": "outbound-api"}
    spent = {"kind": "call", "number": PHONE, "own": False, "at": at}
    with app.extensions["engine"].begin() as connection:
        for number, (status, progress) in enumerate([("unknown", 1), ("requested", 0), ("queued", 2)]):
            connection.execute(insert(Call).values(**common, attempt=f"c{number}", status=status, progress=progress))
        connection.execute(insert(Message).values(**common, attempt="m", status="unknown", progress=1, body="x"))
        waits = {"attempt": "w", "status": "requested", "progress": 0, "body": "x", "due_at": at, "tries": 1}
        connection.execute(insert(Message).values(**common, **waits))  # surely not taken yet
        connection.execute(insert(Spending).values(**spent, occasion="1", cost=1_250_000))
        connection.execute(insert(Spending).values(**spent, occasion="2", cost=20_000))
        connection.execute(insert(Spending).values(**spent | {"at": at.replace(year=at.year - 1)}, occasion="3", cost=7_000_000))
        connection.execute(insert(Spending).values(**spent, occasion="4", rate=30_000))  # a call that goes on
        connection.execute(insert(Job).values(name="reconcile", due_at=at, ended_at=at, outcome="fine"))
    told = figures(app)
    assert told["unsettled", "call"] == 2
    assert told["unsettled", "message"] == 1
    assert told["spent_dollars",] == pytest.approx(1.30)
    assert told["job_due_timestamp_seconds", "reconcile"] == pytest.approx(at.timestamp())
    assert told["job_ended_timestamp_seconds", "reconcile"] == pytest.approx(at.timestamp())
    assert told["database_up",] == 1


def test_what_rings_an_alarm_is_counted_from_0(app: Flask, twilio: Twilio, tmp_path: Path) -> None:
    """A series that begins with the first fault has no rate."""
    before = figures(app)
    assert {name[1] for name in before if name[0] == "webhooks_refused_total"} == {*CAUSES}
    app.extensions["engine"].dispose()
    (tmp_path / "switchboard.db").rename(tmp_path / "away.db")
    assert twilio.post("/sms_url", TEXT | {"MessageSid": "SM1"}).status_code == 503
    (tmp_path / "away.db").rename(tmp_path / "switchboard.db")
    assert ("webhooks_failed_total", "webhooks.sms_url") in before
    assert news(before, figures(app))["webhooks_failed_total", "webhooks.sms_url"] == 1


def test_who_hears_only_that_we_are_sorry_has_failed_too(app: Flask, twilio: Twilio, tmp_path: Path) -> None:
    before = figures(app)
    app.extensions["engine"].dispose()
    (tmp_path / "switchboard.db").rename(tmp_path / "away.db")
    call = {"CallSid": "CA1", "CallStatus": "ringing", "From": PHONE, "To": LINE, "Direction": "inbound"}
    for path, told in (("/voice_url", call), ("/voice_fallback_url", call), ("/sms_fallback_url", TEXT | {"MessageSid": "SM1"})):
        answer = twilio.post(path, told)
        assert (answer.status_code, "We are sorry" in answer.text) == (200, True)
    (tmp_path / "away.db").rename(tmp_path / "switchboard.db")
    failed = {name[1]: value for name, value in news(before, figures(app)).items() if name[0] == "webhooks_failed_total"}
    assert failed == {"webhooks.voice_url": 1, "webhooks.voice_fallback_url": 1, "webhooks.sms_fallback_url": 1}


def test_a_folder_of_counts_that_is_gone_leaves_the_gauges(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "gone"))
    assert figures(app)["database_up",] == 1


def test_a_database_that_is_gone_leaves_the_counts(app: Flask, tmp_path: Path) -> None:
    client = app.test_client()
    client.post("/sign_in", data={"password": PASSWORD})  # a session needs no database
    app.extensions["engine"].dispose()
    (tmp_path / "switchboard.db").unlink()
    told = client.get("/metrics").text
    assert "switchboard_database_up 0.0" in told
    assert "switchboard_request_seconds_count" in told


def test_no_number_sid_or_text_becomes_a_label(town: Town) -> None:
    town.phone.text(LINE, "orange juice")
    with suppress(Exception):
        town.script.post("/make_call")
    town.sim.settle()
    told = Script(town.app.test_client()).get("/metrics").text
    assert "orange" not in told
    assert not re.search(r'="[^"]*(\d{7}|[A-Z]{2}[0-9a-f]{32})', told)


def test_metrics_are_the_operators(app: Flask, make_app: Callable[..., Flask]) -> None:
    assert app.test_client().get("/metrics").status_code == 401
