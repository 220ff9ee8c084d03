"""The office's people are rung: one after another, all at once, with a whisper, for callers of every kind."""

import pytest
from office import ANNA, BEN, CARLA, RECEPTION, Office, walks
from sqlalchemy import text
from town import LINE, PHONE

from app import database
from simulator.driver import Handset

CLIENT = "client:anna"
WHISPER = f"A call for the office from {' '.join(PHONE[1:])}. Press 1 to take it."


def rings(office: Office, *numbers: str) -> list[bool]:
    return [office.staff(number).state["state"] == "ringing" for number in numbers]


def accept(phone: Handset, words: str = "A call for the office") -> None:
    """Answer, hear what it is about, and press the key."""
    phone.answer()
    phone.expect_say(words)
    phone.press("1")


def talk(office: Office, one: Handset, other: Handset) -> None:
    office.sim.settle()
    one.speak("Hello?")
    other.expect_speech("Hello?")
    other.speak("Hello!")
    one.expect_speech("Hello!")


@walks("menu: 3 or “reception”", "reception/whisper", "reception/accepted", "reception/dialled", "reception: after the talk")
def test_reception_accepts_with_a_key_and_the_two_talk(office: Office) -> None:
    reception = office.staff(RECEPTION)
    office.call_reception()
    assert reception.expect_ring()["from"] == PHONE
    assert rings(office, ANNA, CLIENT) == [False, False]
    reception.answer()
    assert reception.expect_say("") == WHISPER
    assert office.caller.transcript[-1]["verb"] == "Ringing"  # still: the whisper is not for the caller
    reception.press("1")
    talk(office, office.caller, reception)
    assert office.outcome == "connected"
    reception.hangup()
    office.caller.expect_say("Goodbye, and thank you for calling.")
    office.finish()
    assert office.outcome == "connected"
    assert rings(office, ANNA, CLIENT) == [False, False]


def test_nobody_is_put_through_by_a_fault_before_the_key(office: Office) -> None:
    """The colleague may be a voicemail, which would take the call."""
    reception = office.staff(RECEPTION)
    office.call_reception()
    reception.expect_ring()
    with office.app.app_context():
        database.write(lambda connection: connection.execute(text("ALTER TABLE calls RENAME TO gone")))
    reception.answer()
    reception.expect_hangup(1)
    assert reception.said == []
    office.caller.expect_say("We are sorry, something went wrong.")
    office.caller.expect_hangup()


@walks("reception: nobody")
def test_first_one_then_the_other_with_both_her_phones_then_a_message(office: Office) -> None:
    office.call_reception()
    office.staff(RECEPTION).expect_ring()
    assert rings(office, ANNA, CLIENT) == [False, False]
    office.staff(ANNA).expect_ring()
    assert rings(office, RECEPTION, CLIENT) == [False, True]
    assert office.staff(CLIENT).state["current_call"]["from"] == PHONE
    office.caller.expect_say("Please leave a message")
    assert office.caller.said[-2:] == ["One moment, please.", office.caller.said[-1]]  # nothing of busy lines
    assert rings(office, RECEPTION, ANNA, CLIENT) == [False, False, False]
    assert office.outcome == "missed"


def test_a_busy_reception_is_passed_over_at_once(office: Office) -> None:
    office.staff(RECEPTION).on_ring("busy")
    office.call_reception()
    office.staff(ANNA).expect_ring(within=3)
    accept(office.staff(ANNA))
    talk(office, office.caller, office.staff(ANNA))


def test_she_answers_in_her_browser_and_her_mobile_stops_ringing(office: Office) -> None:
    office.staff(RECEPTION).on_ring("busy")
    office.call_reception()
    browser = office.staff(CLIENT)
    browser.expect_ring()
    assert rings(office, ANNA) == [True]
    accept(browser)
    talk(office, office.caller, browser)
    assert rings(office, ANNA) == [False]
    office.caller.hangup()
    browser.expect_hangup()
    assert office.alerts() == []


@pytest.mark.parametrize("key", ["2", "#", "*"])
def test_a_colleague_declines_with_another_key_and_the_next_one_rings(office: Office, key: str) -> None:
    office.call_reception()
    reception = office.staff(RECEPTION)
    reception.expect_ring()
    reception.answer()
    reception.expect_say("Press 1 to take it")
    reception.press(key)
    office.staff(ANNA).expect_ring(within=3)
    assert reception.state["state"] == "idle"
    assert office.outcome == "missed"
    accept(office.staff(ANNA))
    talk(office, office.caller, office.staff(ANNA))
    assert office.outcome == "connected"


def test_a_colleague_who_hangs_up_in_the_whisper_has_declined(office: Office) -> None:
    office.call_reception()
    reception = office.staff(RECEPTION)
    reception.expect_ring()
    reception.answer()
    reception.expect_say("Press 1")
    reception.hangup()
    office.staff(ANNA).expect_ring(within=3)


def test_a_mobiles_voicemail_never_swallows_the_call(office: Office) -> None:
    for number in (RECEPTION, ANNA):
        office.staff(number).on_ring("machine")
    office.call_reception()
    office.caller.expect_say("Please leave a message", within=90)
    assert WHISPER in office.staff(RECEPTION).said
    assert "Speak" not in [line["verb"] for line in office.caller.transcript]  # nothing of the machine's greeting
    assert office.outcome == "missed"
    office.caller.expect_beep()
    office.caller.speak("It is me.")
    office.finish()


@walks("reception: busy", "busy: then")
def test_all_are_busy_which_is_said_before_the_message(office: Office) -> None:
    for number in (RECEPTION, ANNA, CLIENT):
        office.staff(number).on_ring("busy")
    office.call_reception()
    office.caller.expect_say("Everybody is on the phone.")
    office.caller.expect_say("Please leave a message")
    office.caller.expect_beep()


def test_a_number_that_does_not_exist_any_more_is_passed_over(office: Office) -> None:
    office.staff(RECEPTION).on_ring("failed")
    office.call_reception()
    office.staff(ANNA).expect_ring(within=3)


def test_the_caller_hangs_up_while_it_rings_and_the_phone_stops(office: Office) -> None:
    office.call_reception()
    office.staff(RECEPTION).expect_ring()
    office.caller.hangup()
    office.sim.advance(60)
    assert rings(office, RECEPTION, ANNA, CLIENT) == [False, False, False]
    assert office.staff(ANNA).state["last_call"] is None
    assert office.outcome == "missed"
    assert office.alerts() == []


def test_the_caller_hangs_up_in_the_whisper_and_the_colleague_is_let_go(office: Office) -> None:
    office.call_reception()
    reception = office.staff(RECEPTION)
    reception.expect_ring()
    reception.answer()
    reception.expect_say("Press 1")
    office.caller.hangup()
    reception.expect_hangup(within=3)
    office.sim.advance(60)
    assert office.outcome == "missed"
    assert office.staff(ANNA).state["last_call"] is None


def test_the_caller_hangs_up_in_the_talk_and_so_does_the_line(office: Office) -> None:
    office.call_reception()
    reception = office.staff(RECEPTION)
    reception.expect_ring()
    accept(reception)
    talk(office, office.caller, reception)
    office.caller.hangup()
    reception.expect_hangup(within=3)
    office.sim.advance(60)
    assert office.outcome == "connected"
    assert office.alerts() == []


def test_a_talk_ends_after_an_hour(office: Office) -> None:
    office.call_reception()
    office.staff(RECEPTION).expect_ring()
    accept(office.staff(RECEPTION))
    office.sim.advance(3590)
    assert office.caller.state["state"] == "in-call"
    office.caller.expect_say("Goodbye")
    office.finish()


@walks("menu: 2 or “sales”", "sales: then", "sales.start/whisper", "sales.start/dialled")
def test_the_sales_desk_rings_at_once_and_the_first_to_answer_gets_it(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    office.caller.press("2")
    office.caller.expect_say("We are ringing the sales desk.")
    ben, carla = office.staff(BEN), office.staff(CARLA)
    ben.on_ring("ring")
    assert carla.expect_ring()["from"] == LINE
    assert rings(office, BEN, CARLA) == [True, True]
    carla.answer()
    assert carla.expect_say("") == "A sales call."
    office.sim.advance(3)
    talk(office, office.caller, carla)
    assert rings(office, BEN) == [False]
    assert ben.state["last_call"]["from"] == LINE
    carla.hangup()
    office.finish()
    assert office.outcome == "connected"


@walks("sales.start: nobody", "sales.message/recorded")
def test_nobody_at_the_sales_desk_answers(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    office.caller.speak("sales")
    office.caller.expect_say("The sales desk is busy. Please leave a message")
    office.caller.expect_beep()
    office.caller.speak("Two boxes, please.")
    office.finish()
    assert office.outcome == "voicemail"


@pytest.mark.parametrize("withheld", ["+266696687", "+7378742833", "+86282452253"])
def test_a_caller_who_hides_the_number_is_put_through_under_the_line(office: Office, withheld: str) -> None:
    hidden = office.sim.phone(withheld)
    hidden.call(LINE)
    hidden.expect_say("For support")
    hidden.press("3")
    reception = office.staff(RECEPTION)
    assert reception.expect_ring()["from"] == LINE
    reception.answer()
    reception.expect_say("A call for the office from anonymous.")
    reception.press("1")
    talk(office, hidden, reception)


def test_a_browser_phone_that_calls_is_put_through_under_the_line_and_not_to_itself(office: Office) -> None:
    served = office.app.extensions["settings"].public_base_url
    made = office.rest("POST", "Applications.json", VoiceUrl=f"{served}/voice_url", FriendlyName="browsers")
    assert made.status_code == 201
    browser = office.staff(CLIENT)
    browser.call(PHONE)
    browser.expect_say("For support")
    browser.press("3")
    office.staff(RECEPTION).on_ring("busy")
    mobile = office.staff(ANNA)
    assert mobile.expect_ring()["from"] == LINE
    accept(mobile, "A call for the office from anna.")
    talk(office, browser, mobile)


def test_a_colleague_who_calls_in_turn_is_not_rung_at_the_phone_in_hand(office: Office) -> None:
    anna = office.staff(ANNA)
    anna.call(LINE)
    anna.expect_say("For support")
    anna.press("3")
    office.staff(RECEPTION).on_ring("busy")
    browser = office.staff(CLIENT)
    browser.expect_ring()
    legs = {call.to_number for call in office.calls() if call.direction == "outbound-dial"}
    assert ANNA not in legs
    accept(browser, "A call for the office from")
    talk(office, anna, browser)
