"""Fixtures for the tests of any Twilio application: put `pytest_plugins = ["simulator.pytest_plugin"]` into conftest.py.

Override `application` (a WSGI application to serve) or `application_url` (one that runs already), and where needed
`simulator_settings`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.driver import Simulator
from simulator.handset import Handset
from simulator.identifiers import lasting_sid
from simulator.site import Site

ACCOUNT_SID = lasting_sid("AC", "pytest")
AUTH_TOKEN = "the-token-of-the-tests"  # noqa: S105 - of an account that exists in tests only
NUMBER = "+15550001111"
PHONE = "+15550002222"


@pytest.fixture
def application() -> Any:
    """The WSGI application under test; override it."""
    return None


@pytest.fixture
def application_url(application: Any) -> Iterator[str]:
    """Where the application is reached: it is served in a thread of its own. Override it for one that runs already."""
    if application is None:
        yield ""
        return
    with Site(application) as site:
        yield site.url


@pytest.fixture
def simulator_settings(application_url: str) -> dict[str, Any]:
    """What the simulator is started with; override it to change or add any of the driver's settings."""
    return {"voice_url": f"{application_url}/voice", "sms_url": f"{application_url}/sms"} if application_url else {}


@pytest.fixture
def simulator(simulator_settings: dict[str, Any]) -> Iterator[Simulator]:
    """A simulator on virtual time."""
    given = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "numbers": [NUMBER]} | simulator_settings
    with Simulator(**given) as running:
        yield running


@pytest.fixture
def phone(simulator: Simulator) -> Handset:
    """A phone in hand."""
    return simulator.phone(PHONE)
