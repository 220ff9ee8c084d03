"""The three routes of the guide and what stands around them, through HTTP, without Twilio."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from visitors import BOTH_DATABASES, Browser, Script, Twilio

from app import database, ledger
from app.models import Call, Message

pytestmark = BOTH_DATABASES

CALL = {
    "AccountSid": "AC" + "1" * 32,
    "ApiVersion": "2010-04-01",
    "CallSid": "CA" + "1" * 32,
    "CallStatus": "ringing",
    "Called": "+15550001111",
    "Caller": "+15550002222",
    "CallerCity": "",
    "Direction": "inbound",
    "From": "+15550002222",
    "To": "+15550001111",
}
TEXT = {"MessageSid": "SM" + "1" * 32, "From": "+15550002222", "To": "+15550001111", "Body": "ping", "NumMedia": "0"}


def rows(app: Flask, kind: type[Call] | type[Message]) -> list[tuple[str | None, str]]:
    with app.app_context():
        return [(row.sid, row.status) for row in ledger.latest(kind, 99)]


def test_a_caller_hears_hello_monkey(app: Flask, twilio: Twilio) -> None:
    answer = twilio.post("/voice_url", CALL)
    assert answer.mimetype == "text/xml"
    assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hello Monkey!</Say></Response>'
    assert rows(app, Call) == [(CALL["CallSid"], "ringing")]


def test_a_texter_gets_the_answer_and_the_same_one_for_a_repeat(app: Flask, twilio: Twilio) -> None:
    first, second = twilio.post("/sms_url", TEXT), twilio.post("/sms_url", TEXT)
    assert "<Message>Hey, thanks for the ping! Twilio and Azure rock!</Message>" in first.text
    assert (first.mimetype, second.text) == ("text/xml", first.text)
    assert rows(app, Message) == [(TEXT["MessageSid"], "received")]


def test_what_comes_to_the_fallback_is_kept_and_a_text_is_answered_as_usual(app: Flask, twilio: Twilio) -> None:
    assert "<Say>We are sorry" in twilio.post("/voice_fallback_url", CALL).text
    first = twilio.post("/sms_fallback_url", TEXT | {"ErrorCode": "11205"})
    assert "thanks for the ping" in first.text
    assert twilio.post("/sms_url", TEXT).text == first.text
    assert (rows(app, Call), rows(app, Message)) == ([(CALL["CallSid"], "ringing")], [(TEXT["MessageSid"], "received")])


def test_webhooks_may_come_by_get(app: Flask, twilio: Twilio) -> None:
    assert "Hello Monkey!" in twilio.get("/voice_url?CallSid=CA2&CallStatus=ringing&From=%2B15550002222").text
    assert "thanks for the ping" in twilio.get("/sms_url?MessageSid=SM2&Body=a+b").text
    assert rows(app, Call) == [("CA2", "ringing")]
    assert rows(app, Message) == [("SM2", "received")]


def test_a_text_is_kept_without_what_databases_and_xml_cannot_hold(app: Flask, twilio: Twilio) -> None:
    body = "a\x00b\x08c\ufffed 🎉 שלום\u202e <b>&"
    assert twilio.post("/sms_url", TEXT | {"Body": body, "MediaUrl0": "https://x/0", "NumMedia": "1"}).status_code == 200
    with app.app_context():
        (row,) = ledger.latest(Message, 9)
    assert (row.body, row.media) == ("abcd 🎉 שלום\u202e <b>&", '["https://x/0"]')


def test_a_webhook_without_a_sid_is_answered_and_kept(app: Flask, twilio: Twilio) -> None:
    assert "thanks for the ping" in twilio.post("/sms_url", {"Body": "ping"}).text
    assert rows(app, Message) == [(None, "received")]
    assert "Hello Monkey!" in twilio.post("/voice_url", {"From": "+15550002222"}).text


def test_status_callbacks_move_forward_only_and_get_204(app: Flask, twilio: Twilio) -> None:
    for status, duration in (("completed", "7"), ("ringing", ""), ("completed", "7"), ("in-progress", "")):
        answer = twilio.post("/status/call", CALL | {"CallStatus": status, "CallDuration": duration})
        assert (answer.status_code, answer.data) == (204, b"")
    undelivered = {"MessageSid": "SM9", "MessageStatus": "undelivered", "ErrorCode": "30003"}
    assert twilio.post("/status/message", undelivered).status_code == 204
    with app.app_context():
        (call,), (message,) = ledger.latest(Call, 9), ledger.latest(Message, 9)
    assert (call.status, call.duration) == ("completed", 7)
    assert (message.status, message.error_code, message.direction) == ("undelivered", 30003, "outbound-api")


@pytest.mark.parametrize(
    "params", [{}, {"CallSid": ""}, {"CallSid": "CA1", "CallStatus": "?" * 40, "CallDuration": "-1", "ErrorCode": "x" * 99}]
)
def test_an_odd_status_callback_still_gets_204(twilio: Twilio, params: dict[str, str]) -> None:
    assert twilio.post("/status/call", params).status_code == 204
    assert twilio.post("/status/message", params).status_code == 204


def test_oversized_parameters_are_no_server_error(twilio: Twilio) -> None:
    long = dict.fromkeys(("CallSid", "From", "To", "Direction", "CallStatus", "MessageSid", "MessageStatus", "Body"), "x" * 5000)
    for path in ("/voice_url", "/sms_url", "/status/call", "/status/message"):
        for attempt in ("y" * 500, "%00", "%ff"):
            assert twilio.post(f"{path}?attempt={attempt}", long).status_code in (200, 204)


def test_without_a_database_a_caller_hears_a_sentence_and_a_text_is_not_acknowledged(
    app: Flask, twilio: Twilio, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        database.write(lambda connection: connection.execute(text("ALTER TABLE calls RENAME TO gone")))
        database.write(lambda connection: connection.execute(text("ALTER TABLE messages RENAME TO gone_too")))
    with caplog.at_level(logging.ERROR):
        spoken, refused = twilio.post("/voice_url", CALL), twilio.post("/sms_url", TEXT)
    assert (spoken.status_code, spoken.mimetype) == (200, "text/xml")
    assert "<Say>We are sorry" in spoken.text
    assert (refused.status_code, refused.json["error"]["code"]) == (503, "ledger_unavailable")
    assert twilio.post("/status/call", CALL).status_code == 503
    assert "<Say>We are sorry" in twilio.post("/voice_fallback_url", CALL).text
    assert "<Message>We are sorry" in twilio.post("/sms_fallback_url", TEXT).text
    assert "2222" not in caplog.text
    assert caplog.text.count("database fault=") == 6  # /voice_url tries twice: it is to be known who heard that we are sorry


def test_twilio_that_cannot_be_reached_is_said_and_the_call_is_kept_as_failed(app: Flask, script: Script) -> None:
    refusal = script.get("/make_call")
    assert refusal.status_code == 503
    assert refusal.json == {"error": {"code": "twilio_unreachable", "message": "Twilio could not be reached; nothing was sent."}}
    assert script.post("/send_sms", {"to": "+15550002222", "body": "hi"}).status_code == 503
    assert rows(app, Call) == [(None, "failed")]
    assert rows(app, Message) == [(None, "failed")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"to": "+15550002222"}, "invalid_request"),
        ({"body": "hi"}, "invalid_request"),
        ({"to": "", "body": "hi"}, "invalid_request"),
        ({"to": "nobody", "body": "hi"}, "invalid_number"),
        ({"to": "+15550002222", "body": ""}, "invalid_body"),
        ({"to": "+15550002222", "body": " \n"}, "invalid_body"),
        ({"to": "+15550002222", "body": "\x00"}, "invalid_body"),
        ({"to": "+15550002222", "body": "x" * 1601}, "invalid_body"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused_before_twilio_is_asked(
    app: Flask, script: Script, data: dict[str, str], code: str
) -> None:
    refusal = script.post("/send_sms", data)
    assert (refusal.status_code, refusal.json["error"]["code"]) == (400, code)
    assert refusal.json["error"]["message"].endswith(".")
    assert rows(app, Message) == []


def test_json_bodies_are_taken_and_bad_ones_refused(script: Script) -> None:
    post = lambda body: script.client.post("/send_sms", data=body, content_type="application/json", headers=script.headers)  # noqa: E731
    assert post('{"to": "nobody", "body": "hi"}').json["error"]["code"] == "invalid_number"
    assert post('{"to": 5, "body": "hi"}').status_code == 400
    for bad in ("[]", "null", "{", '"x"'):
        assert post(bad).status_code == 400


def test_an_unusable_number_for_a_call_is_refused_and_nobody_else_called(app: Flask, script: Script, browser: Browser) -> None:
    for target in ("/make_call?to=nobody", "/make_call?to=", "/make_call?to=%00", "/make_call?to=%2B"):
        assert script.get(target).json["error"]["code"] == "invalid_number"
        assert script.post(target).json["error"]["code"] == "invalid_number"
    assert script.client.post("/make_call", json={"to": 15550003333}, headers=script.headers).status_code == 400
    browser.sign_in()
    page = browser.get("/make_call?to=%3Cscript%3E")
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert rows(app, Call) == []


def test_head_prefetch_and_other_sites_never_dial(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    assert browser.client.head("/make_call").status_code == 204
    assert browser.get("/make_call", sec_purpose="prefetch;prerender").status_code == 204
    assert browser.get("/make_call", purpose="prefetch").status_code == 204
    for site in ("cross-site", "same-site"):
        confirm = browser.get("/make_call?to=%2B15550003333", sec_fetch_site=site)
        assert confirm.status_code == 200
        assert "Place this call?" in confirm.text
        assert "+15550003333" in confirm.text
    assert browser.post("/make_call", sec_fetch_site="cross-site").status_code == 403
    assert rows(app, Call) == []


def test_a_link_from_another_site_does_not_dial_after_signing_in(browser: Browser) -> None:
    assert browser.get("/make_call", sec_fetch_site="cross-site").location == "/sign_in"
    assert browser.sign_in().location == "/"


def test_hostile_texts_are_shown_as_text(app: Flask, twilio: Twilio, browser: Browser) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    twilio.post("/sms_url", TEXT | {"Body": hostile, "From": hostile})
    twilio.post("/voice_url", CALL | {"From": hostile})
    browser.sign_in()
    page = browser.get("/").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_errors_have_one_shape(app: Flask, client: FlaskClient, script: Script, twilio: Twilio) -> None:
    for answer in (
        client.get("/nowhere"),
        client.get("/"),
        client.post("/healthz"),
        client.post("/sms_url"),
        script.get("/calls/0"),
        script.get("/send_sms"),
        script.post("/send_sms"),
        twilio.client.open("/voice_url", method="DELETE"),
    ):
        assert answer.status_code >= 400
        assert list(answer.json) == ["error"]
        assert sorted(answer.json["error"]) == ["code", "message"]


def test_a_bug_is_logged_and_shown_as_500_without_its_trace(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.add_url_rule("/bug", view_func=lambda: {}["secret"])
    answer = app.test_client().get("/bug")
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "Traceback" in caplog.text


def test_a_database_that_cannot_be_read_is_said(app: Flask, script: Script, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        database.write(lambda connection: connection.execute(text("ALTER TABLE calls RENAME TO gone")))
    answer = script.get("/")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "ledger_unavailable")
    assert "database fault=" in caplog.text


def test_health_and_readiness(app: Flask, client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    with app.app_context():
        app.extensions["alembic"].downgrade("base")
    assert (client.get("/readyz").status_code, client.get("/readyz").json["error"]["code"]) == (503, "not_ready")
    assert client.get("/healthz").status_code == 200


def test_a_database_that_was_never_migrated_is_not_ready(make_app: Callable[..., Flask], tmp_path: pytest.TempPathFactory) -> None:
    client = make_app(database_url=f"sqlite:///{tmp_path}/empty.db").test_client()
    assert client.get("/readyz").status_code == 503
