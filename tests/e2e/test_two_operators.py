"""Clicks at the same moment, a reload, a prefetch, a link: one call or none, with two workers of gunicorn on either database."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from werkzeug.datastructures import Authorization

from bench.endurance import databases
from bench.load import ACCOUNT, TOKEN
from bench.server import PASSWORD, serving
from simulator.driver import Simulator

LINE, PHONE = "+15550001111", "+15550002222"
CLICKS = 12
BROWSER = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Desk:
    """Where operators sit: the application on two workers, the simulator behind it, and the cookie of a session."""

    port: int
    simulator: str
    cookie: str = ""

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, dict[str, str]]:
        """Ask on a connection of its own, so that any worker may answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            given = BROWSER | {"Cookie": self.cookie} | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, urlencode(form or {}), given)
            answer = connection.getresponse()
            answer.read()
            return answer.status, dict(answer.getheaders())
        finally:
            connection.close()

    def placed(self, what: str = "Calls") -> list[str]:
        """Whom Twilio was asked to call or text, one for each time."""
        credentials = Authorization("basic", {"username": ACCOUNT, "password": TOKEN}).to_header()
        url = f"{self.simulator}/2010-04-01/Accounts/{ACCOUNT}/{what}.json?PageSize=100"
        with urlopen(Request(url, headers={"Authorization": credentials}), timeout=10) as answer:  # noqa: S310  (our own loopback address)
            return [each["to"] for each in json.load(answer)[what.lower()]]


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with databases(request.param, tmp_path) as url, Simulator(ACCOUNT, TOKEN, [LINE]) as simulator:
        settings = {"TWILIO_API_URL": simulator.url, "DESTINATION_LIMITS": "1000/60"} | ({"DATABASE_URL": url} if url else {})
        with serving("wsgi:app", tmp_path / "server", 2, settings=settings) as server:
            desk = Desk(server.port, simulator.url)
            status, headers = desk.ask("POST", "/sign_in", {"password": PASSWORD})
            assert status == 303
            desk.cookie = headers["Set-Cookie"].partition(";")[0]
            yield desk


def test_many_clicks_on_send_at_once_are_one_text_and_each_is_told_so(desk: Desk) -> None:
    def click(_: int) -> tuple[int, str]:
        together.wait()
        status, headers = desk.ask("POST", "/send_sms", {"to": PHONE, "body": "Come home"})
        return status, headers.get("Location", "")

    together = threading.Barrier(CLICKS)
    with ThreadPoolExecutor(CLICKS) as operators:
        assert [*operators.map(click, range(CLICKS))] == [(303, "/")] * CLICKS
    assert desk.placed("Messages") == [PHONE]


def test_many_clicks_at_once_and_a_reload_are_one_call_and_what_is_no_click_is_none(desk: Desk) -> None:
    together, statuses = threading.Barrier(CLICKS), []

    def click(method: str) -> None:
        together.wait()
        form = {"to": PHONE} if method == "POST" else None
        statuses.append(desk.ask(method, "/make_call" if form else f"/make_call?{urlencode({'to': PHONE})}", form)[0])

    operators = [threading.Thread(target=click, args=(["POST", "GET"][number % 2],)) for number in range(CLICKS)]
    for operator in operators:
        operator.start()
    for operator in operators:
        operator.join()
    assert statuses == [200] * CLICKS
    assert desk.placed() == [PHONE]
    assert desk.ask("GET", f"/make_call?{urlencode({'to': PHONE})}")[0] == 200  # a reload
    assert desk.placed() == [PHONE]
    other = f"/make_call?{urlencode({'to': '+15550003333'})}"
    assert desk.ask("GET", other, Sec_Purpose="prefetch;prerender")[0] == 204
    assert desk.ask("HEAD", other)[0] == 204
    assert desk.ask("GET", other, Sec_Fetch_Site="cross-site")[0] == 200  # asks whether to place it
    assert desk.ask("POST", "/make_call", {"to": "+15550003333"}, Sec_Fetch_Site="cross-site")[0] == 403
    assert desk.placed() == [PHONE]
    assert desk.ask("POST", "/make_call", {"to": "+15550003333"}, Sec_Fetch_Site="same-origin")[0] == 200
    assert sorted(desk.placed()) == [PHONE, "+15550003333"]
