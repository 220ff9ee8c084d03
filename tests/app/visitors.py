"""Who comes to the application in tests: the operator's script and browser, and a Twilio that signs; and its settings there."""

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from simulator.web.signature import signature_headers

BASE_URL = "http://127.0.0.1:5000"
TOKEN = "0123456789abcdef0123456789abcdef"
SECONDARY_TOKEN = "fedcba9876543210fedcba9876543210"
PASSWORD = "correct horse battery"
SETTINGS = {
    "twilio_account_sid": "AC" + "1" * 32,
    "twilio_auth_token": TOKEN,
    "twilio_auth_token_secondary": SECONDARY_TOKEN,
    "twilio_from_number": "+15550001111",
    "twilio_to_number": "+15550002222",
    "twilio_api_url": "http://127.0.0.1:9",  # nobody listens there
    "public_base_url": BASE_URL,
    "secret_key": "a key that only the tests know",
    "operator_password": PASSWORD,
    "allowed_countries": "US GB DE FR",
    "destination_limits": "1000/60",  # tests of the limits set their own
    "hourly_limit": 1_000_000,
    "daily_limit": 1_000_000,
    "daily_budget": 1_000_000,
}

BOTH_DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


def forbidden(what: str, database: str) -> list[str]:
    """The statements after which a database refuses `what` is done to a table: "INSERT ON audit"."""
    if database == "sqlite":
        return [f"CREATE TRIGGER no BEFORE {what} BEGIN SELECT RAISE(ABORT, 'disk on fire'); END"]
    function = "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk on fire'; END $$"
    return [function, f"CREATE TRIGGER no BEFORE {what} FOR EACH ROW EXECUTE FUNCTION no()"]


class Script:
    """The operator's script: HTTP Basic, JSON."""

    def __init__(self, client: FlaskClient, password: str = PASSWORD) -> None:
        self.client = client
        self.headers = {
            "Authorization": "Basic " + b64encode(f"operator:{password}".encode()).decode(),
            "Accept": "application/json",
        }

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=self.headers | dashed(headers))

    def post(self, path: str, data: dict[str, str] | None = None, **headers: str) -> TestResponse:
        return self.client.post(path, data=data, headers=self.headers | dashed(headers))


class Browser:
    """The operator's browser: it says where a request comes from, and keeps the session."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    def get(self, path: str, sec_fetch_site: str = "none", **headers: str) -> TestResponse:
        return self.client.get(path, headers=self.headers | {"Sec-Fetch-Site": sec_fetch_site} | dashed(headers))

    def post(
        self, path: str, data: dict[str, str] | None = None, sec_fetch_site: str = "same-origin", **headers: str
    ) -> TestResponse:
        return self.client.post(path, data=data, headers=self.headers | {"Sec-Fetch-Site": sec_fetch_site} | dashed(headers))

    def sign_in(self, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign_in", {"password": password})


class Twilio:
    """Twilio's webhooks, signed by the simulator's signature code: a witness that shares nothing with the application's."""

    def __init__(self, client: FlaskClient, token: str = TOKEN, base_url: str = BASE_URL) -> None:
        self.client, self.token, self.base_url = client, token, base_url

    def post(self, target: str, params: dict[str, str] | list[tuple[str, str]], **changes: Any) -> TestResponse:
        pairs = list(params.items()) if isinstance(params, dict) else params
        headers = signature_headers(self.token, self.base_url + target, pairs, **changes)
        return self.client.post(
            target,
            data=urlencode(pairs),
            content_type="application/x-www-form-urlencoded; charset=utf-8",
            headers=headers,
            environ_overrides={"RAW_URI": target},  # as a server has it; the test client drops a bare "?"
        )

    def get(self, target: str) -> TestResponse:
        return self.client.get(target, headers=signature_headers(self.token, self.base_url + target))


def dashed(headers: dict[str, str]) -> dict[str, str]:
    """Header names as keyword arguments can spell them: sec_purpose for Sec-Purpose."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
