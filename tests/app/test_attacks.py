"""What common tools and hands try on any web application, each as a test.

What stands in test_guards, test_routes, test_signature and test_recordings is not repeated here. A sender who is slow is no
matter of the application's: the proxy before it takes a request whole, in ten seconds at most (deploy/azure/Caddyfile).
"""

import ast
import gzip
import inspect
import logging
import re
from collections.abc import Callable
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from visitors import PASSWORD, SETTINGS, TOKEN, Browser, Script, Twilio
from werkzeug.test import TestResponse

from app import auth, ledger, signature
from app.auth import require_operator
from app.models import Call, Message
from simulator.web.signature import signature_headers

EVIL = "evil.example"
CALL = {"CallSid": "CA" + "1" * 32, "CallStatus": "ringing", "Direction": "inbound", "From": "+15550002222", "To": "+15550001111"}
TEXT = {"MessageSid": "SM" + "1" * 32, "From": "+15550002222", "To": "+15550001111", "Body": "ping"}
RECORDING = {"RecordingSid": "RE" + "1" * 32, "CallSid": CALL["CallSid"], "RecordingStatus": "completed", "RecordingDuration": "5"}
XSS = "<script>alert(1)</script>\"'><svg onload=alert(1)>{{7*7}}"


def filled(path: str, value: str = "RE" + "1" * 32) -> str:
    return re.sub(r"<[^>]+>", value, path)


def texts(app: Flask) -> list[Message]:
    with app.app_context():
        return list(ledger.latest(Message, 99))


def calls(app: Flask) -> list[Call]:
    with app.app_context():
        return list(ledger.latest(Call, 99))


def operators_posts(app: Flask) -> list[str]:
    """The paths of all routes of the operator's that take a POST, and the sign-in page's."""
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    guarded = {name for name, guards in app.before_request_funcs.items() if require_operator in guards}
    return [filled(rule.rule) for rule in rules if rule.endpoint.rpartition(".")[0] in guarded or rule.rule == "/sign_in"]


# Requests from other sites.


def test_no_post_of_another_sites_page_gets_through_on_any_route(app: Flask) -> None:
    paths = operators_posts(app)
    assert {"/make_call", "/send_sms", "/sign_in", "/sign_out"} < set(paths)
    client = app.test_client()
    Browser(client).sign_in()
    for path in paths:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"}):
            for content_type in (
                "application/x-www-form-urlencoded",
                "text/plain",
                "application/json",
                "multipart/form-data; boundary=x",
            ):
                answer = client.post(path, data=b"{}", content_type=content_type, headers=headers)
                assert answer.status_code == 403, (path, headers, content_type)
    assert calls(app) == texts(app) == []


def test_no_page_says_that_others_may_read_it_or_script_it(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    for rule in app.url_map.iter_rules():
        for method in ("GET", "OPTIONS"):
            headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST", "Sec-Fetch-Site": "cross-site"}
            answer = browser.client.open(filled(rule.rule), method=method, headers=headers, buffered=True)
            assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_or_parameter_turns_one_method_into_another(app: Flask, browser: Browser, override: str) -> None:
    browser.sign_in()
    for answer in (
        browser.get("/sign_out", **{override.replace("-", "_"): "POST"}),
        browser.get("/sign_out?_method=POST"),
        browser.get("/send_sms?to=%2B15550002222&body=x&_method=POST"),
    ):
        assert answer.status_code == 405
    assert browser.get("/").status_code == 200
    assert texts(app) == []


# What is shown of what others write.


def test_a_name_a_text_a_step_and_what_was_said_are_shown_as_text(app: Flask, twilio: Twilio, browser: Browser) -> None:
    call = CALL | {"From": XSS, "CallStatus": "completed", "AnsweredBy": XSS, "ErrorCode": XSS}
    assert twilio.post("/status/call", call).status_code == 204
    assert twilio.post("/status/call", call | {"CallSid": "CA2", "ParentCallSid": CALL["CallSid"], "To": XSS}).status_code == 204
    assert twilio.post("/sms_url", TEXT | {"From": XSS, "Body": XSS, "MediaUrl0": "javascript:alert(1)"}).status_code == 200
    assert twilio.post(f"/status/recording?step={quote(XSS)}", RECORDING).status_code == 204
    said = {"TranscriptionStatus": "completed", "TranscriptionText": XSS}
    assert twilio.post(f"/status/transcription?step={quote(XSS)}", RECORDING | said).status_code == 204
    browser.sign_in()
    recording = "/recordings/" + RECORDING["RecordingSid"]
    seen = 0
    for path in ("/", f"/calls/{CALL['CallSid']}", "/recordings", recording, recording + "/delete"):
        page = browser.get(path)
        assert (page.status_code, page.mimetype) == (200, "text/html")
        for harm in ("<script>alert", "<svg onload", "javascript:alert", "\"'>", "49}}", ">49"):
            assert harm not in page.text, (path, harm)
        seen += page.text.count("&lt;script&gt;alert(1)")
    assert seen >= 6


def test_json_is_never_taken_for_a_page_and_is_an_object(twilio: Twilio, script: Script) -> None:
    twilio.post("/status/call", CALL | {"From": XSS})
    twilio.post("/status/recording", RECORDING)
    paths = (
        f"/calls/{CALL['CallSid']}",
        "/recordings",
        f"/recordings/{RECORDING['RecordingSid']}",
        f"/calls/{quote(XSS)}",
        "/nowhere",
    )
    for path in paths:
        answer = script.get(path)
        assert answer.mimetype == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert isinstance(answer.json, dict)  # an array could be read by another site's script tag in old browsers


def test_what_is_asked_for_wrongly_is_not_given_back_as_markup(browser: Browser) -> None:
    browser.sign_in()
    for path in (f"/calls/{quote(XSS)}", f"/make_call?to={quote(XSS)}", f"/make_call?step={quote(XSS)}", f"/{quote(XSS)}"):
        page = browser.get(path)
        assert page.status_code in (400, 404)
        assert "<script>alert" not in page.text
        assert "<svg onload" not in page.text
    assert browser.get(f"/make_call?to={quote(XSS)}", sec_fetch_site="cross-site").status_code == 400
    confirm = browser.get(f"/make_call?say={quote(XSS + '</textarea>')}&x={quote(XSS)}", sec_fetch_site="cross-site")
    assert confirm.status_code == 200
    assert "<script>alert" not in confirm.text
    assert confirm.text.count("</textarea>") == 1


@pytest.mark.parametrize(
    "name", ["]]></Say><Dial>+15550009999</Dial><Say>", '" /><Hangup/><Say x="', "&lt;&#10;&evil;", "\ue000wTo\ue001"]
)
def test_a_callers_name_is_never_twiml(make_app: Callable[..., Flask], name: str) -> None:
    twilio = Twilio(make_app(flow_file="flows/office.toml").test_client())
    for path in ("/voice_url", "/voice_url/reception", f"/voice_url/reception/whisper?caller={quote(name)}&line={quote(name)}"):
        document = ElementTree.fromstring(twilio.post(path, CALL | {"From": name, "To": "+15550001111"}).text)
        assert name not in {each.tag for each in document.iter()}
        dialled = [number.text for number in document.iter("Number")]
        assert "+15550009999" not in [*dialled, *(each.text for each in document.iter("Dial"))]
        assert "Hangup" not in {each.tag for each in document} or "accepted" in str(ElementTree.tostring(document))


# Where answers lead.


def test_nothing_follows_the_host_that_a_request_names(app: Flask, browser: Browser) -> None:
    names = {"Host": EVIL, "X-Forwarded-Host": EVIL, "X-Forwarded-Server": EVIL, "Forwarded": f"host={EVIL}", "X-Host": EVIL}
    for path in ("/", "/recordings", "//make_call", "/static//live.js", "/sign_in", "/nowhere"):
        answer = browser.client.get(path, headers=names | {"Accept": "text/html"}, buffered=True)
        assert EVIL not in str(answer.headers) + answer.text, path
    signed_in = browser.client.post("/sign_in", data={"password": PASSWORD}, headers=names)
    assert EVIL not in str(signed_in.headers)
    assert "Domain" not in signed_in.headers["Set-Cookie"]
    for path in ("/", "/make_call", "/flow"):
        answer = browser.get(path, **{name.replace("-", "_"): value for name, value in names.items()})
        assert EVIL not in str(answer.headers) + answer.text, path


@pytest.mark.parametrize("host", [".", "a..b", "x" * 70 + ".y", "[::1", "a b", "x:99999999", "\xff", "/", "<script>"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_host_that_is_none_is_no_error_of_ours(client: FlaskClient, host: str, accept: str) -> None:
    for path in ("/healthz", "/sms_url", "/", "/nowhere"):
        answer = client.get(path, headers={"Accept": accept}, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code in (200, 303, 400, 401, 403, 404)
        assert not host.startswith("<") or host not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "//evil.example/calls/0",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/calls/..%2f%2fevil.example",
    ],
)
def test_signing_in_never_leads_to_another_host(app: Flask, browser: Browser, path: str) -> None:
    raw = {"PATH_INFO": path.replace("%2f", "/").replace("%5c", "\\"), "RAW_URI": path}
    browser.client.get("/", headers={"Accept": "text/html", "Sec-Fetch-Site": "none"}, environ_overrides=raw)
    browser.client.get(
        "/sign_in?onward=https://evil.example&next=//evil.example&url=//evil.example", headers={"Accept": "text/html"}
    )
    back = browser.post("/sign_in?onward=//evil.example&next=//evil.example", {"password": PASSWORD, "onward": "//evil.example"})
    assert back.status_code == 303
    assert re.match(r"/(?![/\\])", back.location)
    assert back.location == "/" or back.location.startswith("/calls/")


def test_a_line_break_never_makes_a_header(app: Flask, browser: Browser, script: Script) -> None:
    broken = "x\r\nX-Injected: yes\r\n\r\n<html>"
    browser.get(f"/calls/{quote(broken)}?a={quote(broken)}")
    answers: list[TestResponse] = [
        browser.sign_in(),
        script.post("/make_call", {"to": broken}),
        script.get(f"/calls/{quote(broken)}"),
    ]
    answers += [
        browser.get(f"/files/{quote(broken)}"),
        browser.get(f"/make_call?step={quote(broken)}"),
        browser.get(f"/{quote(broken)}"),
    ]
    for answer in answers:
        assert "X-Injected" not in answer.headers
        assert not any("\n" in value or "\r" in value for _, value in answer.headers)


# Files and addresses of others.


@pytest.mark.parametrize("root", ["/files/", "/static/", "/bootstrap/static/"])
def test_no_path_leads_out_of_what_is_served(client: FlaskClient, root: str) -> None:
    for way in (
        "../",
        "..%2f",
        "%2e%2e/",
        "%2e%2e%2f",
        "..\\",
        "..%5c",
        "....//",
        "%252e%252e%252f",
        "..%c0%af",
        "/",
        "%00",
        "C:/",
    ):
        for wanted in ("settings.py", "app/settings.py", ".env", "etc/passwd", "wsgi.py"):
            for depth in (1, 2, 6):
                answer = client.get(root + way * depth + wanted, headers={"Accept": "text/html"})
                assert answer.status_code == 404, (root, way, wanted)


@pytest.mark.parametrize(
    "sid",
    ["RE1/../../Messages", "..%2f..%2fAccounts", "RE" + "1" * 32 + "%2f..", "RE" + "1" * 31 + "%0a", "http:%2f%2fevil.example"],
)
def test_no_name_of_a_recording_reaches_another_address_of_twilios(app: Flask, script: Script, sid: str) -> None:
    for path in (f"/recordings/{sid}", f"/recordings/{sid}/audio"):
        assert script.get(path).status_code == 404
    assert script.post(f"/recordings/{sid}/delete").status_code == 404


# Sessions and passwords.


def test_a_session_that_somebody_else_began_is_worth_nothing_after_signing_in(app: Flask, browser: Browser) -> None:
    planted = browser.get("/recordings").headers["Set-Cookie"].split(";")[0]
    signed_in = browser.sign_in()
    assert signed_in.headers["Set-Cookie"].split(";")[0] != planted
    stranger = app.test_client(use_cookies=False)
    assert stranger.get("/", headers={"Cookie": signed_in.headers["Set-Cookie"].split(";")[0]}).status_code == 200
    assert stranger.get("/", headers={"Cookie": planted, "Accept": "text/html"}).location == "/sign_in"


def test_a_session_of_another_secret_or_one_that_was_changed_is_none(make_app: Callable[..., Flask]) -> None:
    name, _, value = Browser(make_app().test_client()).sign_in().headers["Set-Cookie"].split(";")[0].partition("=")
    assert make_app().test_client(use_cookies=False).get("/", headers={"Cookie": f"{name}={value}"}).status_code == 200
    for secret, cookie in (
        ("another key that is long", value),
        (SETTINGS["secret_key"], value[:-2]),
        (SETTINGS["secret_key"], value[::-1]),
    ):
        client = make_app(secret_key=secret).test_client(use_cookies=False)
        assert client.get("/", headers={"Cookie": f"{name}={cookie}"}).status_code == 401


def test_the_cookie_says_nothing_of_the_password_and_is_kept_from_scripts_and_plain_http(make_app: Callable[..., Flask]) -> None:
    cookie = Browser(make_app(public_base_url="https://phone.example.com").test_client()).sign_in().headers["Set-Cookie"]
    flags = {part.strip().partition("=")[0] for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "Secure", "SameSite", "Path"} <= flags
    assert "Domain" not in flags
    assert PASSWORD not in cookie


def test_addresses_that_a_request_claims_before_the_proxys_own_do_not_help_to_guess(client: FlaskClient) -> None:
    for guess in range(5):
        headers = {
            "X-Forwarded-For": f"192.0.2.{guess}, 203.0.113.9",
            "X-Real-IP": f"192.0.2.{guess}",
            "Forwarded": f"for=192.0.2.{guess}",
        }
        assert client.get("/", auth=("operator", f"guess {guess}"), headers=headers).status_code == 401
    assert client.get("/", auth=("operator", PASSWORD), headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429


def test_a_wrong_user_and_a_wrong_password_are_told_the_same(client: FlaskClient) -> None:
    told = set()
    for user, password, address in (
        ("operator", "wrong", "192.0.2.1"),
        ("root", "wrong", "192.0.2.2"),
        ("root", PASSWORD, "192.0.2.3"),
    ):
        answer = client.get("/", auth=(user, password), headers={"X-Forwarded-For": address})
        told.add((answer.status_code, answer.text, answer.headers["WWW-Authenticate"]))
    assert len(told) == 1


def test_secrets_are_compared_in_constant_time_only() -> None:
    """By structure: a measurement would flake. Where a guard compares with == or `in`, it is no secret."""
    for function in (auth._is_password, auth.is_signed_in, signature.is_signed, signature.is_body_hash):
        tree = ast.parse(inspect.getsource(function))
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert called & {"compare_digest", "check_password_hash"}
        compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
        assert not compared, f"{function.__name__} compares with {ast.unparse(compared[0])}"


# What answers say of themselves.


def test_every_answer_to_people_forbids_frames_sniffing_and_keeping(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    for rule in app.url_map.iter_rules():
        if "webhooks" in rule.endpoint:
            continue
        for path in {filled(rule.rule), rule.rule.replace("<path:filename>", "live.js")}:
            answer = browser.client.get(path, headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}, buffered=True)
            assert answer.headers["X-Frame-Options"] == "DENY", path
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            if "static" not in rule.endpoint:
                assert "no-store" in answer.headers["Cache-Control"], path
            assert "Server" not in answer.headers
            assert "X-Powered-By" not in answer.headers


# What a request may hold.


def test_no_parameter_is_sql(app: Flask, twilio: Twilio, script: Script) -> None:
    twilio.post("/sms_url", TEXT)
    twilio.post("/status/call", CALL)
    for harm in ("' OR '1'='1", "'; DROP TABLE calls; --", "1) UNION SELECT * FROM messages --", "\\'; --", "%' OR 1=1 --"):
        assert twilio.post(f"/status/call?attempt={quote(harm)}", CALL | {"CallSid": harm, "From": harm}).status_code == 204
        assert "ping" not in script.get(f"/recordings?before={quote(harm)}").text
        assert script.get(f"/calls/{quote(harm + 'x')}").status_code == 404
        assert script.get(f"/calls/{quote(harm)}").json["from"] == harm
    assert len(calls(app)) == 6
    assert [text.body for text in texts(app)] == ["ping"]


def test_fields_that_nobody_asked_for_change_nothing(app: Flask, script: Script) -> None:
    unasked = {
        "from": "+15550009999",
        "from_": "+15550009999",
        "status": "completed",
        "sid": "CA9",
        "attempt": "mine",
        "outcome": "connected",
    }
    unasked |= {
        "twilio_api_url": "http://evil.example",
        "url": "http://evil.example",
        "reuse_within": "9999",
        "home": "+49",
        "__class__": "x",
    }
    script.post("/make_call", {"to": "+15550002222"} | unasked)
    script.post("/send_sms", {"to": "+15550002222", "body": "hi"} | unasked)
    (call,), (text,) = calls(app), texts(app)
    for row in (call, text):
        assert (row.from_number, row.sid, row.status) == (SETTINGS["twilio_from_number"], None, "failed")
        assert row.attempt != "mine"


def test_of_a_parameter_that_comes_twice_the_same_one_is_checked_kept_and_answered(
    app: Flask, twilio: Twilio, script: Script
) -> None:
    pairs = [*TEXT.items(), ("Body", "second"), ("To", "+15550009999")]
    assert twilio.post("/sms_url", pairs).status_code == 200
    (text,) = texts(app)
    assert (text.body, text.to_number) == ("ping", "+15550001111")
    headers = signature_headers(TOKEN, "http://127.0.0.1:5000/sms_url", TEXT.items())
    form = "MessageSid=SM7&" + "&".join(f"{name}={quote(value)}" for name, value in TEXT.items())
    kind = "application/x-www-form-urlencoded"
    assert twilio.client.post("/sms_url", data=form, content_type=kind, headers=headers).status_code == 403
    refused = script.client.post("/make_call?to=%2B15550002222&to=%2B15550009999", headers=script.headers)
    assert refused.status_code == 503  # nobody listens where Twilio should be
    assert [call.to_number for call in calls(app)] == ["+15550002222"]


OURS = {"caller": "+15550009999", "line": "+15550009999", "turn": "9", "attempt": "forged", "connects": "yes", "step": "forged"}


def test_what_our_own_addresses_say_is_read_from_them_only(make_app: Callable[..., Flask]) -> None:
    app = make_app(flow_file="flows/office.toml")
    twilio = Twilio(app.test_client())
    call = CALL | {"From": "client:anna"}
    paths = ("/voice_url", "/voice_url/reception/whisper", "/voice_url/menu/chosen", "/status/call", "/voice_fallback_url")
    for path in paths:
        assert twilio.post(path, call | OURS).text == twilio.post(path, call).text, path
    twilio.post("/status/call", call | OURS | {"ParentCallSid": CALL["CallSid"], "CallSid": "CA2", "CallStatus": "completed"})
    assert {row.outcome for row in calls(app)} <= {None, "missed"}
    assert "+15550009999" in twilio.post("/voice_url/reception/whisper?caller=%2B15550009999", call).text.replace(" ", "").replace(
        "5550009999", "+15550009999"
    )


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/voice_url", CALL),
        ("/status/call", CALL | {"CallStatus": "completed", "CallDuration": "3"}),
        ("/sms_url", TEXT),
        ("/sms_url", TEXT | {"Body": "STOP"}),
        (
            "/status/message",
            {"MessageSid": "SM2", "MessageStatus": "failed", "ErrorCode": "21610", "From": "+15550001111", "To": "+15550002222"},
        ),
        ("/status/recording?step=message", RECORDING),
        ("/status/transcription?step=message", RECORDING | {"TranscriptionStatus": "completed", "TranscriptionText": "Hi."}),
    ],
)
def test_a_webhook_that_is_replayed_does_nothing_more(make_app: Callable[..., Flask], path: str, params: dict[str, str]) -> None:
    app = make_app(flow_file="flows/office.toml")
    twilio, script = Twilio(app.test_client()), Script(app.test_client())

    def state() -> list[object]:
        rows = [(row.sid, row.status, row.outcome, row.duration) for row in calls(app)]
        return [
            rows,
            [(row.sid, row.to_number, row.status, row.body, row.answer) for row in texts(app)],
            script.get("/recordings").json,
        ]

    first = twilio.post(path, params)
    once = state()
    for _ in range(3):
        assert twilio.post(path, params).data == first.data
    assert state() == once


def test_no_line_of_the_log_can_be_written_from_outside(app: Flask, twilio: Twilio, caplog: pytest.LogCaptureFixture) -> None:
    forged = "x\n2026-01-01 00:00:00 ERROR app all is lost\r\n"
    with caplog.at_level(logging.INFO):
        twilio.post("/sms_url", TEXT | {"From": forged, "Body": forged, "To": forged})
        twilio.post(f"/voice_url/{quote(forged)}/{quote(forged)}", CALL | {"From": forged})
        twilio.client.post(f"/voice_url/{quote(forged)}", data=TEXT, headers={"X-Twilio-Signature": "x", "Host": "x"})
        Script(app.test_client()).post("/send_sms", {"to": "+15550002222", "body": forged})
        Script(app.test_client()).post("/make_call", {"to": forged})
    assert caplog.records
    for record in caplog.records:
        assert "all is lost" not in record.getMessage()
        assert "\n" not in record.getMessage()


def test_a_body_is_never_unpacked(app: Flask, twilio: Twilio, client: FlaskClient) -> None:
    form = gzip.compress(b"MessageSid=SM9&Body=" + b"x" * 5_000_000)
    headers = signature_headers(TOKEN, "http://127.0.0.1:5000/sms_url", [("MessageSid", "SM9"), ("Body", "x" * 5_000_000)])
    packed = client.post(
        "/sms_url", data=form, content_type="application/x-www-form-urlencoded", headers=headers | {"Content-Encoding": "gzip"}
    )
    assert packed.status_code == 403
    assert texts(app) == []


class Watched:
    """A body that tells how much of it was read."""

    def __init__(self) -> None:
        self.read_of_it = 0

    def read(self, size: int = -1) -> bytes:
        self.read_of_it += max(size, 0)
        return b"x" * max(size, 0)


@pytest.mark.parametrize("path", ["/sms_url", "/sign_in", "/make_call"])
def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_read(script: Script, path: str) -> None:
    body = Watched()
    environ = {"wsgi.input": body, "CONTENT_LENGTH": str(64 * 1024 + 1), "CONTENT_TYPE": "application/x-www-form-urlencoded"}
    assert script.client.post(path, headers=script.headers, environ_overrides=environ).status_code == 413
    assert body.read_of_it == 0


def test_json_of_any_depth_and_size_is_answered(script: Script) -> None:
    for body in (
        b"[" * 60_000,
        b'{"to":' * 9000,
        b'{"to":' + b"9" * 9000 + b"}",
        b'{"to": "\\ud800"}',
        b"\xff\xfe",
        b'{"to": 1e999}',
    ):
        answer = script.client.post("/make_call", data=body, content_type="application/json", headers=script.headers)
        assert (answer.status_code, list(answer.json)) == (400, ["error"])


ENDLESS = ["Mon, 01 Jan 2024 00:00:00 +99999999999999999999", "Mon, 01 Jan 99999999999999 00:00:00 GMT"]


@pytest.mark.parametrize("date", ENDLESS)
def test_a_date_that_nobody_can_reckon_with_counts_as_none(client: FlaskClient, date: str) -> None:
    for headers in ({"If-Modified-Since": date}, {"If-Unmodified-Since": date}, {"If-Range": date, "Range": "bytes=0-1"}):
        assert client.get("/static/live.js", headers=headers, buffered=True).status_code in (200, 206)


class Broken:
    def read(self, size: int = -1) -> bytes:
        raise RuntimeError("as gunicorn's InvalidChunkSize, which is no OSError")


@pytest.mark.parametrize("path", ["/sms_url", "/voice_url", "/status/call", "/sign_in", "/make_call"])
def test_a_body_in_chunks_that_are_none_is_the_senders_fault(script: Script, caplog: pytest.LogCaptureFixture, path: str) -> None:
    environ = {"wsgi.input": Broken(), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = script.client.post(path, headers=script.headers | kind, environ_overrides=environ)
    assert answer.status_code == 400
    assert "Traceback" not in caplog.text
