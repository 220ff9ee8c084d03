"""What is remembered: enough for any day's work, and no more however long the simulator runs."""

import asyncio
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.clock import Signal, VirtualClock
from simulator.driver import Simulator
from simulator.records import Records

ACCOUNT, KEY, LINE = "AC" + "1" * 32, "key", "+15550001111"


class Piece:
    """A record that is over or not."""

    def __init__(self, over: bool) -> None:
        self.over = over


def test_the_oldest_that_are_over_are_forgotten_first() -> None:
    forgotten: list[Piece] = []
    records: Records[Piece] = Records(2, forgotten.append)
    pieces = [Piece(over) for over in (True, False, True, False, False)]
    for number, piece in enumerate(pieces):
        records[str(number)] = piece
    assert list(records) == ["1", "3", "4"]
    assert forgotten == [pieces[0], pieces[2]]


def test_a_simulator_remembers_the_last_calls_and_texts_only(site: Any) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], voice_url=f"{site.url}/voice", sms_url=f"{site.url}/sms", keep=3) as sim:
        client = Client(ACCOUNT, KEY)
        client.api.base_url = sim.url
        calls, texts = [], []
        for number in range(5):
            phone = sim.phone(f"+1555000333{number}")
            calls.append(phone.call(LINE))
            texts.append(phone.text(LINE, f"text {number}"))
            sim.advance(10)
        assert [call.sid for call in client.calls.list()] == calls[:1:-1]
        assert [text.sid for text in client.messages.list()] == texts[:1:-1]
        with pytest.raises(TwilioRestException) as gone:
            client.calls(calls[0]).fetch()
        assert gone.value.status == 404
        known = [phone["number"] for phone in sim.ask("GET", "/phones")["phones"]]
        assert known == ["+15550003332", "+15550003333", "+15550003334"]
        client.http_client.session.close()


def test_a_simulator_remembers_the_last_conferences_and_recordings_only(site: Any) -> None:
    site.answer("/voice", "<Response><Record action='/then' transcribe='true'/></Response>")
    site.answer("/then", "<Response><Dial><Conference>r</Conference></Dial></Response>")
    with Simulator(ACCOUNT, KEY, [LINE], voice_url=f"{site.url}/voice", keep=2) as sim:
        client = Client(ACCOUNT, KEY)
        client.api.base_url = sim.url
        phone = sim.phone("+15550003333")
        for _ in range(4):
            phone.call(LINE)
            sim.advance(10)
            phone.hangup()
            sim.advance(10)
        assert [conference.status for conference in client.conferences.list()] == ["completed"] * 2
        assert len(client.recordings.list()) == len(client.transcriptions.list()) == 2
        for recording in client.recordings.list():
            recording.delete()
        assert len(client.recordings.list(include_soft_deleted=True)) == 2
        client.http_client.session.close()


def test_what_has_ended_leaves_no_task_and_no_timer(site: Any) -> None:
    site.answer("/voice", "<Response><Pause length='2'/></Response>")
    with Simulator(ACCOUNT, KEY, [LINE], voice_url=f"{site.url}/voice", status_url=f"{site.url}/status") as sim:
        for number in range(20):
            sim.phone(f"+155500033{number:02}").call(LINE)
        sim.advance(10)
        clock = sim.exchange.clock
        assert isinstance(clock, VirtualClock)
        assert len(site.at("/status")) == 20
        assert (clock.active, clock.tasks, clock.timers) == (0, 0, 0)


def test_timers_that_nobody_waits_for_do_not_pile_up() -> None:
    async def main() -> None:
        clock, signal = VirtualClock(), Signal()

        async def wait_often() -> None:
            for _ in range(5000):
                await clock.wait(signal, 3600)

        clock.spawn(wait_often(), "waits")
        for _ in range(5000):
            await clock.settle()
            signal.notify()
        await clock.settle()
        assert clock.timers == 0
        assert len(clock._timers) < 2500
        await clock.advance(7200)

    asyncio.run(main())
