"""The office's queue and its conference: those who wait, those who take them, and those who meet."""

import pytest
from office import BEN, RECEPTION, Office, walks
from town import LINE, PHONE

from simulator.driver import Handset

SECOND = "+15550007777"


def wait_for_support(office: Office, number: str = PHONE) -> Handset:
    phone = office.sim.phone(number)
    phone.call(LINE)
    phone.expect_say("For support")
    phone.press("1")
    phone.expect_say("Please hold the line for the next free colleague.")
    phone.expect_say("in the queue.")
    return phone


def take_next(office: Office) -> Handset:
    ben = office.staff(BEN)
    ben.call(LINE)
    ben.expect_say("To take the next caller")
    ben.press("1")
    ben.expect_say("Connecting you to the next caller.")
    return ben


def join_conference(office: Office, number: str = PHONE) -> Handset:
    phone = office.sim.phone(number)
    phone.call(LINE)
    phone.expect_say("For support")
    phone.press("5")
    phone.expect_say("Please enter the PIN")
    return phone


@walks("menu: 1 or “support”", "support/waiting")
def test_who_waits_hears_the_place_in_the_queue_and_music_again_and_again(office: Office) -> None:
    first, second = wait_for_support(office), wait_for_support(office, SECOND)
    assert [first.said[-1], second.said[-1]] == ["You are number 1 in the queue.", "You are number 2 in the queue."]
    second.expect_play("/files/")
    second.expect_say("You are number 2 in the queue.")
    first.hangup()
    second.expect_say("You are number 1 in the queue.")
    assert office.alerts() == []


@walks("staff_menu: 1", "take/found", "take/dialled", "take: then", "nobody_waits: then", "support/left", "support: after the talk")
def test_a_colleague_takes_the_caller_who_has_waited_longest(office: Office) -> None:
    first, second = wait_for_support(office), wait_for_support(office, SECOND)
    ben = take_next(office)
    office.sim.advance(5)
    ben.speak("Support, this is Ben.")
    first.expect_speech("Support, this is Ben.")
    second.expect_say("You are number 1 in the queue.")
    assert first.state["current_call"]["queue"] is None
    first.hangup()
    ben.expect_say("That is all for now.")
    ben.expect_hangup()
    outcomes = {call.from_number: call.outcome for call in office.calls()}
    assert outcomes[PHONE] == "connected"
    assert outcomes[SECOND] == "missed"
    assert office.alerts() == []


def test_the_colleague_ends_the_talk_and_the_caller_hears_goodbye(office: Office) -> None:
    wait_for_support(office)
    ben = take_next(office)
    office.sim.advance(5)
    ben.hangup()
    office.caller.expect_say("Goodbye, and thank you for calling.")
    office.finish()
    assert {call.outcome for call in office.calls() if call.from_number == PHONE} == {"connected"}


def test_a_colleague_waits_for_somebody_to_come(office: Office) -> None:
    wait_for_support(office).hangup()  # or else there is no such queue yet
    ben = take_next(office)
    office.sim.advance(10)
    second = office.sim.phone(SECOND)
    second.call(LINE)
    second.expect_say("For support")
    second.press("1")
    office.sim.advance(10)
    second.speak("At last!")
    ben.expect_speech("At last!")


def test_nobody_waits(office: Office) -> None:
    wait_for_support(office).hangup()
    ben = take_next(office)
    ben.expect_say("That is all for now.")
    ben.expect_hangup()
    assert office.alerts() == []


def test_nobody_ever_waited(office: Office) -> None:
    ben = take_next(office)  # Twilio warns that there is no such queue
    ben.expect_say("That is all for now.")
    ben.expect_hangup()


@walks("support: waited too long", "still_waiting/chosen", "still_waiting: 1")
def test_who_waited_too_long_may_leave_a_message(office: Office) -> None:
    wait_for_support(office)
    office.caller.expect_say("All colleagues are still busy.", within=150)
    office.caller.press("1")
    office.caller.expect_say("Please leave a message")
    office.caller.expect_beep()
    office.caller.speak("It is about my bill.")
    office.finish()
    assert office.outcome == "voicemail"


@walks("still_waiting: 2")
def test_who_waited_too_long_may_go_on_waiting(office: Office) -> None:
    wait_for_support(office)
    office.caller.expect_say("All colleagues are still busy.", within=150)
    office.caller.press("2")
    office.caller.expect_say("You are number 1 in the queue.")
    office.sim.advance(30)
    ben = take_next(office)
    office.sim.advance(5)
    ben.speak("Support.")
    office.caller.expect_speech("Support.")


@walks("still_waiting: after 2 tries")
def test_who_waited_too_long_and_says_nothing_is_asked_for_a_message(office: Office) -> None:
    wait_for_support(office)
    office.caller.expect_say("All colleagues are still busy.", within=150)
    office.caller.expect_say("All colleagues are still busy.")
    office.caller.expect_say("Please leave a message")
    assert office.outcome == "missed"


def test_who_hangs_up_while_waiting_leaves_the_queue_and_was_missed(office: Office) -> None:
    wait_for_support(office)
    office.caller.hangup()
    office.sim.advance(300)
    assert office.outcome == "missed"
    assert office.alerts() == []
    assert office.caller.said[-1] == "You are number 1 in the queue."


def test_a_fault_while_waiting_is_a_sentence_and_not_a_stack_trace(office: Office) -> None:
    office.sim.fault("webhook", "status", match="/waiting", status=502)
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    office.caller.press("1")
    office.caller.expect_say("We are sorry, something went wrong.")


@walks("menu: 5 or “conference”", "conference/pin", "conference/waiting", "conference/left")
def test_the_right_pin_opens_the_conference_where_two_hear_each_other(office: Office) -> None:
    one = join_conference(office)
    one.press("2468")
    one.expect_say("You are joining the conference.")
    one.expect_play("/files/")  # the music of who waits alone
    two = join_conference(office, SECOND)
    two.press("2468#")
    two.expect_say("You are joining the conference.")
    office.sim.advance(3)
    two.speak("Good morning.")
    one.expect_speech("Good morning.")
    one.speak("Good morning to you.")
    two.expect_speech("Good morning to you.")
    one.press("*")  # leaves it
    one.expect_hangup()
    two.hangup()
    office.sim.advance(5)
    assert office.alerts() == []
    assert {call.outcome for call in office.calls()} == {"connected"}


def test_a_wrong_pin_is_asked_for_again_and_then_right(office: Office) -> None:
    phone = join_conference(office)
    phone.press("1357")
    phone.expect_say("That is not the PIN.")
    phone.expect_say("Please enter the PIN")
    phone.press("2468")
    phone.expect_say("You are joining the conference.")


@walks("conference: no PIN")
@pytest.mark.parametrize("pin", ["1357", "24#", ""])
def test_three_wrong_pins_or_none_keep_the_door_shut(office: Office, pin: str) -> None:
    phone = join_conference(office)
    for last in (False, False, True):
        if pin:
            phone.press(pin)
        phone.expect_say("That is not the PIN.")
        if not last:
            phone.expect_say("Please enter the PIN")
    phone.expect_say("Goodbye")
    office.finish()
    assert "You are joining the conference." not in phone.said
    assert phone.said.count("Please enter the PIN of the conference.") == 3


def test_the_pin_is_in_no_document_and_no_address(office: Office) -> None:
    phone = join_conference(office)
    phone.press("1357")
    phone.expect_say("That is not the PIN.")
    assert not [entry for entry in office.sim.requests() if "2468" in entry["body"] + entry["url"]]


def test_reception_too_must_know_the_pin(office: Office) -> None:
    phone = office.staff(RECEPTION)
    phone.call(LINE)
    phone.expect_say("To take the next caller")
    phone.press("2")
    phone.expect_say("Please enter the PIN")
    phone.press("0000")
    phone.expect_say("That is not the PIN.")
