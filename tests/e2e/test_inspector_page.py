"""The inspector in Chromium: each webhook as it comes, what is wrong with it, and what can be done with it."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

LINE, PHONE = "+15550001111", "+15550002222"
MENU = '<?xml version="1.0"?><Response><Say>Hello</Say><Gather numDigits="1" timeout="30"><Say>Press</Say></Gather></Response>'
WORDS = 'it\'s "quoted" $HOME `id` \\ ! %s\n& + ü'


@pytest.fixture
def page(bench):
    bench.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return bench.open(f"/?phone=%2B{PHONE[1:]}")


@pytest.fixture
def inspector(page):
    return page.get_by_role("complementary", name="Webhooks")


def rows(inspector):
    return inspector.locator(".requests > li:visible")


def unfold(inspector, text):
    row = rows(inspector).filter(has_text=text).first
    row.locator("summary").first.click()
    return row


def test_a_webhook_appears_with_its_parameters_and_its_answer_in_colours(bench, page, inspector):
    bench.answer("/sms", "<Response><Message>Hi</Message></Response>")
    bench.sim.phone(PHONE).text(LINE, "hello")
    bench.sim.advance(5)
    row = unfold(inspector, "/sms")
    expect(row.locator("summary").first).to_contain_text("200")
    expect(row.get_by_role("row", name="Body hello")).to_be_visible()
    answer = row.get_by_role("group", name="Answer")
    assert answer.inner_text() == "<Response>\n  <Message>Hi</Message>\n</Response>"
    expect(answer.locator(".x-tag").first).to_have_text("<Response")
    row.get_by_text("Headers sent (").click()
    expect(row.get_by_role("row", name=re.compile("X-Twilio-Signature"))).to_be_visible()


def test_the_verb_that_is_carried_out_is_marked_in_its_answer(bench, page, inspector):
    bench.answer("/voice", MENU)
    bench.sim.phone(PHONE).call(LINE)
    row = unfold(inspector, "/voice")
    expect(row.locator(".answer mark")).to_have_text("<Say>Hello</Say>")
    bench.sim.advance(2)
    expect(row.locator(".answer mark")).to_contain_text("<Gather")
    bench.sim.phone(PHONE).hangup()
    expect(row.locator(".answer mark")).to_have_count(0)


def test_it_is_marked_on_the_page_of_the_webhooks_too(bench):
    bench.answer("/voice", MENU)
    only = bench.open("/requests").get_by_role("region", name="Webhooks")
    bench.sim.phone(PHONE).call(LINE)
    expect(unfold(only, "/voice").locator(".answer mark")).to_have_text("<Say>Hello</Say>")
    expect(rows(only).first.locator("summary").first).to_contain_text("Say")


def test_an_error_is_named_with_its_code_and_linked(bench, page, inspector):
    bench.answer("/voice", "<Response><Say>Hello</Response>")
    bench.sim.phone(PHONE).call(LINE)
    bench.sim.advance(30)
    row = unfold(inspector, "12100")
    link = row.get_by_role("link", name="12100")
    expect(link).to_have_attribute("href", "https://www.twilio.com/docs/api/errors/12100")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(row).to_contain_text("Correct the XML")
    expect(inspector.get_by_role("status").filter(has_text="with an error")).to_be_visible()
    inspector.get_by_label("Errors only").check()
    expect(rows(inspector)).to_have_count(1)


def test_requests_are_found_by_text_and_by_call(bench, page, inspector):
    for words in ("apples", "pears"):
        bench.sim.phone(PHONE).text(LINE, words)
        bench.sim.advance(5)
    expect(rows(inspector)).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("PEARS")
    expect(rows(inspector)).to_have_count(1)
    inspector.get_by_label("Search the webhooks").fill("")
    unfold(inspector, "/sms").get_by_role("button", name="Only this text").click()
    expect(rows(inspector)).to_have_count(1)
    inspector.get_by_role("button", name="Show all").click()
    expect(rows(inspector)).to_have_count(2)
    inspector.get_by_label("Search the webhooks").fill("plums")
    expect(inspector.get_by_text("No request fits the search.")).to_be_visible()


def test_a_phone_leads_to_the_webhooks_of_its_call(bench, page, inspector):
    bench.sim.phone(PHONE).text(LINE, "hello")
    bench.sim.phone(PHONE).call(LINE)
    bench.sim.advance(5)
    expect(rows(inspector)).to_have_count(3)
    bench.card(PHONE).get_by_role("button", name="Webhooks").click()
    expect(rows(inspector)).to_have_count(2)


def test_the_copied_command_sends_the_very_same_request(bench, page, inspector):
    bench.sim.phone(PHONE).text(LINE, WORDS)
    bench.sim.advance(5)
    unfold(inspector, "/sms").get_by_role("button", name="Copy as curl").click()
    expect(inspector.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    subprocess.run(["bash", "-c", command], check=True, capture_output=True, timeout=30)
    sent, again = bench.seen
    assert (sent.method, sent.path, sent.body) == (again.method, again.path, again.body)
    assert sent.headers == again.headers
    assert "X-Twilio-Signature" in again.headers


def test_a_request_is_sent_again_and_its_answer_shown(bench, page, inspector):
    bench.answer("/sms", "<Response><Message>one</Message></Response>")
    bench.sim.phone(PHONE).text(LINE, "hello")
    bench.sim.advance(5)
    row = unfold(inspector, "/sms")
    bench.answer("/sms", "<Response><Message>two</Message></Response>")
    row.get_by_role("button", name="Replay").click()
    expect(rows(inspector)).to_have_count(2)
    again = rows(inspector).first
    expect(again.locator("summary").first).to_contain_text("replay")
    expect(again.get_by_role("group", name="Answer")).to_contain_text("two")
    bench.sim.advance(5)
    assert [text["body"] for text in bench.sim.phone(PHONE).messages] == ["hello", "one"]


def test_faults_are_asked_for_seen_to_happen_and_forgotten(bench, page, inspector):
    inspector.get_by_text("Faults", exact=True).click()
    inspector.get_by_label("How").select_option("drop")
    inspector.get_by_label("Where the address holds").fill("/sms")
    inspector.get_by_role("button", name="Add fault").click()
    pending = inspector.get_by_role("list", name="Faults still to happen")
    expect(pending).to_contain_text("webhook: drop, once where the address holds “/sms”")
    bench.sim.phone(PHONE).text(LINE, "hello")
    bench.sim.advance(5)
    expect(rows(inspector).first).to_contain_text("fault: drop")
    expect(rows(inspector).first).to_contain_text("11205")
    expect(pending).to_be_empty()
    inspector.get_by_label("What fails").select_option("rest")
    inspector.get_by_label("How").select_option("delay")
    inspector.get_by_role("button", name="Add fault").click()
    expect(inspector.get_by_role("alert").filter(has_text="seconds")).to_be_visible()
    inspector.get_by_label("Seconds late").fill("3")
    inspector.get_by_role("button", name="Add fault").click()
    expect(pending).to_contain_text("rest: delay 3 s")
    inspector.get_by_role("button", name="Forget all faults").click()
    expect(pending).to_be_empty()


def test_a_request_that_was_never_sent_cannot_be_copied(bench, page, inspector):
    bench.sim.fault("webhook", "drop")
    bench.sim.phone(PHONE).text(LINE, "hello")
    bench.sim.advance(5)
    expect(unfold(inspector, "/sms").get_by_role("button", name="Copy as curl")).to_be_disabled()


def test_hostile_answers_and_parameters_are_shown_and_never_run(bench, page, inspector):
    nasty = "<img src=x onerror=document.title='owned'><svg onload=document.title='owned'>"
    for body in (
        nasty,
        f"<Response>{nasty}</Response>",
        "<a" * 30_000,
        "<a>" * 20_000,
        '<a b="' + "c" * 60_000,
        "<!--" + "-" * 60_000,
    ):
        bench.answer("/sms", body)
        bench.sim.phone(PHONE).text(LINE, nasty)
        bench.sim.advance(5)
        row = rows(inspector).first
        row.locator("summary").first.click()
        expect(row.get_by_role("row", name="Body")).to_contain_text(nasty)
        shown = row.get_by_role("group", name="Answer").inner_text()
        assert shown.replace("\n", "").replace(" ", "") == body.replace(" ", "")
        inspector.get_by_role("button", name="Clear").click()
    assert page.title() != "owned"
    assert page.locator("img[src=x]").count() == 0


def test_time_that_stands_is_moved_from_the_page(bench, page):
    bench.answer("/voice", '<Response><Gather timeout="20"/><Say>At last</Say></Response>')
    bench.sim.phone(PHONE).call(LINE)
    expect(bench.card(PHONE)).to_contain_text("In call")
    page.get_by_role("button", name="+10 s").click()
    page.get_by_role("button", name="+10 s").click()
    expect(bench.card(PHONE)).to_contain_text("At last")
    expect(bench.card(PHONE).get_by_role("timer")).to_have_text("00:20")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_page_of_the_webhooks_alone(bench, size):
    bench.answer("/sms", "<Response><Message>" + "long " * 200 + "</Message></Response>")
    sid = bench.sim.phone(PHONE).text(LINE, "https://example.com/" + "a" * 300)
    bench.sim.phone(PHONE).text(LINE, "another")
    bench.sim.advance(5)
    page = bench.open(f"/requests?sid={sid}")
    only = page.get_by_role("region", name="Webhooks")
    expect(rows(only)).to_have_count(1)
    unfold(only, "/sms")
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window
    only.get_by_role("button", name="Show all").click()
    expect(rows(only)).to_have_count(2)
    expect(page).to_have_url(re.compile("/requests$"))
    bench.sim.phone(PHONE).text(LINE, "one more")
    bench.sim.advance(5)
    expect(rows(only)).to_have_count(3)
