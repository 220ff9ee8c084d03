"""The office in Chromium, as its callers, colleagues and operator use it by hand; its pictures are the README's tour."""

import os
import re
import shutil
from pathlib import Path

import pytest
from pages import until
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
CALLER, RECEPTION, LINE = "+442079460123", "+15550003333", "+15550001111"


@pytest.fixture(scope="module")
def system(start, tmp_path_factory):
    """The office as it comes, but open at any hour: nobody knows when the tests run."""
    flows = shutil.copytree(ROOT / "flows", tmp_path_factory.mktemp("office") / "flows")
    office = flows / "office.toml"
    text = office.read_text()
    for line, always in (
        (r"^open = \[.*\]$", 'open = ["Mon-Sun 00:00-24:00"]'),
        (r"^closed = \[.*\].*$", ""),
        (r"^public_holidays = .*$", ""),
    ):
        text, number = re.subn(line, always, text, flags=re.MULTILINE)
        assert number == 1, line
    office.write_text(text)
    with start(FLOW_FILE=str(office), SIMULATOR_SPEED="5") as system:
        yield system


@pytest.fixture
def phones(browse, system):
    """The phones of a caller and of the reception, side by side."""
    page = browse(system.simulator).new_page()
    page.goto(f"{system.simulator}/?phone=%2B{CALLER[1:]}&phone=%2B{RECEPTION[1:]}")
    cards = [page.locator(f'article[data-number="{number}"]') for number in (CALLER, RECEPTION)]
    for card in cards:
        expect(card).to_contain_text("Idle")
    return cards


@pytest.fixture
def console(browse, system):
    """The operator's browser, signed in."""
    page = browse(system.url).new_page()
    page.goto(system.url)
    page.get_by_label("The operator's password").fill(system.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Make a call")).to_be_visible()
    return page


def call(card):
    card.get_by_label("Number to call").fill(LINE)
    card.get_by_role("button", name="Call", exact=True).click()


def press(card, key):
    card.get_by_role("button", name=key, exact=True).click()


def transcript(card):
    return card.get_by_role("log", name="Transcript")


def say(card, words):
    card.get_by_label("Say into the phone").fill(words)
    card.get_by_role("button", name="Speak").click()


def picture(page, name, height, top=0):
    """Take the README's picture anew, where PICTURES=1 asks for it."""
    if os.environ.get("PICTURES"):
        part = {"x": 0, "y": top, "width": 1280, "height": height}
        page.screenshot(path=PICTURES / name, clip=part, full_page=True, animations="disabled")


def test_a_caller_is_put_through_to_the_reception(phones, console, system):
    caller, reception = phones
    call(caller)
    expect(transcript(caller)).to_contain_text("Welcome to Harbour Street Office.")
    press(caller, "3")
    reception.get_by_role("button", name="Answer").click()
    expect(transcript(reception)).to_contain_text("Press 1 to take it.")
    press(reception, "1")
    say(reception, "Harbour Street Office, good morning.")
    expect(transcript(caller)).to_contain_text("good morning")
    picture(caller.page, "office-call.png", 760)
    reception.get_by_role("button", name="Hang up").click()
    expect(transcript(caller)).to_contain_text("Goodbye, and thank you for calling.")
    expect(caller).to_contain_text("Idle")
    console.goto(system.url)
    expect(console.locator("#activity")).to_contain_text(CALLER)


def test_a_message_that_a_caller_leaves_is_heard_in_the_console(phones, console, system):
    caller, reception = phones
    reception.get_by_label("When it rings").select_option("machine")
    call(caller)
    expect(transcript(caller)).to_contain_text("For support, press 1.")
    press(caller, "3")
    expect(transcript(caller)).to_contain_text("Please leave a message after the tone")
    caller.get_by_label("Say into the phone").fill("Please call me back about the boat.")
    expect(caller.get_by_role("status").filter(has_text="Record")).to_be_visible()
    caller.get_by_role("button", name="Speak").click()
    expect(transcript(caller)).to_contain_text("Thank you. We will call you back.")  # after five seconds of silence
    expect(reception.get_by_role("log", name="Text messages")).to_contain_text("the boat")
    console.goto(f"{system.url}/recordings")
    expect(console.get_by_role("main")).to_contain_text("Please call me back about the boat.")
    console.locator("audio").first.evaluate("sound => sound.play()")
    until(console, "document.querySelector('audio').currentTime > 0")
    picture(console, "recordings.png", 250)


def test_the_flow_is_drawn(console, system):
    console.goto(f"{system.url}/flow")
    drawing = console.locator("svg").first
    expect(drawing).to_be_visible()
    expect(console.get_by_role("main")).to_contain_text("still_waiting")
    picture(console, "flow.png", 1160, top=190)
