"""The office of flows/office.toml, its people, and a record of which ways through it were walked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import Flask
from town import LINE, Town, open_town

from app.flow import Flow
from app.flow.steps import Conference, Dial, Menu
from app.settings import ROOT
from app.switch import Answer, Asked, Switch
from app.switch.menu import choice
from app.switch.turns import ACTS
from simulator.driver import Handset

RECEPTION, ANNA, BEN, CARLA = "+15550003333", "+15550004444", "+15550005555", "+15550006666"
OPEN = "2026-06-16 10:00"  # a Tuesday
FILE = "flows/office.toml"
Test = TypeVar("Test", bound=Callable[..., None])


class Watched(Switch):
    """The switch, which tells by which ways calls went: "step: label" for each way, "step/event" for each event."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(switch.flow, switch.base_url)
        self.walked: set[str] = set()
        self._redirected: dict[str, str] = {}  # the step at which each call was told to ask for the next one
        self._at = threading.local()

    def answer(self, name: str, event: str, asked: Asked, heard: tuple[tuple[str, str], ...] = ()) -> Answer:
        sid, before = asked.value("CallSid"), getattr(self._at, "step", None)
        if before is None and not event:
            before = self._redirected.pop(sid, None)
        elif event:
            self.walked.add(f"{name}/{event}")
        if before is not None:
            self.walked.add(self._way(before, name, asked))
        nested, self._at.step = getattr(self._at, "step", None), name
        try:
            answer = super().answer(name, event, asked, heard)
        finally:
            self._at.step = nested
        if "<Redirect>" in answer.twiml and sid not in self._redirected:  # the innermost step says it first
            self._redirected[sid] = name
        return answer

    def _way(self, before: str, name: str, asked: Asked) -> str:
        place = self.flow.places[before]
        ways = [edge for edge in place.step.edges() if place.target(edge.to) == name]
        if isinstance(place.step, Menu):
            chose = choice(place.step, asked.value("Digits"), asked.value("SpeechResult")) is not None
            ways = [edge for edge in ways if edge.by_itself != chose]
        return f"{before}: {ways[0].label}"


def all_ways(flow: Flow) -> set[str]:
    """Every way and every event of a flow, as Watched tells them."""
    found = {f"{name}: {edge.label}" for name, place in flow.places.items() for edge in place.step.edges()}
    for name, place in flow.places.items():
        absent = set()
        if isinstance(place.step, Dial):
            absent = {"whisper"} if not place.step.whisper else {"accepted"} if not place.step.accept else set()
        if isinstance(place.step, Conference) and not place.step.pin:
            absent = {"pin"}
        found |= {f"{name}/{event}" for kind, event in ACTS if kind is type(place.step) and event and event not in absent}
    return found


def walks(*ways: str) -> Callable[[Test], Test]:
    """Mark a test with the ways that it walks, which the office then demands."""

    def mark(test: Test) -> Test:
        test.walks = set(ways)  # type: ignore[attr-defined]
        return test

    return mark


@dataclass
class Office(Town):
    """The town with the office in it; nobody there answers by themselves."""

    switch: Watched

    @property
    def caller(self) -> Handset:
        return self.phone

    def at(self, moment: str) -> None:
        """Let it be that time in London."""
        now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/London"))
        self.app.extensions["now"] = lambda: now

    def staff(self, number: str) -> Handset:
        return self.sim.phone(number)

    def call_reception(self) -> None:
        """Call, and ask for reception."""
        self.caller.call(LINE)
        self.caller.expect_say("To speak to reception")
        self.caller.press("3")
        self.caller.expect_say("One moment")

    @property
    def outcome(self) -> str | None:
        """How far the last call from outside came."""
        return next(call.outcome for call in self.calls() if call.direction in ("inbound", "outbound-api"))

    def alerts(self) -> list[tuple[str, int]]:
        """What Twilio's debugger would say."""
        entries = (entry for entry in self.sim.requests() if not entry["url"].startswith(self.kept_elsewhere))
        return [(entry["url"], alert["code"]) for entry in entries for alert in entry["alerts"]]

    @property
    def kept_elsewhere(self) -> tuple[str, str]:
        """The addresses that are told of recordings, whose tests are elsewhere."""
        status = f"{self.app.extensions['settings'].public_base_url}/status"
        return f"{status}/recording", f"{status}/transcription"

    def finish(self) -> None:
        """Let the call end by itself, all of it without a word from Twilio's debugger."""
        self.caller.expect_hangup(300)
        self.sim.settle()
        assert self.alerts() == []


@contextmanager
def open_office(make_app: Callable[..., Flask], flow_file: str = FILE, **settings: Any) -> Iterator[Office]:
    with open_town(make_app, flow_file=flow_file, **settings) as town:
        switch = town.app.extensions["switch"] = Watched(town.app.extensions["switch"])
        office = Office(**vars(town), switch=switch)
        office.at(OPEN)
        for number in (RECEPTION, ANNA, "client:anna", BEN, CARLA):
            office.staff(number).on_ring("no-answer")
        yield office


__all__ = ["ANNA", "BEN", "CARLA", "FILE", "OPEN", "RECEPTION", "ROOT", "Office", "all_ways", "open_office", "walks"]
