"""The hotline, tested as people use it: no call costs anything, and nobody waits."""

import pytest
from hotline import ON_CALL

from simulator.driver import Handset, Simulator

HOTLINE = "+15550001111"


@pytest.fixture
def colleague(simulator: Simulator) -> Handset:
    return simulator.phone(ON_CALL)


def test_a_caller_is_connected(phone: Handset, colleague: Handset) -> None:
    phone.call(HOTLINE)
    phone.expect_say("Press 1")
    phone.press("1")
    assert colleague.expect_ring()["from"] == phone.number
    colleague.answer()
    colleague.speak("Hotline, good morning.")
    phone.expect_speech("good morning")
    phone.hangup()
    colleague.expect_hangup()


def test_where_nobody_answers_a_message_is_taken(phone: Handset, colleague: Handset) -> None:
    colleague.on_ring("no-answer")
    phone.call(HOTLINE)
    phone.expect_say("Press 1")
    phone.press("1")
    phone.expect_say("Nobody is free")
    phone.expect_beep()
    phone.speak("Please call me back.", seconds=3)
    phone.expect_say("Thank you")
    assert "Voicemail of 3 seconds" in colleague.expect_text()["body"]


def test_a_wrong_key_leads_back_to_the_menu(phone: Handset) -> None:
    phone.call(HOTLINE)
    phone.expect_say("Press 1")
    phone.press("7")
    phone.expect_say("no such choice")
    phone.expect_say("Press 1")


def test_silence_ends_the_call(phone: Handset) -> None:
    phone.call(HOTLINE)
    phone.expect_say("We did not hear you")
    phone.expect_hangup()


def test_a_text_is_answered(phone: Handset) -> None:
    phone.text(HOTLINE, "hello")
    assert phone.expect_text("Please call us")["body"].startswith("You wrote 5 characters")
