"""The stream that a page follows: handsets, new handsets, and webhooks, over one connection."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from twilio.rest import Client

from simulator.driver import Simulator

LINE, PHONE, OTHER = "+15550001111", "+15550002222", "+15550004444"
LONG = '<Response><Pause length="600"/></Response>'
SECONDS = 10


class Page:
    """Somebody who follows the stream: reads on until something arrives, and knows what came before."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.events: list[tuple[str, Any]] = []
        self._lines = lines

    def of(self, kind: str) -> list[Any]:
        return [data for name, data in self.events if name == kind]

    def wait_for(self, kind: str, holds: Callable[[Any], object] = lambda data: True) -> Any:
        while not (found := [data for data in self.of(kind) if holds(data)]):
            name = next(line for line in self._lines if line.startswith("event: "))
            data = next(self._lines)
            self.events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
        return found[0]


@contextmanager
def following(http: httpx.Client, sim: Simulator, query: str) -> Iterator[Page]:
    with http.stream("GET", f"{sim.url}/events?{query}", timeout=SECONDS) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield Page(response.iter_lines())


@pytest.fixture
def watched(sim: Simulator, http: httpx.Client) -> Iterator[Page]:
    """A page with two phones and the webhooks."""
    with following(http, sim, f"phone=%2B{PHONE[1:]}&phone=%2B{OTHER[1:]}&requests=0") as page:
        page.wait_for("state", lambda state: state["number"] == OTHER)
        yield page


def test_one_stream_tells_of_several_phones_and_both_are_attended(watched: Page, sim: Simulator, client: Client) -> None:
    for number in (PHONE, OTHER):
        client.calls.create(to=number, from_=LINE, twiml=LONG)
    sim.advance(30)
    for number in (PHONE, OTHER):
        watched.wait_for("state", lambda state, number=number: state["number"] == number and state["state"] == "ringing")
    sim.phone(OTHER).answer()
    watched.wait_for("state", lambda state: state["number"] == OTHER and state["state"] == "in-call")
    assert {state["state"] for state in watched.of("state") if state["number"] == PHONE} == {"idle", "ringing"}


def test_it_begins_with_what_does_not_change(watched: Page, sim: Simulator) -> None:
    hello = watched.events[0]
    assert hello[0] == "hello"
    assert (hello[1]["numbers"], hello[1]["speed"]) == ([LINE], 0)


def test_a_webhook_is_told_when_it_begins_and_with_its_answer(watched: Page, sim: Simulator, site: Any) -> None:
    site.answer("/sms", "<Response><Message>hi</Message></Response>")
    sim.phone(PHONE).text(LINE, "hello")
    sim.advance(5)
    entry = watched.wait_for("request", lambda entry: entry["seconds"])
    assert (entry["kind"], entry["body"]) == ("message", "<Response><Message>hi</Message></Response>")
    assert ["Body", "hello"] in entry["params"]
    assert watched.of("request")[-1] == sim.requests()[-1]


def test_a_new_phone_is_named(watched: Page, sim: Simulator) -> None:
    sim.phone("+15550005555").text(LINE, "hello")
    watched.wait_for("handsets", lambda data: "+15550005555" in data["numbers"])


def test_a_handset_that_cannot_be_is_refused_in_words_and_the_others_are_shown(sim: Simulator, http: httpx.Client) -> None:
    with following(http, sim, f"phone=%2B{LINE[1:]}&phone=nobody&phone=client:alice") as page:
        page.wait_for("state", lambda state: state["number"] == "client:alice")
        assert [refusal["number"] for refusal in page.of("refused")] == [LINE, "nobody"]
        assert all(refusal["message"] for refusal in page.of("refused"))


def test_without_a_request_to_start_after_none_are_told(sim: Simulator, http: httpx.Client) -> None:
    with following(http, sim, f"phone=%2B{PHONE[1:]}") as page:
        page.wait_for("state")
        sim.phone(PHONE).text(LINE, "hello")
        sim.advance(5)
        page.wait_for("state", lambda state: state["messages"])
        assert page.of("request") == []


def test_the_verbs_of_all_calls_are_told_with_their_places(sim: Simulator, http: httpx.Client, site: Any) -> None:
    site.answer("/voice", "<Response><Say>one</Say><Pause length='9'/></Response>")
    with following(http, sim, "requests=0") as page:
        page.wait_for("hello")
        sim.phone(PHONE).call(LINE)
        first = page.wait_for("verbs", lambda data: data["verbs"])["verbs"][0]
        assert (first["name"], first["request_id"], first["index"]) == ("Say", 1, 0)
        sim.advance(2)
        page.wait_for("verbs", lambda data: [(verb["name"], verb["index"]) for verb in data["verbs"]] == [("Pause", 1)])
        sim.advance(20)
        page.wait_for("request", lambda entry: entry["kind"] == "call-status")
        assert page.of("verbs")[0]["verbs"] == [first]
