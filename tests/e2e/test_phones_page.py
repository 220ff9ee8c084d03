"""The phones in Chromium, on virtual time: what a person sees, hears and does, by pointer and by keyboard."""

import base64
import re
from urllib.parse import urlsplit

import pytest
from pages import until
from playwright.sync_api import expect
from twilio.rest import Client

from simulator.driver import Simulator

LINE, PHONE, OTHER = "+15550001111", "+15550002222", "+15550004444"
LONG = '<Response><Pause length="600"/></Response>'
MENU = (
    '<Response><Gather action="/menu" numDigits="1" timeout="30"><Say voice="Polly.Mathieu" language="fr-FR">'
    "Tapez un.</Say></Gather><Say>Goodbye</Say></Response>"
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ffab8e1e5a"
    "0000000049454e44ae426082"
)
# What the browser would let sound, written down: the page itself is not touched.
LISTEN = """
window.heard = { tones: [], words: [], files: [] };
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.heard.tones.push(this.frequency.value);
  return start.apply(this, when);
};
speechSynthesis.speak = (utterance) => {
  window.heard.words.push([utterance.text, utterance.lang]);
  setTimeout(() => utterance.onend?.(new Event('end')), 0);
};
HTMLMediaElement.prototype.play = function () {
  window.heard.files.push(this.src);
  setTimeout(() => this.dispatchEvent(new Event('ended')), 0);
  return Promise.resolve();
};
"""


@pytest.fixture
def client(bench):
    client = Client("AC" + "1" * 32, "key-of-the-tests")
    client.api.base_url = bench.sim.url
    client.http_client.session.trust_env = False
    yield client
    client.http_client.session.close()


@pytest.fixture
def page(bench):
    """The page of the phones with two of them."""
    bench.context.add_init_script(LISTEN)
    page = bench.open(f"/?phone=%2B{PHONE[1:]}&phone=%2B{OTHER[1:]}")
    for number in (PHONE, OTHER):
        expect(bench.card(number)).to_contain_text("Idle")
    return page


def ring(client, to=PHONE, twiml=LONG):
    return client.calls.create(to=to, from_=LINE, twiml=twiml)


def transcript(card):
    return card.get_by_role("log", name="Transcript")


def test_a_phone_rings_until_it_is_answered_and_the_call_is_timed(bench, page, client):
    page.get_by_role("heading", name="Phones").click()  # browsers are silent before the first gesture
    ring(client)
    card = bench.card(PHONE)
    expect(card).to_contain_text("Ringing")
    expect(page).to_have_title(re.compile("Ringing"))
    until(page, "heard.tones.includes(440) && heard.tones.includes(480)")
    bench.sim.advance(30)
    card.get_by_role("button", name="Answer").click()
    expect(card).to_contain_text("In call")
    bench.sim.advance(75)
    ring(client)  # busy now: whatever happens, the page looks again
    card.get_by_role("button", name="2", exact=True).click()
    expect(card.get_by_role("timer")).to_have_text("01:15")
    card.get_by_role("button", name="Hang up").click()
    expect(card).to_contain_text("Last call: completed")
    expect(page).not_to_have_title(re.compile("Ringing"))


def test_a_rejected_call_ends_as_busy(bench, page, client):
    call = ring(client)
    bench.card(PHONE).get_by_role("button", name="Reject").click()
    expect(bench.card(PHONE)).to_contain_text("Last call: busy")
    assert client.calls(call.sid).fetch().status == "busy"


def test_a_menu_is_spoken_and_a_key_sounds_and_is_answered(bench, page):
    bench.answer("/voice", MENU)
    bench.answer("/menu", "<Response><Say>Sales</Say></Response>")
    card = bench.card(PHONE)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text("Tapez un.")
    until(page, "heard.words.length == 1")
    assert page.evaluate("heard.words") == [["Tapez un.", "fr-FR"]]
    bench.sim.advance(3)
    expect(card.get_by_role("status").filter(has_text="Gather")).to_contain_text("30 s")
    card.get_by_role("button", name="5", exact=True).click()
    until(page, "heard.tones.includes(770) && heard.tones.includes(1336)")
    expect(transcript(card)).to_contain_text("Sales")
    assert bench.sim.requests()[-1]["url"].endswith("/menu")
    assert ["Digits", "5"] in bench.sim.requests()[-1]["params"]
    until(page, "heard.words.length == 2")


def test_say_is_silent_where_a_person_switched_it_off_and_stays_so(bench, page):
    page.get_by_role("button", name="Say aloud").click()
    page.reload()
    expect(page.get_by_role("button", name="Say aloud")).to_have_attribute("aria-pressed", "false")
    bench.answer("/voice", "<Response><Say>Hello</Say></Response>")
    card = bench.card(PHONE)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text("Hello")
    assert page.evaluate("heard.words") == []


def test_a_file_is_played(bench, page):
    bench.answer("/voice", "<Response><Play>/song.mp3</Play></Response>")
    bench.answer("/song.mp3", "ID3", "audio/mpeg")
    card = bench.card(PHONE)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card).get_by_role("link", name="song.mp3")).to_have_attribute("href", f"{bench.url}/song.mp3")
    until(page, "heard.files.length == 1")
    assert page.evaluate("heard.files") == [f"{bench.url}/song.mp3"]


def test_a_voicemail_beeps_and_shows_that_it_records(bench, page):
    bench.answer("/voice", '<Response><Say>Speak.</Say><Record maxLength="60" timeout="20" action="/done"/></Response>')
    bench.answer("/done", "<Response><Say>Thanks</Say></Response>")
    card = bench.card(PHONE)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text("Speak.")
    bench.sim.advance(2)
    expect(transcript(card)).to_contain_text("Beep")
    until(page, "heard.tones.includes(1000)")
    card.get_by_label("Say into the phone").fill("Please call me back")
    card.get_by_role("button", name="Speak").click()
    expect(transcript(card)).to_contain_text("Please call me back")
    expect(card.get_by_title("Recording")).to_be_visible()
    card.get_by_role("button", name="hash").click()
    expect(transcript(card)).to_contain_text("Thanks")
    expect(card.get_by_title("Recording")).to_be_hidden()
    assert "RecordingUrl" in dict(bench.sim.requests()[-1]["params"])


def test_two_phones_talk_with_each_other(bench, page):
    bench.answer("/voice", f"<Response><Dial>{OTHER}</Dial></Response>")
    caller, called = bench.card(PHONE), bench.card(OTHER)
    caller.get_by_role("button", name="Call", exact=True).click()
    called.get_by_role("button", name="Answer").click()
    expect(caller).to_contain_text("In call")
    caller.get_by_label("Say into the phone").fill("Is that you?")
    page.keyboard.press("Enter")
    expect(transcript(called)).to_contain_text("Is that you?")
    until(page, "heard.words.some(([words]) => words == 'Is that you?')")
    called.get_by_role("button", name="Hang up").click()
    expect(called).to_contain_text("Last call")


def test_a_text_with_a_picture_goes_and_one_comes(bench, page):
    bench.answer("/sms", f"<Response><Message><Body>Nice</Body><Media>{bench.url}/pic.png</Media></Message></Response>")
    bench.answer("/pic.png", PIXEL, "image/png")
    card = bench.card(PHONE)
    thread = card.get_by_role("log", name="Text messages")
    with page.expect_file_chooser() as chooser:
        card.get_by_role("button", name="Add a picture").click()
    chooser.value.set_files({"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL})
    expect(card.get_by_text("dot.png")).to_be_visible()
    card.get_by_label("Your text").fill("Look")
    card.get_by_role("button", name="Send").click()
    expect(thread).to_contain_text("Look")
    bench.sim.advance(5)
    expect(thread).to_contain_text("Nice")
    for picture in thread.get_by_role("img").all():
        expect(picture).to_have_js_property("naturalWidth", 1)
    assert thread.get_by_role("img").count() == 2
    assert ["NumMedia", "1"] in bench.sim.requests()[0]["params"]


def test_it_all_works_with_the_keyboard_alone(bench, page, client):
    bench.answer("/voice", MENU)
    bench.answer("/menu", "<Response><Say>Sales</Say></Response>")
    press = page.keyboard.press
    press("n")
    page.keyboard.type("alice")
    press("Enter")
    card = bench.card("client:alice")
    expect(card).to_be_focused()
    expect(card).to_contain_text("Idle")
    press("d")
    expect(card.get_by_label("Number to call")).to_be_focused()
    press("Enter")
    expect(transcript(card)).to_contain_text("Tapez un.")
    expect(card).to_be_focused()  # the field is gone, the phone is not
    press("1")
    expect(transcript(card)).to_contain_text("Sales")
    press("h")
    expect(card).to_contain_text("Last call")
    press("t")
    page.keyboard.type("hello")
    press("Enter")
    expect(card.get_by_role("log", name="Text messages")).to_contain_text("hello")
    press("Escape")
    expect(card).to_be_focused()
    press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    press("Escape")
    bench.card(PHONE).focus()
    ring(client)
    expect(bench.card(PHONE)).to_contain_text("Ringing")
    press("a")
    expect(bench.card(PHONE)).to_contain_text("In call")
    press("s")
    expect(bench.card(PHONE).get_by_label("Say into the phone")).to_be_focused()


def test_tab_reaches_every_control_in_the_order_in_which_it_is_seen(bench, page):
    bench.card(PHONE).focus()
    reached = []
    while len(reached) < 10:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText).trim()")
        )
    assert reached[0].startswith("Put phone")
    for name in ("Call", "Add a picture", "Send"):
        assert name in reached
    tops = page.evaluate(
        "[...document.querySelector('.handset').querySelectorAll('button, input, select')]"
        ".filter((node) => node.offsetParent && node.tabIndex >= 0).map((node) => node.getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)


def test_open_phones_are_remembered_and_stand_in_the_address(bench, page):
    expect(page).to_have_url(re.compile(f"phone=%2B{PHONE[1:]}&phone=%2B{OTHER[1:]}$"))
    bench.card(OTHER).get_by_role("button", name=re.compile("Put phone")).click()
    expect(page).to_have_url(re.compile(f"phone=%2B{PHONE[1:]}$"))
    bench.open("/")
    expect(bench.card(PHONE)).to_contain_text("Idle")
    expect(bench.card(OTHER)).to_have_count(0)
    page.get_by_role("button", name="+1 555 000 4444").click()
    expect(bench.card(OTHER)).to_be_visible()


def test_a_client_calls_whom_its_application_knows(bench, page):
    bench.answer("/voice", "<Response><Say>Hello Alice</Say></Response>")
    page.get_by_label("Number or name of a phone").fill("alice")
    page.get_by_role("button", name="Add phone").click()
    card = bench.card("client:alice")
    card.get_by_label("Number to call").fill("help-desk")
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text("Hello Alice")
    params = dict(bench.sim.requests()[0]["params"])
    assert (params["From"], params["To"]) == ("client:alice", "help-desk")


def test_what_a_phone_cannot_do_is_said_in_words(bench, page):
    for text, sentence in (("nobody here", "Write a number"), (LINE, "your application answers it")):
        page.get_by_label("Number or name of a phone").fill(text)
        page.get_by_role("button", name="Add phone").click()
        expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    card = bench.card(PHONE)
    card.get_by_label("Number to call").fill("+15550009999")
    card.get_by_role("button", name="Call", exact=True).click()
    expect(card.get_by_role("alert").filter(has_text="not a number of the account")).to_be_visible()


def test_what_a_phone_does_unattended_is_chosen_and_kept(bench, page):
    card = bench.card(PHONE)
    card.get_by_label("When it rings").select_option("machine")
    card.get_by_label("When a text comes").select_option("off")
    page.reload()
    expect(card.get_by_label("When it rings")).to_have_value("machine")
    expect(card.get_by_label("When a text comes")).to_have_value("off")
    state = bench.sim.phone(PHONE).state
    assert (state["on_ring"], state["on_text"]) == ("machine", "off")


def test_past_calls_are_listed_with_what_was_said(bench, page):
    bench.answer("/voice", "<Response><Say>First</Say></Response>")
    card = bench.card(PHONE)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text("First")
    bench.sim.advance(5)
    bench.answer("/voice", "<Response><Say>Second</Say></Response>")
    expect(card).to_contain_text("Last call")
    card.get_by_text("Calls", exact=True).click()
    past = card.get_by_role("listitem")
    expect(past).to_have_count(1)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text("Second")
    bench.sim.advance(5)
    expect(past).to_have_count(2)
    past.last.locator("summary").click()
    expect(past.last).to_contain_text("First")


def test_many_phones_ring_over_one_connection(bench, page, client):
    numbers = [f"+1555000300{number}" for number in range(9)]
    for number in numbers:
        page.get_by_label("Number or name of a phone").fill(number)
        page.get_by_role("button", name="Add phone").click()
        expect(bench.card(number)).to_contain_text("Idle")
    for number in numbers:
        ring(client, to=number)
    bench.sim.advance(15)
    for number in numbers:
        expect(bench.card(number)).to_contain_text("Ringing")


def test_a_lost_line_is_said_and_found_again(browse):
    account = ("AC" + "1" * 32, "key-of-the-tests", [LINE])
    with Simulator(*account) as sim:
        page = browse("nowhere").new_page()  # a browser complains of what it cannot reach
        page.goto(f"{sim.url}/?phone=%2B{PHONE[1:]}")
        card = page.locator("article")
        expect(card).to_contain_text("Idle")
        sim.phone(PHONE).text(LINE, "from the past")
        expect(card).to_contain_text("from the past")
    expect(page.get_by_text("The simulator does not answer.")).to_be_visible()
    expect(card).to_contain_text("Connecting")
    with Simulator(*account, port=urlsplit(sim.url).port):
        expect(card).to_contain_text("Idle")
        expect(page.get_by_text("The simulator does not answer.")).to_be_hidden()
        expect(card).not_to_contain_text("from the past")


def test_a_strangers_text_and_voice_are_shown_and_never_run(bench, page):
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    escaped = nasty.replace("&", "&amp;").replace("<", "&lt;")
    bench.answer("/voice", f"<Response><Say>{escaped}</Say></Response>")
    bench.answer("/sms", f"<Response><Message><Body>{escaped}</Body><Media>javascript:alert(1)</Media></Message></Response>")
    card = bench.card(PHONE)
    card.get_by_label("Your text").fill(nasty)
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("log", name="Text messages")).to_contain_text(nasty)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text(nasty)
    inspector = page.get_by_role("complementary", name="Webhooks")
    for row in inspector.locator(".request > summary").all():
        row.click()
    expect(inspector).to_contain_text("onerror")
    bench.sim.advance(5)
    assert page.title() != "owned"
    assert page.locator("img[src=x], a[href^=javascript]").count() == 0


def test_the_last_text_is_in_sight_however_late_the_pictures_before_it_arrive(bench, page):
    tall = page.screenshot()
    handset = bench.sim.phone(PHONE)
    handset.text(LINE, "look", ["data:image/png;base64," + base64.b64encode(tall).decode()])
    handset.text(LINE, "the last word")
    bench.sim.advance(1)
    arrived = []
    page.route("**/media/*", lambda route: arrived.append(route))
    page.reload()
    card = bench.card(PHONE)
    expect(card.get_by_role("log", name="Text messages")).to_contain_text("the last word")
    until(page, "document.querySelector('.thread img') !== null")
    for route in arrived:
        route.continue_()
    expect(card.get_by_role("img", name="Picture 1")).not_to_have_js_property("naturalWidth", 0)
    expect(card.get_by_text("the last word")).to_be_in_viewport(ratio=1)


def test_phones_are_of_one_size_on_a_wide_desk(bench, page):
    page.goto(f"{bench.sim.url}/?" + "&".join(f"phone=%2B1555000444{number}" for number in range(3)))
    expect(page.locator("article")).to_have_count(3)
    assert len({round(card.bounding_box()["width"]) for card in page.locator("article").all()}) == 1


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_call_fits_the_window_and_its_keys_are_in_reach(bench, page, size):
    bench.answer("/voice", MENU)
    card = bench.card(PHONE)
    card.get_by_role("button", name="Call", exact=True).click()
    expect(transcript(card)).to_contain_text("Tapez un.")
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window
    key, end = (card.get_by_role("button", name=name, exact=True).bounding_box() for name in ("5", "Hang up"))
    assert min(key["height"], end["height"]) >= 40
    assert card.bounding_box()["width"] <= window
    if size == "phone":
        page.get_by_role("button", name="Inspector").click()
        expect(page.get_by_role("complementary", name="Webhooks")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("complementary", name="Webhooks")).to_be_hidden()
