"""Every route has its guard: walked, so that a new one cannot be forgotten."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from visitors import BOTH_DATABASES, PASSWORD, Browser, Script
from werkzeug.routing import Rule

from app import auth, clock, database
from app.auth import require_operator
from app.ledger import old
from app.signature import require_twilio

PUBLIC = {
    "static",
    "bootstrap.static",
    "switchboard.public.sign_in",
    "switchboard.public.sign_in_post",
    "switchboard.public.file",
    "switchboard.public.healthz",
    "switchboard.public.readyz",
}
GUARDS = {require_twilio: "webhooks", require_operator: "operator"}


def guards(app: Flask, rule: Rule) -> list[str]:
    blueprint = rule.endpoint.rpartition(".")[0]
    return [GUARDS[guard] for guard in app.before_request_funcs.get(blueprint, []) if guard in GUARDS]


def test_every_route_has_one_guard_or_is_public_by_name(app: Flask) -> None:
    found = {rule.endpoint: guards(app, rule) for rule in app.url_map.iter_rules()}
    assert {endpoint for endpoint, guard in found.items() if not guard} == PUBLIC
    assert all(len(guard) == 1 for endpoint, guard in found.items() if endpoint not in PUBLIC)
    assert {endpoint.split(".")[1] for endpoint, guard in found.items() if guard == ["webhooks"]} == {"webhooks"}


def test_every_guarded_route_refuses_whoever_comes_without_proof(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<attempt>", "0").replace("<step>", "start").replace("<event>", "chosen").replace("<sid>", "0")
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            if guard := guards(app, rule):
                status = client.open(path, method=method).status_code
                assert status == {"webhooks": 403, "operator": 401}[guard[0]], f"{method} {path}"
                browser = client.open(path, method=method, headers={"Accept": "text/html"})
                assert browser.status_code == {"webhooks": 403, "operator": 303}[guard[0]], f"{method} {path}"


def test_one_blueprint_holds_the_three_routes_of_the_guide(app: Flask) -> None:
    endpoints = {rule.rule: rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    for path in ("/make_call", "/voice_url", "/sms_url"):
        assert endpoints[path].startswith("switchboard.")


def test_each_shape_of_a_scripts_password(client: FlaskClient) -> None:
    assert Script(client).get("/").status_code == 200
    assert client.get("/", headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 200
    for wrong in ("Bearer x", "Basic x", "Basic b3BlcmF0b3I6eA==", "Digest x", "Bearer"):
        refusal = client.get("/", headers={"Authorization": wrong, "X-Forwarded-For": f"192.0.2.{len(wrong)}"})
        assert refusal.status_code == 401, wrong
        assert refusal.json["error"]["code"] == "unauthorized"
        assert refusal.headers["WWW-Authenticate"].lower().startswith("basic realm=")


def test_the_user_of_basic_is_operator(client: FlaskClient) -> None:
    assert client.get("/", auth=("operator", PASSWORD)).status_code == 200
    assert client.get("/", auth=("root", PASSWORD)).status_code == 401


def test_signing_in_leads_back_and_signing_out_ends_it(browser: Browser) -> None:
    asked = browser.get("/calls/0?x=1")
    assert (asked.status_code, asked.location) == (303, "/sign_in")
    assert browser.get("/sign_in").status_code == 200
    assert browser.sign_in("wrong password").status_code == 401
    signed_in = browser.sign_in()
    assert (signed_in.status_code, signed_in.location) == (303, "/calls/0?x=1")
    cookie = signed_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert browser.get("/").status_code == 200
    assert browser.get("/sign_in").location == "/"
    assert browser.post("/sign_out").status_code == 303
    assert browser.get("/").status_code == 303


@BOTH_DATABASES
def test_a_copy_of_a_cookie_ends_with_the_session_it_was_copied_from(make_app: Callable[..., Flask]) -> None:
    workers = [make_app(), make_app()]
    owner, other = (Browser(workers[0].test_client()) for _ in range(2))
    copied, others = (browser.sign_in().headers["Set-Cookie"].split(";")[0] for browser in (owner, other))

    def status(cookie: str) -> list[int]:
        page = {"Cookie": cookie, "Accept": "text/html"}
        return [worker.test_client(use_cookies=False).get("/", headers=page).status_code for worker in workers]

    assert (status(copied), status(others)) == ([200, 200], [200, 200])
    assert owner.post("/sign_out").status_code == 303
    assert (status(copied), status(others)) == ([303, 303], [200, 200])  # who signed in with a session of their own stays in
    refused = workers[1].test_client(use_cookies=False).get("/", headers={"Cookie": copied, "Accept": "text/html"})
    assert status(refused.headers["Set-Cookie"].split(";")[0]) == [303, 303]
    assert owner.sign_in().status_code == 303
    assert (status(copied), owner.get("/").status_code) == ([303, 303], 200)
    with workers[0].app_context():
        old.delete_audit(clock.now() + timedelta(seconds=1))
    assert status(copied) == [303, 303]  # nor does it come back when nobody knows any more that it ended


@BOTH_DATABASES
def test_without_a_database_a_session_goes_on_for_minutes_where_it_was_seen_to(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = [make_app(), make_app()]
    owner, other = (Browser(workers[0].test_client()) for _ in range(2))
    cookie = owner.sign_in().headers["Set-Cookie"].split(";")[0]
    other.sign_in()
    page = {"Cookie": cookie, "Accept": "text/html"}

    def status(worker: Flask) -> int:
        return worker.test_client(use_cookies=False).get("/flow", headers=page).status_code

    with workers[0].app_context():
        database.write(lambda connection: connection.execute(text("ALTER TABLE audit RENAME TO gone")))
    assert [status(worker) for worker in workers] == [200, 503]
    assert (owner.post("/sign_out").status_code, status(workers[0])) == (503, 503)
    assert other.get("/flow").status_code == 200
    monkeypatch.setattr(auth, "BELIEVED", 0)
    assert other.get("/flow").status_code == 503


def test_a_session_ends_with_the_password_it_was_made_with(make_app: pytest.FixtureRequest) -> None:
    browser = Browser(make_app().test_client())
    cookie = browser.sign_in().headers["Set-Cookie"].split(";")[0]
    assert make_app().test_client(use_cookies=False).get("/", headers={"Cookie": cookie}).status_code == 200
    changed = make_app(operator_password="another password").test_client(use_cookies=False)
    assert changed.get("/", headers={"Cookie": cookie, "Accept": "text/html"}).status_code == 303


def test_a_session_ends_after_a_week_however_much_it_is_used(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    for hours in range(8, 7 * 24, 8):
        app.extensions["now"] = lambda hours=hours: clock.system() + timedelta(hours=hours)
        assert browser.get("/flow").status_code == 200
    app.extensions["now"] = lambda: clock.system() + timedelta(days=7, minutes=1)
    assert browser.get("/flow").location == "/sign_in"


def test_a_hashed_password_works_too(make_app: pytest.FixtureRequest) -> None:
    from werkzeug.security import generate_password_hash

    client = make_app(operator_password=generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")).test_client()
    assert client.get("/", auth=("operator", PASSWORD)).status_code == 200
    assert client.get("/", auth=("operator", "wrong password")).status_code == 401


def test_guessing_ends_after_five_wrong_passwords_also_across_workers(make_app: pytest.FixtureRequest) -> None:
    workers = [make_app().test_client(), make_app().test_client()]
    for guess in range(5):
        assert Browser(workers[guess % 2]).sign_in(f"guess {guess}").status_code == 401
    for worker in workers:
        refused = Browser(worker).sign_in(PASSWORD)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
        assert Script(worker).get("/").status_code == 429
    elsewhere = workers[0].get("/", auth=("operator", PASSWORD), headers={"X-Forwarded-For": "192.0.2.7"})
    assert elsewhere.status_code == 200


def test_many_addresses_do_not_help_to_guess(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "ATTEMPTS_IN_ALL", 20)
    for guess in range(20):
        headers = {"X-Forwarded-For": f"192.0.2.{guess}"}
        assert client.get("/", auth=("operator", f"guess {guess}"), headers=headers).status_code == 401
    assert client.get("/", auth=("operator", PASSWORD)).status_code == 429


def test_nor_do_they_lock_out_an_address_from_which_somebody_signed_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "ATTEMPTS_IN_ALL", 20)
    client, home = app.test_client(), {"X-Forwarded-For": "198.51.100.7"}
    assert client.post("/sign_in", data={"password": PASSWORD}, headers=home).status_code == 303
    app.extensions["now"] = lambda: clock.system() + timedelta(days=29)
    for guess in range(20):
        client.get("/", auth=("operator", f"guess {guess}"), headers={"X-Forwarded-For": f"192.0.2.{guess}"})
    assert client.get("/", auth=("operator", PASSWORD), headers={"X-Forwarded-For": "198.51.100.8"}).status_code == 429
    assert client.get("/", auth=("operator", PASSWORD), headers=home).status_code == 200
    guesses = [client.get("/", auth=("operator", f"guess {guess}"), headers=home).status_code for guess in range(6)]
    assert guesses == [401] * 5 + [429]


def test_nor_the_address_of_a_script_that_came_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "ATTEMPTS_IN_ALL", 20)
    client, theirs = app.test_client(), {"X-Forwarded-For": "198.51.100.7"}
    assert client.get("/metrics", auth=("operator", PASSWORD), headers=theirs).status_code == 200
    app.extensions["now"] = lambda: clock.system() + timedelta(hours=1)
    for guess in range(20):
        client.get("/", auth=("operator", f"guess {guess}"), headers={"X-Forwarded-For": f"192.0.2.{guess}"})
    assert client.get("/metrics", auth=("operator", PASSWORD), headers=theirs).status_code == 200


def test_addresses_of_one_ipv6_network_count_as_one(client: FlaskClient) -> None:
    for guess in range(5):
        client.get("/", auth=("operator", "wrong password"), headers={"X-Forwarded-For": f"2001:db8:0:{guess}::1"})
    assert client.get("/", auth=("operator", PASSWORD), headers={"X-Forwarded-For": "2001:db8:0:ff::1"}).status_code == 429
    assert client.get("/", auth=("operator", PASSWORD), headers={"X-Forwarded-For": "2001:db8:0:100::1"}).status_code == 200
    assert client.get("/", auth=("operator", PASSWORD), headers={"X-Forwarded-For": "2001:db9::1"}).status_code == 200


def test_headers_that_are_no_text_are_refused_like_others(client: FlaskClient) -> None:
    for raw in ("Basic \xff", "Bearer \xff", "\xff", "Basic " + "A" * 5000):
        assert (
            client.get(
                "/", headers={"X-Forwarded-For": f"192.0.2.{len(raw)}"}, environ_overrides={"HTTP_AUTHORIZATION": raw}
            ).status_code
            == 401
        )
    odd = client.get("/", auth=("operator", "wrong password"), headers={"X-Forwarded-For": "x" * 500})
    assert odd.status_code == 401


def test_an_address_with_a_line_break_in_it_is_no_way_back_that_breaks(browser: Browser) -> None:
    browser.get("/calls/a%0d%0aX:%20y?z=%0a")
    back = browser.sign_in()
    assert (back.status_code, back.location) == (303, "/calls/a%0D%0AX%3A%20y?z=%0a")


def test_only_a_proxy_on_this_machine_is_believed_about_the_address(client: FlaskClient) -> None:
    for guess in range(5):
        headers = {"X-Forwarded-For": f"192.0.2.{guess}"}
        client.get("/", auth=("operator", "wrong password"), headers=headers, environ_base={"REMOTE_ADDR": "198.51.100.1"})
    refused = client.get("/", auth=("operator", PASSWORD), environ_base={"REMOTE_ADDR": "198.51.100.1"})
    assert refused.status_code == 429
    spoofed = {"X-Forwarded-For": "192.0.2.99, 203.0.113.5"}
    for _ in range(5):
        client.get("/", auth=("operator", "wrong password"), headers=spoofed)
    assert client.get("/", auth=("operator", PASSWORD), headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 429


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "http://localhost@elsewhere.example"},
    {"Origin": "http://elsewhere.example?http://localhost"},
    {"Referer": "https://elsewhere.example/page"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/make_call", "/send_sms", "/sign_out", "/sign_in"])
def test_another_sites_page_changes_nothing(app: Flask, headers: dict[str, str], path: str) -> None:
    client = app.test_client()
    Browser(client).sign_in()
    form = {"to": "+15550002222", "body": "x", "password": PASSWORD}
    assert client.post(path, data=form, headers=headers).status_code == 403
    assert client.post(path, data=form, headers=headers, auth=("operator", PASSWORD)).status_code == 403


def test_a_page_of_a_site_whose_name_leads_to_this_machine_by_now_changes_nothing(client: FlaskClient) -> None:
    rebound = {"Origin": "http://elsewhere.example:5000", "Host": "elsewhere.example:5000"}
    for path in ("/sign_in", "/make_call", "/sign_out"):
        assert client.post(path, data={"password": "guess"}, headers=rebound, auth=("operator", PASSWORD)).status_code == 403
    through_a_tunnel = {"Origin": "http://127.0.0.1:7000", "Host": "127.0.0.1:7000"}
    assert client.post("/sign_out", headers=through_a_tunnel, auth=("operator", PASSWORD)).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost", "Host": "localhost"},
        {"Origin": "http://127.0.0.1:5000"},
        {},
    ],
)
def test_our_own_pages_and_scripts_may(app: Flask, headers: dict[str, str]) -> None:
    client = app.test_client()
    Browser(client).sign_in()
    assert client.post("/sign_out", headers=headers, auth=("operator", PASSWORD)).status_code == 303


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("http://Phone.example.com", "http://phone.example.com"),
        ("http://phone.example.com:80", "http://phone.example.com"),
        ("https://phone.example.com:443", "https://phone.example.com"),
    ],
)
def test_our_address_is_ours_however_the_settings_write_it(make_app: Callable[..., Flask], base: str, origin: str) -> None:
    client = make_app(public_base_url=base).test_client()
    assert client.post("/sign_in", data={"password": PASSWORD}, headers={"Origin": origin}).status_code == 303
    for other in (origin + ":8080", "http://example.com", f"{origin}.evil.example"):
        assert client.post("/sign_in", data={"password": PASSWORD}, headers={"Origin": other}).status_code == 403


def test_strict_headers_are_on_every_page(make_app: pytest.FixtureRequest) -> None:
    plain, secure = make_app().test_client(), make_app(public_base_url="https://phone.example.com").test_client()
    for path in ("/sign_in", "/nowhere", "/", "/static/live.js"):
        headers = plain.get(path, headers={"Accept": "text/html"}, buffered=True).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in headers
        assert "Strict-Transport-Security" in secure.get(path, buffered=True).headers
    cookie = Browser(secure).sign_in().headers["Set-Cookie"]
    assert cookie.startswith("__Host-")  # such a name browsers take from this host only, and with what follows
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_pages_hold_no_inline_script_or_style(browser: Browser) -> None:
    browser.sign_in()
    for path in ("/", "/sign_in", "/nowhere", "/calls/0", "/recordings", "/flow"):
        page = browser.get(path).text
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert "style=" not in page
        assert "<style" not in page
        assert "onclick" not in page
