"""A caller leaves a message; the operator hears it in Chromium, moves about in it, and deletes it."""

import re

import httpx
import pytest
from playwright.sync_api import expect

WORDS = "please call me back as soon as you can"
FLOW = """
[steps.start]
kind = "voicemail"
say = "Leave a message."
transcribe = true
"""
PLAY = """async (player) => {
  player.muted = true;
  await player.play();
  while (!(player.currentTime > 0.1)) await new Promise((done) => player.addEventListener("timeupdate", done, { once: true }));
}"""
SEEK = """async (player) => {
  player.pause();
  player.currentTime = 4;
  await new Promise((done) => player.addEventListener("seeked", done, { once: true }));
}"""


@pytest.fixture(scope="module")
def office(start, tmp_path_factory):
    """A system that takes messages."""
    flow = tmp_path_factory.mktemp("flow") / "flow.toml"
    flow.write_text(FLOW)
    with start(FLOW_FILE=str(flow), SIMULATOR_SPEED="3") as system:
        yield system


@pytest.fixture
def left(office, eventually):
    """The message of somebody who has just left one, as the operator's script sees it."""
    phone = f"{office.simulator}/phones/{office.default_phone}"
    with httpx.Client(trust_env=False) as web:
        web.post(f"{phone}/call", json={"to": office.line}).raise_for_status()
        eventually(lambda: [line["verb"] for line in web.get(phone).json()["transcript"]], lambda verbs: "Beep" in verbs)
        web.post(f"{phone}/speak", json={"text": WORDS, "seconds": 6}).raise_for_status()

        def messages():
            return web.get(f"{office.url}/recordings", auth=("operator", office.password)).raise_for_status().json()["recordings"]

        (message,) = eventually(messages, lambda found: found and found[0]["transcription"] and found[0]["duration"])
        return message


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_message_is_heard_moved_about_in_and_deleted(office, left, browse):
    page = browse(office.url).new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer) if answer.url.endswith("/audio") else None)
    page.goto(f"{office.url}/recordings")
    page.get_by_label("The operator's password").fill(office.password)
    page.get_by_role("button", name="Sign in").click()
    message = page.locator("article")
    expect(message).to_contain_text(WORDS)
    expect(message).to_contain_text(office.default_phone)
    assert answers == []  # nothing is fetched before somebody wants to hear it

    player = page.locator("audio")
    player.evaluate(PLAY)
    player.evaluate(SEEK)
    assert player.evaluate("player => player.currentTime") == pytest.approx(4, abs=0.1)
    assert player.evaluate("player => player.duration") == pytest.approx(left["duration"], abs=1)
    assert player.evaluate("player => player.seekable.end(0)") > 5
    assert {answer.status for answer in answers} == {206}
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]

    message.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete this recording?")
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/recordings$"))
    expect(page.get_by_text("No recordings yet.")).to_be_visible()
    page.goto(f"{office.url}/recordings/{left['sid']}")
    expect(page.get_by_text("Deleted on")).to_be_visible()
    expect(page.locator("audio")).to_have_count(0)
