"""People, applications and scripts that do anything at any time: when all have hung up, nothing is left of it."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from parties import ANNE, BERT, CALLER, LINE, document, place
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.clock import VirtualClock
from simulator.driver import Refused, Simulator

PHONES = (CALLER, ANNE, BERT)
SAY = "<Say>one two three four five six seven</Say>"
VERBS = (
    SAY,
    "<Pause length='3'/>",
    "<Hangup/>",
    "<Leave/>",
    "<Sms>hello</Sms>",
    "<Redirect>/next</Redirect>",
    f"<Dial action='/next'>{ANNE}</Dial>",
    f"<Dial sequential='true' timeout='3'><Number url='/next'>{ANNE}</Number><Number>{BERT}</Number></Dial>",
    f"<Dial hangupOnStar='true' timeLimit='6' record='record-from-answer'><Number url='/next'>{BERT}</Number></Dial>",
    f"<Dial answerOnBridge='true'>{ANNE}</Dial>",
    "<Dial record='record-from-ringing'><Conference waitUrl='/next' record='record-from-start' endConferenceOnExit='true'>r"
    "</Conference></Dial>",
    "<Dial><Conference startConferenceOnEnter='false' statusCallback='/told'>r</Conference></Dial>",
    "<Enqueue waitUrl='/next' action='/next'>q</Enqueue>",
    "<Dial timeout='5' action='/next'><Queue url='/next'>q</Queue></Dial>",
    f"<Gather numDigits='2' input='dtmf speech' action='/next' timeout='3'>{SAY}</Gather>",
    "<Record action='/next' maxLength='9' transcribe='true' recordingStatusCallback='/told'/>",
)


class Monkey:
    """Does one thing after another, each chosen by chance; what is refused was worth a try."""

    def __init__(self, seed: int, sim: Simulator, site: Any, client: Client) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._sim = sim
        self._site = site
        self._client = client

    def write(self) -> str:
        """Write a document of some verbs, with absolute addresses."""
        verbs = (self._chance.choice(VERBS) for _ in range(self._chance.randint(1, 3)))
        return document(*verbs).replace("'/", f"'{self._site.url}/").replace(">/", f">{self._site.url}/")

    def act(self) -> None:
        """Do something."""
        act: Callable[[], object] = self._chance.choice([self._phone, self._phone, self._call, self._redirect, self._confer])
        with suppress(Refused, TwilioRestException):
            act()
        self._sim.advance(self._chance.choice([0, 0, 0.5, 1, 2, 3]))

    def _phone(self) -> None:
        phone = self._sim.phone(self._chance.choice(PHONES))
        acts: list[Callable[[], object]] = [
            phone.hangup,
            phone.answer,
            phone.reject,
            lambda: phone.call(LINE),
            lambda: phone.press("1*"),
            lambda: phone.speak("hello"),
            lambda: phone.on_ring(self._chance.choice(["answer", "ring", "busy", "machine"])),
        ]
        self._chance.choice(acts)()

    def _call(self) -> None:
        detection = {"machine_detection": "Enable"} if self._chance.random() < 0.5 else {}
        place(self._client, self._sim.phone(self._chance.choice(PHONES)), self.write(), **detection)

    def _redirect(self) -> None:
        running = [call for call in self._client.calls.list(limit=20) if call.status in {"ringing", "in-progress"}]
        if running:
            change = self._chance.choice([{"status": "completed"}, {"twiml": self.write()}])
            self._client.calls(self._chance.choice(running).sid).update(**change)

    def _confer(self) -> None:
        for conference in self._client.conferences.list(status="in-progress"):
            this = self._client.conferences(conference.sid)
            acts: list[Callable[[], object]] = [
                lambda this=this: this.update(status="completed"),
                lambda this=this: this.update(announce_url=f"{self._site.url}/next"),
                lambda this=this: this.participants.create(from_=LINE, to=BERT),
                lambda this=this: this.participants.list()[0].delete(),
                lambda this=this: this.participants.list()[-1].update(hold=True),
            ]
            self._chance.choice(acts)()


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_left_when_all_have_hung_up(seed: int, sim: Simulator, site: Any, client: Client) -> None:
    monkey, exchange = Monkey(seed, sim, site, client), sim.exchange
    for path in ("/voice", "/next"):
        for _ in range(40):
            site.answer(path, monkey.write())
        site.answer(path, document("<Hangup/>"))
    for _ in range(40):
        monkey.act()
    while running := [call for call in exchange.telephony.calls.values() if not call.over]:
        client.calls(running[0].sid).update(status="completed")  # which may end others, or begin the next
        sim.settle()
    sim.advance(60)
    clock = exchange.clock
    assert isinstance(clock, VirtualClock)
    assert (clock.active, clock.tasks, clock.timers) == (0, 0, 0)
    assert {phone.state for phone in exchange.phones.all()} <= {"idle"}
    assert all(conference.over for conference in exchange.conferences.conferences.values())
    assert all(recording.over for recording in exchange.recordings.recordings.values())
    assert not any(queue.members or queue.agents for queue in exchange.queues.queues.values())
