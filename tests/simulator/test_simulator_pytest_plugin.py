"""The fixtures for other projects' tests: the example of the documentation, run as its reader would run it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from parties import ACCOUNT, CALLER, KEY, LINE, document

from simulator.driver import Handset, Simulator

ROOT = Path(__file__).parents[2]


def run_example(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "-c", os.devnull, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    example = ROOT / "docs" / "example"
    return subprocess.run(command, cwd=example, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_documented_example_passes() -> None:
    run = run_example()
    assert run.returncode == 0, run.stdout + run.stderr
    assert "5 passed" in run.stdout


def test_what_was_heard_instead_is_told(sim: Any, site: Any, phone: Handset) -> None:
    site.answer("/voice", document("<Say>Good evening</Say>", "<Oops/>"))
    phone.call(LINE)
    with pytest.raises(AssertionError) as failure:
        phone.expect_say("Good morning", within=5)
    assert "did not hear Say 'Good morning' within 5 seconds" in str(failure.value)
    assert "twilio: Say Good evening" in str(failure.value)
    assert "12200" in str(failure.value)


def test_each_line_is_expected_once(sim: Any, site: Any, phone: Handset) -> None:
    site.answer("/voice", document('<Say loop="2">tick</Say>', "<Say>tock</Say>"))
    phone.call(LINE)
    assert [phone.expect_say("tick"), phone.expect_say("tick"), phone.expect_say("tock")] == ["tick", "tick", "tock"]
    with pytest.raises(AssertionError, match="did not hear"):
        phone.expect_say("tick", within=5)


def test_time_stops_where_the_expected_is_heard(sim: Any, site: Any, phone: Handset) -> None:
    site.answer("/voice", document('<Pause length="10"/>', "<Say>now</Say>", '<Pause length="10"/>'))
    phone.call(LINE)
    start = sim.exchange.clock.now()
    phone.expect_say("now")
    assert (sim.exchange.clock.now() - start).total_seconds() == 10
    phone.expect_hangup()
    assert (sim.exchange.clock.now() - start).total_seconds() == pytest.approx(20.4)


def test_a_phone_that_is_expected_to_ring_is_answered_by_hand(sim: Any, client: Any, phone: Handset) -> None:
    client.calls.create(to=phone.number, from_=LINE, twiml=document("<Say>hi</Say>"))
    assert phone.expect_ring()["from"] == LINE
    sim.advance(20)
    assert phone.state["state"] == "ringing"
    phone.answer()
    phone.expect_say("hi")


def test_a_text_that_does_not_come_is_told(phone: Handset) -> None:
    with pytest.raises(AssertionError, match="got no text"):
        phone.expect_text("hello", within=2)


def test_on_a_real_clock_what_is_expected_is_waited_for(site: Any) -> None:
    site.answer("/voice", document('<Pause length="2"/>', "<Say>now</Say>", "<Sms>and a text</Sms>"))
    urls = {"voice_url": f"{site.url}/voice", "sms_url": f"{site.url}/sms"}
    with Simulator(ACCOUNT, KEY, [LINE], clock="real", speed=50, **urls) as sim:
        phone = sim.phone(CALLER)
        phone.call(LINE)
        phone.expect_say("now")
        phone.expect_hangup()
        phone.expect_text("and a text")
        with pytest.raises(AssertionError, match="did not hear"):
            phone.expect_say("never", within=0.05)
        assert sim.exchange.phones.watchers == set()
