"""The guide's story in Chromium: the console in one tab, the phones in another, and what other sites' pages may not do."""

import os
import re
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

PICTURE_WIDTH = 1280
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
both_sizes = pytest.mark.parametrize("size", ["desktop", "phone"])
# Another site by its name, and another origin of the same site, to which the browser sends the session's cookie.
elsewhere = pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])


@pytest.fixture
def visitor(browse, system):
    """A browser without a past."""
    return browse(system.url, system.simulator)


@pytest.fixture(scope="module")
def session(chromium, system):
    """The cookies of an operator who has signed in, as the browser keeps them."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(system.url)
    sign_in(page, system)
    expect(page.get_by_role("heading", name="Make a call")).to_be_visible()
    cookies = context.cookies()
    context.close()
    return cookies


@pytest.fixture
def operators(visitor, session):
    """The operator's browser, signed in."""
    visitor.add_cookies(session)
    return visitor


@pytest.fixture
def tab(operators):
    """An empty tab of the operator's browser."""
    return operators.new_page()


@pytest.fixture
def console(tab, system):
    tab.goto(system.url)
    return tab


@pytest.fixture
def handset(visitor, system):
    """Takes a phone in hand in the tab of the phones."""
    page = visitor.new_page()
    page.goto(system.simulator)

    def take(number):
        card = page.locator(f'article[data-number="{number}"]')
        page.get_by_label("Number or name of a phone").fill(number)
        page.get_by_role("button", name="Add phone").click()
        expect(card).to_contain_text("Idle")
        return card

    return take


@pytest.fixture
def site():
    """Serves one page of another site: `site(host, html)` is its address."""
    servers = []

    def serve(host, html):
        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/" else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(f"<!doctype html><title>Elsewhere</title>{html}".encode())

            def log_message(self, format, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        thread = Thread(target=partial(server.serve_forever, 0.05))
        thread.start()
        servers.append((server, thread))
        return f"http://{host}:{server.server_port}/"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def sign_in(page, system):
    page.get_by_label("The operator's password").fill(system.password)
    page.get_by_role("button", name="Sign in").click()


def picture(page, name, height):
    """Take the README's picture anew, where PICTURES=1 asks for it; `-k guides_story` keeps other tests' calls out of it."""
    if os.environ.get("PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        part = {"x": 0, "y": 0, "width": PICTURE_WIDTH, "height": height}
        page.screenshot(path=PICTURES / name, clip=part, animations="disabled")


def make_call(system, to):
    return f"{system.url}/make_call?to={quote(to)}"


def test_the_guides_story(visitor, handset, system):
    phone = handset(system.default_phone)
    phone.get_by_label("Your text").fill("Is anybody there?")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("log", name="Text messages")).to_contain_text("Hey, thanks for the ping! Twilio and Azure rock!")

    console = visitor.new_page()
    console.goto(f"{system.url}/make_call")
    sign_in(console, system)  # and on to the page that was asked for, which dials
    expect(console.get_by_role("heading", level=1)).to_have_text(f"Calling {system.default_phone}")
    expect(phone).to_contain_text("Ringing")
    expect(phone.page).to_have_title(re.compile("Ringing"))
    phone.get_by_role("button", name="Answer").click()
    expect(phone.get_by_role("log", name="Transcript")).to_contain_text("Hello Monkey!")
    picture(phone.page, "phones.png", height=860)
    expect(console.locator("#call")).to_contain_text("completed")
    expect(phone).to_contain_text("Last call: completed")

    console.get_by_role("link", name="All calls and messages").click()
    expect(console.locator("article", has_text="Is anybody there?")).to_contain_text("answered")
    expect(console.locator("article", has_text="completed").filter(has_text=system.default_phone)).to_be_visible()
    picture(console, "console.png", height=780)


@pytest.mark.parametrize("size", ["phone"])
def test_the_same_on_the_screen_of_a_phone(console, handset, system, number):
    phone = handset(number)
    console.get_by_label("Number").first.fill(number)
    console.get_by_role("button", name="Call").click()
    phone.get_by_role("button", name="Answer").click()
    expect(phone.get_by_role("log", name="Transcript")).to_contain_text("Hello Monkey!")
    expect(console.locator("#call")).to_contain_text("completed")


def test_a_call_that_is_rejected_shows_as_busy(tab, handset, system, number):
    phone = handset(number)
    tab.goto(make_call(system, number))
    phone.get_by_role("button", name="Reject").click()
    expect(tab.locator("#call")).to_contain_text("busy")


@both_sizes
def test_an_announcement_is_acknowledged_on_the_phone_and_shows_so(console, handset, number):
    phone = handset(number)
    form = console.locator("form", has_text="Announce something")
    form.get_by_label("Number").fill(number)
    form.get_by_label("Announcement").fill("Pump <b>7</b> has stopped.")
    form.get_by_label("Ask for a key that confirms it").check()
    form.get_by_role("button", name="Announce").click()
    expect(console.get_by_role("heading", level=1)).to_have_text(f"Calling {number}")
    expect(console.locator("blockquote")).to_have_text("Pump <b>7</b> has stopped.")
    expect(console).to_have_url(re.compile("/calls/"))
    phone.get_by_role("button", name="Answer").click()
    transcript = phone.get_by_role("log", name="Transcript")
    expect(transcript).to_contain_text("Pump <b>7</b> has stopped.")
    expect(transcript).to_contain_text("To confirm that you heard this, press 1.")
    phone.get_by_role("button", name="1", exact=True).click()
    expect(transcript).to_contain_text("Thank you. Goodbye.")
    expect(console.locator("#call")).to_contain_text("acknowledged")
    expect(console.locator("dd", has_text="yes")).to_be_visible()
    fits(console, "call")
    console.get_by_role("link", name="All calls and messages").click()
    expect(console.locator("article", has_text=number)).to_contain_text("acknowledged")
    fits(console, "console")


def test_a_text_from_a_phone_appears_on_the_open_console(console, handset, number):
    phone = handset(number)
    phone.get_by_label("Your text").fill("<b>Ahoj</b> 🐒 شكرا")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("log", name="Text messages")).to_contain_text("Hey, thanks for the ping!")
    entry = console.locator("article", has_text=number)
    expect(entry).to_contain_text("<b>Ahoj</b> 🐒 شكرا")
    expect(entry).to_contain_text("answered")


def test_a_text_from_the_console_reaches_the_phone(console, handset, number):
    phone = handset(number)
    console.get_by_label("Number").last.fill(number)
    console.get_by_label("Text", exact=True).fill("See you at eight")
    console.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("log", name="Text messages")).to_contain_text("See you at eight")
    expect(console.locator("article", has_text=number)).to_contain_text("delivered")


def test_reloading_going_back_or_restoring_the_tab_dials_nobody(tab, operators, system, number, twilio):
    tab.goto(make_call(system, number))
    expect(tab).to_have_url(re.compile("/calls/"))
    tab.reload()
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Calling {number}")
    tab.goto(system.url)
    tab.go_back()
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Calling {number}")
    restored = operators.new_page()
    restored.goto(tab.url)
    expect(restored.get_by_role("heading", level=1)).to_have_text(f"Calling {number}")
    assert len(twilio.calls.list(to=number)) == 1


def test_opening_the_address_twice_within_seconds_dials_once(tab, system, number, twilio):
    tab.goto(make_call(system, number))
    tab.goto(make_call(system, number))
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Calling {number}")
    assert len(twilio.calls.list(to=number)) == 1


@elsewhere
def test_a_link_on_another_site_asks_before_it_dials(tab, site, system, number, twilio, host):
    tab.goto(site(host, f'<a href="{make_call(system, number)}">Cute kittens</a>'))
    tab.get_by_role("link").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Place this call?")
    assert twilio.calls.list(to=number) == []
    tab.get_by_role("button", name=f"Call {number}").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Calling {number}")
    assert len(twilio.calls.list(to=number)) == 1


@elsewhere
@pytest.mark.parametrize("path", ["/make_call", "/send_sms"])
def test_a_hidden_form_on_another_site_is_refused(tab, site, system, number, twilio, host, path):
    form = (
        f'<form method="post" action="{system.url}{path}"><input type="hidden" name="to" value="{number}">'
        '<input type="hidden" name="body" value="Buy now"><button>Play</button></form>'
    )
    tab.goto(site(host, form))
    with tab.expect_navigation() as answer:
        tab.get_by_role("button").click()
    if (
        host == "localhost"
    ):  # the browser keeps the cookie back: a stranger is sent to the sign-in page, and from there the operator home
        expect(tab.get_by_role("heading", name="Make a call")).to_be_visible()
    else:
        assert answer.value.status == 403
        expect(tab.get_by_role("heading", level=1)).to_have_text("That did not work")
    assert twilio.calls.list(to=number) == []
    assert twilio.messages.list(to=number) == []


@elsewhere
def test_no_picture_frame_or_script_of_another_site_dials(tab, operators, site, system, number, twilio, host):
    address = make_call(system, number)
    page = site(
        host,
        f'<img src="{address}&amp;by=img" alt=""><iframe src="{address}&amp;by=iframe"></iframe>'
        f"""<script type="module">
          const ask = (by, method) => fetch("{address}&by=" + by, {{ method, mode: "no-cors", credentials: "include" }});
          await Promise.allSettled([ask("get", "GET"), ask("post", "POST")]);
          document.title = "Done";
        </script>""",
    )
    asked = []
    operators.on("response", lambda response: asked.append(response.url.rpartition("=")[2]))
    tab.goto(page)
    expect(tab).to_have_title("Done")
    tab.wait_for_load_state("networkidle")
    assert {"iframe", "get", "post"} <= set(asked)
    assert twilio.calls.list(to=number) == []


def test_prefetching_the_address_does_not_dial(console, system, number, twilio):
    with console.expect_event("requestfinished", lambda request: "/make_call" in request.url) as prefetch:
        console.evaluate(
            """address => {
              const link = document.createElement("link");
              Object.assign(link, { rel: "prefetch", href: address });
              document.head.append(link);
            }""",
            make_call(system, number),
        )
    assert prefetch.value.response().status == 204
    assert twilio.calls.list(to=number) == []


@both_sizes
def test_every_page_fits_its_window(visitor, system, number, operator, phone):
    phone.do("text", to=system.line, body="https://example.com/" + "a" * 200)
    page = visitor.new_page()
    page.goto(system.url)
    fits(page, "sign in")
    sign_in(page, system)
    expect(page.get_by_role("heading", name="Make a call")).to_be_visible()
    fits(page, "console")
    page.goto(make_call(system, number))
    fits(page, "call")
    page.goto(f"{system.url}/make_call?to=1")
    fits(page, "error")
    page.goto(system.simulator)
    expect(page.locator("article").first).not_to_contain_text("Connecting")
    fits(page, "phones")
    page.goto(f"{system.simulator}/requests")
    fits(page, "webhooks")


def fits(page, name):
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window, f"the {name} page scrolls sideways"
