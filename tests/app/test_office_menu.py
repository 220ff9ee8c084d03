"""The office, from the first ring to the end of its menu: who is let in, when, and by which key or word."""

import pytest
from office import BEN, RECEPTION, Office, walks
from town import LINE


@pytest.mark.parametrize("number", ["+15550009999", "+19005550001"])
@walks("screen: listed")
def test_a_blocked_caller_meets_a_busy_line_that_never_answers(office: Office, number: str) -> None:
    phone = office.sim.phone(number)
    phone.call(LINE)
    office.sim.advance(10)
    last = phone.state["last_call"]
    assert (last["status"], last["answered_at"]) == ("busy", None)
    assert phone.transcript == []
    assert [call.status for call in office.calls()] == ["busy"]


def test_a_number_that_only_looks_like_a_blocked_one_gets_in(office: Office) -> None:
    phone = office.sim.phone("+15550009998")
    phone.call(LINE)
    phone.expect_say("Welcome to Harbour Street Office.")


@walks("screen: others", "staff: others", "opening: open", "welcome: then")
def test_in_opening_hours_a_caller_is_welcomed_with_music_and_the_menu(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_play("/files/")
    welcome = office.caller.expect("Say", "Welcome to Harbour Street Office.")
    assert (welcome["voice"], welcome["language"]) == ("Polly.Amy", "en-GB")
    office.caller.expect_say("For support, press 1.")
    office.caller.expect_say("For the conference room, press 5.")
    assert office.alerts() == []


@pytest.mark.parametrize(
    ("moment", "heard"),
    [
        ("2026-06-16 08:59:59", "The office is closed."),
        ("2026-06-16 09:00", "Welcome to Harbour Street Office."),
        ("2026-06-16 17:29:59", "Welcome to Harbour Street Office."),
        ("2026-06-16 17:30", "The office is closed."),
        ("2026-06-19 16:00", "The office is closed."),
        ("2026-06-20 12:00", "The office is closed."),
        ("2026-12-24 12:00", "Today is a holiday"),
        ("2027-12-31 12:00", "Today is a holiday"),
        ("2026-12-28 12:00", "Today is a holiday"),  # the day after Boxing Day, which is a Saturday
        ("2026-03-30 09:00", "Welcome to Harbour Street Office."),  # the first day of summer time; 08:00 UTC
        ("2026-10-26 17:29", "Welcome to Harbour Street Office."),  # the first day of winter time; 17:29 UTC
    ],
)
def test_the_hours_and_holidays_decide_what_is_heard(office: Office, moment: str, heard: str) -> None:
    office.at(moment)
    office.caller.call(LINE)
    office.caller.expect_say(heard)


@walks("opening: closed", "after_hours: then")
def test_outside_the_hours_a_message_can_be_left(office: Office) -> None:
    office.at("2026-06-16 22:00")
    office.caller.call(LINE)
    office.caller.expect_say("We are here from Monday to Friday")
    office.caller.expect_say("Please leave a message")
    office.caller.expect_beep()


@walks("opening: holiday", "holiday: then")
def test_on_a_holiday_a_message_can_be_left(office: Office) -> None:
    office.at("2026-12-25 10:00")
    office.caller.call(LINE)
    office.caller.expect_say("Today is a holiday")
    office.caller.expect_say("Please leave a message")
    office.caller.expect_beep()


KEYS = [
    ("1", "Please hold the line"),
    ("2", "We are ringing the sales desk."),
    ("3", "One moment, please."),
    ("4", "You will have it in a moment."),
    ("5", "Please enter the PIN"),
    ("0", "Goodbye, and thank you for calling."),
]


@pytest.mark.parametrize(("key", "heard"), KEYS)
@walks("menu/chosen")
def test_each_key_of_the_menu_leads_where_it_says(office: Office, key: str, heard: str) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For the conference room, press 5.")
    office.caller.press(key)
    office.caller.expect_say(heard)
    (label,) = (edge.label for edge in office.switch.flow.places["menu"].step.edges() if edge.label.startswith(key))
    assert f"menu: {label}" in office.switch.walked


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("The operator, please!", "One moment, please."),
        ("RECEPTION", "One moment, please."),
        ("I would like to speak to somebody", "One moment, please."),
        ("help", "Please hold the line"),
        ("Could I have your address", "You will have it in a moment."),
        ("Sales", "We are ringing the sales desk."),
        ("the conference", "Please enter the PIN"),
        ("salespeople", "That is no choice of this menu."),
    ],
)
def test_the_menu_understands_words_wherever_they_stand(office: Office, words: str, heard: str) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For the conference room, press 5.")
    office.caller.speak(words)
    office.caller.expect_say(heard)


@walks("menu: 3 or “reception”")
def test_who_knows_the_way_presses_the_key_while_the_welcome_is_playing(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_play()
    office.caller.press("3")
    office.caller.expect_say("One moment, please.")
    assert "For support, press 1." not in office.caller.said


@pytest.mark.parametrize("wrong", ["8", "*", "#"])
def test_a_wrong_key_is_named_so_and_the_menu_is_heard_again(office: Office, wrong: str) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For the conference room, press 5.")
    office.caller.press(wrong)
    office.caller.expect_say("That is no choice of this menu.")
    office.caller.expect_say("For support, press 1.")
    office.caller.press("0")
    office.caller.expect_say("Goodbye")
    office.finish()


@walks("menu: after 3 tries", "give_up: then", "goodbye: then")
def test_silence_is_asked_three_times_and_then_let_go_kindly(office: Office) -> None:
    office.caller.call(LINE)
    office.finish()
    said = office.caller.said
    assert [said.count(words) for words in ("For support, press 1.", "We did not hear you.")] == [3, 2]
    assert said[-2:] == ["We are sorry that we could not help you.", "Goodbye, and thank you for calling."]
    assert office.outcome is None


def test_three_wrong_tries_of_any_kind_end_the_menu(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For the conference room")
    office.caller.press("7")
    office.caller.expect_say("For the conference room")
    office.caller.speak("what was that")
    office.caller.expect_say("For the conference room")
    office.finish()
    assert office.caller.said[-2:] == ["We are sorry that we could not help you.", "Goodbye, and thank you for calling."]


@walks("menu: 0")
def test_goodbye_is_said_by_another_voice(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_play()
    office.caller.press("0")
    assert office.caller.expect("Say", "Goodbye")["voice"] == "Polly.Brian"
    office.finish()


def test_who_hangs_up_in_the_menu_leaves_nothing_behind(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    office.caller.hangup()
    office.sim.advance(60)
    assert office.alerts() == []
    assert [(call.status, call.outcome) for call in office.calls()] == [("completed", None)]


@walks("staff: listed", "staff_menu: after 3 tries", "staff_menu/chosen")
def test_a_colleague_gets_the_menu_of_the_staff_also_when_it_is_closed(office: Office) -> None:
    office.at("2026-06-20 12:00")
    reception = office.staff(RECEPTION)
    reception.call(LINE)
    reception.expect_say("To take the next caller, press 1.")
    reception.expect_hangup()
    assert reception.said.count("To take the next caller, press 1. For the conference room, press 2.") == 3
    assert office.alerts() == []


@walks("staff_menu: 2")
def test_a_colleague_goes_to_the_conference(office: Office) -> None:
    ben = office.staff(BEN)
    ben.call(LINE)
    ben.expect_say("To take the next caller")
    ben.press("2")
    ben.expect_say("Please enter the PIN")
