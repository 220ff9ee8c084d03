"""Why a webhook was refused: found out, kept for an hour, and told to the operator with what to do."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from overheard import Overheard
from sqlalchemy import Connection, text
from visitors import BASE_URL, BOTH_DATABASES, SETTINGS, TOKEN, Browser, Script

from app import clock, database, signature
from app.diagnosis import CAUSES, MANY
from app.ledger import refusals
from simulator.web.signature import signature_headers

SECURE = "https://phone.example.com"
TEXT = {"MessageSid": "SM1", "From": "+15550002222", "Body": "a\nb", "AccountSid": SETTINGS["twilio_account_sid"]}
MANUAL = Path(__file__).resolve().parent.parent.parent / "docs/operations.md"
FORM = "application/x-www-form-urlencoded"


def refused(app: Flask) -> list[dict[str, Any]]:
    """What the operator's script is told of refused webhooks."""
    found: list[dict[str, Any]] = Script(app.test_client()).get("/webhooks").json["refused"]
    return found


def send(app: Flask, signed_url: str, signed: dict[str, str], target: str, sent: dict[str, str], **headers: str) -> int:
    """A webhook that was signed for one thing and arrives as another; without parameters it is a GET."""
    given = signature_headers(TOKEN, signed_url, signed.items()) | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return (
        app.test_client()
        .open(
            target,
            method="POST" if sent else "GET",
            data=urlencode(sent) if sent else None,
            content_type=FORM if sent else None,
            headers=given,
            environ_overrides={"RAW_URI": target},
        )
        .status_code
    )


CASES: dict[str, tuple[str, str, str, dict[str, str], str]] = {
    # PUBLIC_BASE_URL, signed for, arrived as, headers, cause
    "another host": (SECURE, "https://other.example.com/sms_url", "/sms_url", {"Host": "other.example.com"}, "host"),
    "another host, said by the proxy": (SECURE, "https://o.example/sms_url", "/sms_url", {"X_Forwarded_Host": "o.example"}, "host"),
    "another port": (SECURE, "https://phone.example.com:8443/sms_url", "/sms_url", {"Host": "phone.example.com:8443"}, "host"),
    "http": (SECURE, "http://phone.example.com/sms_url", "/sms_url", {}, "http"),
    "https": ("http://phone.example.com", "https://phone.example.com/sms_url", "/sms_url", {}, "https"),
    "slash taken away": (SECURE, f"{SECURE}/sms_url/", "/sms_url", {}, "path"),
    "double slash made one": (SECURE, f"{SECURE}//sms_url", "/sms_url", {}, "path"),
    "decoded": (SECURE, f"{SECURE}/voice_url/a%20b", "/voice_url/a b", {}, "path"),
    "encoded": (SECURE, f"{SECURE}/voice_url/a,b", "/voice_url/a%2Cb", {}, "path"),
    "prefix taken away": (SECURE, f"{SECURE}/phone/sms_url", "/sms_url", {"X_Forwarded_Prefix": "/phone"}, "path"),
    "prefix of the setting not there": (f"{SECURE}/phone", f"{SECURE}/sms_url", "/sms_url", {}, "path"),
    "rewritten": (SECURE, f"{SECURE}/old.php", "/sms_url", {"X_Original_URI": "/old.php"}, "path"),
    "query added": (SECURE, f"{SECURE}/sms_url", "/sms_url?from=proxy", {}, "query"),
    "one of the query added": (SECURE, f"{SECURE}/sms_url?attempt=1&x=2", "/sms_url?attempt=1&p=3&x=2", {}, "query"),
    "query encoded anew": (SECURE, f"{SECURE}/sms_url?a=b%20c", "/sms_url?a=b+c", {}, "query"),
    "query lost": (SECURE, f"{SECURE}/sms_url?a=b", "/sms_url", {"X_Original_URI": "/sms_url?a=b"}, "query"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_happened_on_the_way_is_found_out(case: str, make_app: Callable[..., Flask]) -> None:
    base, signed, target, headers, cause = CASES[case]
    app = make_app(public_base_url=base)
    assert send(app, signed, TEXT, target, TEXT, **headers) == 403
    (row,) = refused(app)
    assert row["cause"] == cause
    assert row["wrong"].endswith(f"Twilio signed it for {signed.partition('?')[0]}{'?…' if '?' in signed else ''}.")
    assert row["mend"] == CAUSES[cause][1]


def test_parameters_that_changed_places_are_found_out(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    fields = {"MessageSid": "SM1", "Body": "ping"}
    assert send(app, f"{BASE_URL}/sms_url", fields, f"/sms_url?{urlencode(fields)}", {}) == 403
    assert [row["cause"] for row in refused(app)] == ["method"]
    assert send(app, f"{BASE_URL}/sms_url?{urlencode(fields)}", {}, "/sms_url", fields) == 403
    assert [(row["cause"], row["times"]) for row in refused(app)] == [("method", 2)]


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        (TEXT | {"utm_source": "proxy"}, "body"),
        (TEXT | {"Body": "a\r\nb"}, "body"),
        (TEXT | {"Body": "something else"}, "token"),
        (TEXT | {"AccountSid": "AC" + "9" * 32}, "account"),
    ],
)
def test_a_body_that_changed_is_told_from_a_token_that_differs_where_that_can_be(
    sent: dict[str, str], cause: str, make_app: Callable[..., Flask]
) -> None:
    app = make_app()
    assert send(app, f"{BASE_URL}/sms_url", TEXT, "/sms_url", sent) == 403
    assert [row["cause"] for row in refused(app)] == [cause]


def test_what_a_stranger_writes_is_shown_nowhere(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    evil = "<script>alert(1)"
    for number in range(5):
        app.test_client().post(
            f"/voice_url/{evil}{number}?x={evil}",
            data={"From": "+15550002222", "Body": evil},
            headers={"X-Twilio-Signature": evil, "X-Forwarded-Host": "evil.example", "X-Original-URI": f"/{evil}"},
        )
    rows = refused(app)
    assert [(row["address"], row["cause"], row["times"]) for row in rows] == [("/voice_url/<step>", "token", 5)]
    assert not any(text in json.dumps(rows) for text in ("evil", "alert", "2222"))


def test_no_stranger_rings_the_alarm_that_the_manual_names(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    forged = {"X-Twilio-Signature": "x"}
    other = TEXT | {"AccountSid": "AC" + "9" * 32}
    for headers, given in (
        ({}, {"data": TEXT}),
        (forged, {"data": TEXT}),
        (forged, {"data": other}),
        (forged, {"json": TEXT}),
        (forged | {"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=NONE"}, {"data": TEXT}),
        (forged, {"data": TEXT, "environ_overrides": {"RAW_URI": "http://other.example.com/sms_url"}}),
    ):
        assert app.test_client().post("/sms_url", headers=headers, **given).status_code == 403
    rung = {row["cause"] for row in refused(app)}
    assert rung == {"no-signature", "token", "account", "unhashed", "algorithm", "absolute"}
    (alarm,) = re.findall(r'webhooks_refused_total\{cause=~"(.*?)"\}', MANUAL.read_text())
    assert set(alarm.split("|")) == set(CAUSES) - rung - {"many"}


@BOTH_DATABASES
def test_the_operator_is_told_for_an_hour_what_to_mend(make_app: Callable[..., Flask]) -> None:
    app = make_app(public_base_url="http://phone.example.com")
    browser = Browser(app.test_client())
    browser.sign_in()
    assert "None: every webhook of the last hour was signed by Twilio." in browser.get("/webhooks").text
    assert "refused so far" not in browser.get("/").text
    for _ in range(3):
        send(app, "https://phone.example.com/sms_url", TEXT, "/sms_url", TEXT)
    page = browser.get("/webhooks").text
    assert "Twilio signed it for https://phone.example.com/sms_url." in page
    assert "Set PUBLIC_BASE_URL to the https address" in page
    assert "3 times" in page
    assert "+1555" not in page
    assert "3 webhooks were refused so far" in browser.get("/").text
    now = app.extensions["now"]
    app.extensions["now"] = lambda: now() + timedelta(minutes=61)
    assert "None: every webhook" in Browser(browser.client).get("/webhooks").text
    assert "refused so far" not in browser.get("/").text
    app.test_client().post("/sms_url")
    app.extensions["now"] = now
    assert [row["cause"] for row in refused(app)] == ["no-signature"]  # older ones are gone for good


@BOTH_DATABASES
def test_what_is_refused_again_and_again_is_not_said_to_be_of_the_last_hour(make_app: Callable[..., Flask]) -> None:
    app, browser = (made := make_app()), Browser(made.test_client())
    app.extensions["now"] = lambda: datetime(2026, 6, 16, 9, tzinfo=UTC)
    browser.sign_in()
    for minutes in range(0, 180, 30):
        app.extensions["now"] = lambda minutes=minutes: datetime(2026, 6, 16, 10, tzinfo=UTC) + timedelta(minutes=minutes)
        app.test_client().post("/sms_url")
    page = browser.get("/").text
    assert "6 webhooks were refused so far, the last one on 16 Jun at 12:30:00 UTC:" in page
    assert "refused in the last hour" not in page
    assert "6 times so far" in browser.get("/webhooks").text
    app.extensions["now"] = lambda: datetime(2026, 6, 16, 14, tzinfo=UTC)
    app.test_client().post("/sms_url")  # after an hour without one the count begins anew
    assert "A webhook was refused on 16 Jun at 14:00:00 UTC:" in browser.get("/").text


def test_a_flood_of_forgeries_writes_little_and_looks_into_few(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    checks: list[int] = []
    keep, is_signed = refusals._keep, signature.is_signed
    monkeypatch.setattr(refusals, "_keep", lambda *given: (writes.append(1), keep(*given)))
    monkeypatch.setattr(signature, "is_signed", lambda *given: (checks.append(1), is_signed(*given))[1])
    monkeypatch.setattr("app.clock.monotonic", lambda: 1000.0)  # all of it in one moment
    app = make_app()
    client = app.test_client()
    for _ in range(200):
        assert client.post("/sms_url", data=TEXT, headers={"X-Twilio-Signature": "forged"}).status_code == 403
    assert len(writes) == refusals.WRITES
    assert len(checks) < 200 + signature.DIAGNOSES * 80
    assert sum(row["times"] for row in refused(app)) == 200
    assert {row["cause"] for row in refused(app)} == {"token", "many"}


def test_a_database_that_is_gone_makes_a_refusal_no_error(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app()
    database = tmp_path / "switchboard.db"
    moved = database.rename(tmp_path / "moved.db")
    app.extensions["engine"].dispose()
    database.mkdir()
    client = app.test_client()
    for _ in range(3):
        assert client.post("/sms_url", data=TEXT, headers={"X-Twilio-Signature": "forged"}).status_code == 403
    database.rmdir()
    moved.rename(database)
    assert [row["times"] for row in refused(app)] == [3]  # what could not be written is not forgotten


def test_a_huge_forgery_is_not_looked_into(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    checks: list[int] = []
    is_signed = signature.is_signed
    monkeypatch.setattr(signature, "is_signed", lambda *given: (checks.append(1), is_signed(*given))[1])
    client = make_app().test_client()
    for data in ({f"P{number}": "" for number in range(MANY + 1)}, {"Body": "x" * 20_000}):
        assert client.post("/sms_url", data=data, headers={"X-Twilio-Signature": "forged"}).status_code == 403
    assert len(checks) == 2


@BOTH_DATABASES
def test_workers_that_write_the_same_refusals_at_once_in_any_order_do_not_lock_each_other(
    make_app: Callable[..., Flask], overheard: Overheard
) -> None:
    workers, paths, together = [make_app(), make_app()], [f"/{number}" for number in range(30)], Barrier(2)

    def write(number: int) -> None:
        with workers[number].app_context():
            for _ in range(20):
                together.wait()
                for path in paths if number else reversed(paths):
                    refusals.current_tally().count(path, "token", "")
                refusals.current_tally().flush()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, range(2)))
    with workers[0].app_context():
        assert refusals.so_far().number == 2 * 20 * len(paths)
    assert [line for line in overheard.raw if "fault" in line] == []


@pytest.mark.parametrize("database", ["postgresql"])  # SQLite has one writer
def test_a_worker_that_forgets_old_refusals_waits_for_none_that_another_counts_again(make_app: Callable[..., Flask]) -> None:
    """Its clock is ahead of the other's: to the other, they are not old yet."""
    first, second = make_app(), make_app()
    second.extensions["now"] = lambda: clock.system() + refusals.KEPT

    def keep(connection: Connection, path: str) -> None:
        refusals._keep(connection, {(path, "token"): (1, "")})

    def forget() -> None:
        with second.app_context():
            database.write(lambda connection: keep(connection, "/z"))

    def waits() -> bool:
        with second.extensions["engine"].connect() as connection:
            return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    def count_again(connection: Connection) -> None:
        keep(connection, "/a")
        other = threads.submit(forget)
        while not other.done() and not waits():
            pass
        keep(connection, "/b")

    with first.app_context(), ThreadPoolExecutor(1) as threads:
        for path in ("/b", "/a"):  # as they lie in the table
            database.write(lambda connection, path=path: keep(connection, path))  # type: ignore[misc]
        database.write(count_again)
    with first.app_context():
        assert {row.address: row.times for row in refusals.latest()} == {"/z": 1, "/a": 2, "/b": 1}
