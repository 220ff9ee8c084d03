"""What the office keeps, sends and hands over: messages, texts, a partner, a reminder; and what happens where something fails."""

import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import copytree
from threading import Thread

import pytest
from flask import Flask
from office import FILE, RECEPTION, ROOT, Office, all_ways, open_office, walks
from sqlalchemy import text
from town import LINE, PHONE
from twilio.rest import Client
from visitors import SETTINGS

from app import database
from app.flow import Flow

SORRY = "We are sorry, something went wrong. Please call again later."


def leave_a_message(office: Office) -> None:
    office.at("2026-06-16 22:00")
    office.caller.call(LINE)
    office.caller.expect_beep()


@walks("message/recorded", "message: then", "thanks: then")
def test_a_message_is_recorded_until_the_hash_key(office: Office) -> None:
    leave_a_message(office)
    office.caller.speak("Please call me back.", seconds=4)
    office.sim.advance(4)
    office.caller.press("1")  # another key is part of the message
    office.sim.advance(1)
    assert office.caller.state["current_call"]["recording"]
    office.caller.press("#")
    office.caller.expect_say("Thank you. We will call you back.", within=1)
    office.finish()
    assert office.outcome == "voicemail"


def test_silence_ends_a_message(office: Office) -> None:
    leave_a_message(office)
    office.caller.speak("Good evening.", seconds=2)
    office.caller.expect_say("Thank you. We will call you back.", within=10)


def test_two_minutes_are_the_longest_message(office: Office) -> None:
    leave_a_message(office)
    office.caller.speak("And another thing.", seconds=500)
    office.sim.advance(119)
    assert office.caller.state["current_call"]["recording"]
    office.caller.expect_say("Thank you. We will call you back.", within=3)


def test_who_hangs_up_has_left_a_message_all_the_same(office: Office) -> None:
    leave_a_message(office)
    office.caller.speak("Never mind.", seconds=2)
    office.sim.advance(2)
    office.caller.hangup()
    office.sim.advance(30)
    assert office.outcome == "voicemail"
    assert office.alerts() == []


def test_who_says_nothing_is_thanked_too_and_let_go(office: Office) -> None:
    leave_a_message(office)
    office.finish()
    assert office.caller.said[-2:] == ["Thank you. We will call you back.", "Goodbye, and thank you for calling."]


def test_where_silence_is_not_recorded_the_call_goes_on_as_well(make_app: Callable[..., Flask]) -> None:
    with open_office(make_app, rules={"skip_silent_recordings": True}) as office:
        leave_a_message(office)
        office.finish()
        assert office.caller.said[-2:] == ["Thank you. We will call you back.", "Goodbye, and thank you for calling."]


@walks("menu: 4 or “address”", "address: then", "address_sent: then")
def test_the_address_comes_as_a_text_while_the_call_goes_on(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    office.caller.press("4")
    office.caller.expect_say("You will have it in a moment.")
    assert office.caller.expect_text("1 Harbour Street")["from"] == LINE
    office.finish()


@pytest.mark.parametrize("withheld", ["+266696687", "+7378742833"])
def test_who_hides_the_number_gets_no_text_and_the_call_goes_on(office: Office, withheld: str) -> None:
    phone = office.sim.phone(withheld)
    phone.call(LINE)
    phone.expect_say("For support")
    phone.press("4")
    phone.expect_say("You will have it in a moment.")
    phone.expect_hangup()
    assert phone.messages == []
    assert office.alerts() == []


@pytest.fixture
def partner() -> Iterator[str]:
    """The address of an application of somebody else's."""

    class Partner(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = b"<Response><Say>This is our partner.</Say></Response>"
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Partner)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/voice"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_partners_application_takes_the_call_over(make_app: Callable[..., Flask], partner: str, tmp_path: Path) -> None:
    folder = Path(copytree(ROOT / "flows", tmp_path / "flows"))
    written = (folder / "office.toml").read_text()
    assert written.count("https://partner.example.com/voice") == 1
    (folder / "office.toml").write_text(written.replace("https://partner.example.com/voice", partner))
    with open_office(make_app, str(folder / "office.toml")) as office:
        office.caller.call(LINE)
        office.caller.expect_say("For support")
        office.caller.press("9")
        office.caller.expect_say("This is our partner.")
        office.finish()


@walks("menu: 9")
def test_a_partner_who_is_not_there_is_a_sentence(office: Office) -> None:
    office.sim.fault("webhook", "dns", match="partner.example.com")
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    office.caller.press("9")
    office.caller.expect_say(SORRY)
    office.caller.expect_hangup()
    assert (("https://partner.example.com/voice", 11210)) in office.alerts()


def place_reminder(office: Office) -> None:
    """Call a customer; Twilio asks the step itself what to say, as /make_call?step=reminder has it."""
    switchboard = office.app.extensions["settings"].public_base_url
    client = Client(SETTINGS["twilio_account_sid"], SETTINGS["twilio_auth_token"])
    client.api.base_url = office.sim.url
    client.calls.create(to=PHONE, from_=LINE, url=f"{switchboard}/voice_url/reminder")
    client.http_client.session.close()


@walks("reminder/chosen", "reminder: 1")
def test_a_customer_who_is_reminded_speaks_to_reception_under_the_line(office: Office) -> None:
    place_reminder(office)
    office.caller.expect_say("You have an appointment tomorrow.")
    office.caller.press("1")
    office.caller.expect_say("One moment, please.")
    reception = office.staff(RECEPTION)
    assert reception.expect_ring()["from"] == LINE
    reception.answer()
    reception.expect_say(f"A call for the office from {' '.join(PHONE[1:])}.")
    reception.press("1")
    office.sim.settle()
    office.caller.speak("I cannot come.")
    reception.expect_speech("I cannot come.")


@walks("reminder: after 2 tries")
def test_a_customer_who_only_listens_hears_the_reminder_twice(office: Office) -> None:
    place_reminder(office)
    office.caller.expect_say("You have an appointment tomorrow.")
    office.finish()
    assert len(office.caller.said) == 3
    assert office.caller.said[0] == office.caller.said[1]
    assert office.caller.said[2].startswith("Goodbye")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("hours", "We are open Monday to Thursday"),
        ("  OPENING   Hours ", "We are open Monday to Thursday"),
        ("open", "We are open Monday to Thursday"),
        ("map", "Here is how you find us."),
        ("Order 12 boxes", "Thank you for your order."),
        ("order", "Thank you for your order."),
        ("orders", "Thank you for your text."),
        ("Is it far?", "Thank you for your text."),
        ("map please", "Thank you for your text."),
    ],
)
def test_each_text_gets_the_answer_of_its_keyword(office: Office, sent: str, answer: str) -> None:
    office.caller.text(LINE, sent)
    assert office.caller.expect_text("")["body"].startswith(answer)
    office.sim.advance(60)
    assert len([each for each in office.caller.messages if each["direction"] == "received"]) == 1


def test_the_map_is_a_picture_that_can_be_fetched(office: Office) -> None:
    office.caller.text(LINE, "Map")
    (picture,) = office.caller.expect_text("Here is how you find us.")["media"]
    fetched = office.sim._client.get(picture)
    assert fetched.headers["Content-Type"] == "image/png"
    assert fetched.content == (ROOT / "flows/pictures/map.png").read_bytes()


@pytest.mark.parametrize("kind", ["drop", "timeout", "refuse", "tls"])
def test_a_webhook_that_does_not_arrive_is_a_sentence_of_the_fallback(office: Office, kind: str) -> None:
    office.sim.fault("webhook", kind, match="/menu/chosen", count=2)  # the second try, too
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    office.caller.press("3")
    office.caller.expect_say(SORRY)
    office.caller.expect_hangup()


def test_a_database_that_is_gone_is_a_sentence_and_no_stack_trace(office: Office) -> None:
    office.caller.call(LINE)
    office.caller.expect_say("For support")
    with office.app.app_context():
        database.write(lambda connection: connection.execute(text("ALTER TABLE calls RENAME TO gone")))
    office.caller.press("3")
    office.caller.expect_say(SORRY)
    office.caller.expect_hangup()
    assert not [entry for entry in office.sim.requests() if "Traceback" in entry["body"]]


def test_a_step_that_is_not_there_any_more_is_a_sentence(office: Office) -> None:
    switchboard = office.app.extensions["settings"].public_base_url
    office.sim.point(voice_url=f"{switchboard}/voice_url/yesterday")
    office.caller.call(LINE)
    office.caller.expect_say(SORRY)
    office.finish()


def test_every_way_through_the_office_is_walked_by_a_test() -> None:
    folder = Path(__file__).parent
    modules = [__import__(path.stem) for path in sorted(folder.glob("test_office_*.py"))]
    walked = {way for module in modules for test in vars(module).values() for way in getattr(test, "walks", ())}
    assert all_ways(Flow(ROOT / FILE)) - walked == set()
    assert walked - all_ways(Flow(ROOT / FILE)) == set()


def test_the_office_has_all_ten_verbs_of_the_guide() -> None:
    kinds = {step.get("kind", "say") for step in tomllib.loads((ROOT / FILE).read_text())["steps"].values()}
    assert {"say", "menu", "reject", "dial", "queue", "conference", "voicemail", "sms", "redirect", "hangup"} <= kinds
