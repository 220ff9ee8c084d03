"""Texts: what arrives, what is answered, and the words that Twilio answers by itself.

Facts: Twilio's docs for messaging TwiML and message status, its list of errors, and somleng/somleng (MIT)
spec/workflows/execute_messaging_twiml_spec.rb.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.driver import Handset, Refused, Simulator
from simulator.segments import count_segments

LINE, PHONE, OTHER = "+15550001111", "+15550002222", "+15550004444"


@dataclass
class Fact:
    """A document at /sms, and what an incoming text that gets it does."""

    id: str
    twiml: str
    sent: list[tuple[str, str]] = field(default_factory=list)  # to, body
    asks: list[tuple[str, str]] = field(default_factory=list)
    code: int | None = None


FACTS = [
    Fact("empty", ""),
    Fact("reply", "<Message>Hello world</Message>", [(PHONE, "Hello world")]),
    Fact("reply-is-trimmed", "<Message>\n  <Body>Hello  world </Body>\n</Message>", [(PHONE, "Hello  world")]),
    Fact("two-replies", "<Message>a</Message><Message>b</Message>", [(PHONE, "a"), (PHONE, "b")]),
    Fact("to-another", f'<Message to="{OTHER}">x</Message>', [(OTHER, "x")]),
    Fact("old-name", "<Sms>x</Sms>", [(PHONE, "x")]),
    Fact("redirect", "<Redirect>{site}/n</Redirect><Message>never</Message>", asks=[("POST", "/n")]),
    Fact("redirect-relative-get", '<Redirect method="GET">/n</Redirect>', asks=[("GET", "/n")]),
    Fact("voice-verbs-are-not-for-texts", "<Say>x</Say><Message>y</Message>", [(PHONE, "y")], code=14110),
    Fact("bad-method", '<Message method="HEAD">x</Message>', [(PHONE, "x")], code=14104),
    Fact("to-itself", f'<Message to="{LINE}">x</Message>', code=14101),
    Fact("bad-to", '<Message to="nobody">x</Message>', code=14101),
    Fact("bad-from", '<Message from="+15559990000">x</Message>', code=14102),
    Fact("no-body", "<Message/>", code=14103),
    Fact("too-long", f"<Message>{'x' * 1601}</Message>", code=14103),
    Fact("bad-callback", '<Message action="http://[">x</Message>', [(PHONE, "x")], code=14105),
    Fact("bad-picture", "<Message>x<Media>http://[</Media></Message>", code=21620),
    Fact("bad-redirect", "<Redirect>http://[</Redirect>"),
]


def send(sim: Simulator, phone: Handset, body: str = "hi") -> list[dict[str, Any]]:
    """Text the number, let it happen, and return the requests about this text."""
    sid = phone.text(LINE, body)
    sim.advance(5)
    return sim.requests(sid)


def received(phone: Handset) -> list[str]:
    return [text["body"] for text in phone.messages if text["direction"] == "received"]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_incoming_text(fact: Fact, sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/sms", f"<Response>{fact.twiml.format(site=site.url)}</Response>")
    (asked, *_) = send(sim, phone)
    assert asked["error_code"] == fact.code
    assert [(seen.method, seen.path) for seen in site.seen if seen.path != "/sms"] == fact.asks
    sent = [message for message in reversed(client.messages.list()) if message.direction == "outbound-reply"]
    assert [(message.to, message.body) for message in sent] == fact.sent
    assert {message.status for message in sent} <= {"delivered"}


def test_a_reply_reports_to_its_action(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", '<Response><Message action="/st" method="GET">x</Message></Response>')
    send(sim, phone)
    assert [(seen.method, seen.params["MessageStatus"]) for seen in site.at("/st")][-1] == ("GET", "delivered")


def test_a_picture_comes_and_goes(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "<Response><Message><Body>Nice</Body><Media>/cat.png</Media></Message></Response>")
    phone.text(LINE, media=["https://a.example/dog.jpg"])
    sim.advance(5)
    (seen,) = site.at("/sms")
    assert (seen.params["NumMedia"], seen.params["MediaContentType0"]) == ("1", "image/jpeg")
    assert seen.params["MessageSid"].startswith("MM")
    assert (phone.messages[-1]["body"], phone.messages[-1]["media"]) == ("Nice", [f"{site.url}/cat.png"])


@pytest.mark.parametrize(("status", "kind"), [(204, None), (200, "text/xml")])
def test_an_app_may_stay_silent(status: int, kind: str | None, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "" if status == 204 else "<Response/>", status=status, kind=kind)
    (asked,) = send(sim, phone)
    assert asked["error_code"] is None
    assert received(phone) == []


def test_plain_text_is_sent_as_it_is(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "Hello", kind="text/plain")
    send(sim, phone)
    assert received(phone) == ["Hello"]


def test_an_error_asks_the_fallback_and_otherwise_nobody(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", status=500)
    (asked,) = send(sim, phone)
    assert asked["error_code"] == 11200
    sim.point(sms_fallback_url=f"{site.url}/fallback")
    site.answer("/fallback", "<Response><Message>saved</Message></Response>")
    send(sim, phone)
    (seen,) = site.at("/fallback")
    assert (seen.params["ErrorCode"], seen.params["ErrorUrl"]) == ("11200", f"{site.url}/sms")
    assert received(phone) == ["saved"]


def test_endless_redirects_of_texts_end(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "<Response><Redirect>/sms</Redirect></Response>")
    asked = send(sim, phone)
    assert len(asked) == 10
    assert asked[-1]["error_code"] == 14106


def test_two_machines_that_answer_each_other_are_stopped(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "<Response><Message>pong</Message></Response>")
    codes = [entry["error_code"] for _ in range(17) for sid in [phone.text(LINE, "ping")] for entry in _settled(sim, sid)]
    assert codes == [None] * 15 + [14107] * 2
    sim.advance(31)
    assert send(sim, phone, "ping")[0]["error_code"] is None


def _settled(sim: Simulator, sid: str) -> list[dict[str, Any]]:
    sim.settle()
    return sim.requests(sid)


@pytest.mark.parametrize("word", ["STOP", "stop", " Unsubscribe ", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT", "STOPALL"])
def test_who_says_stop_hears_no_more(word: str, sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/sms", "<Response><Message>from the app</Message></Response>")
    (asked, *_) = send(sim, phone, word)
    assert asked["error_code"] == 21610
    assert len(received(phone)) == 1
    assert "unsubscribed" in received(phone)[0]
    with pytest.raises(TwilioRestException) as refusal:
        client.messages.create(to=PHONE, from_=LINE, body="x")
    assert refusal.value.code == 21610
    send(sim, phone, "START")
    assert len(received(phone)) == 3
    assert client.messages.create(to=PHONE, from_=LINE, body="x").status == "queued"


def test_help_is_answered_and_yes_means_nothing_by_itself(sim: Simulator, phone: Handset) -> None:
    send(sim, phone, "help")
    send(sim, phone, "yes")
    send(sim, phone, "stop it")
    assert received(phone) == ["Reply STOP to unsubscribe. Msg&Data Rates May Apply."]


def test_texts_between_two_numbers_of_the_account_arrive(site: Any) -> None:
    second = "+15550001112"
    with Simulator("AC" + "1" * 32, "key", [LINE, second], sms_url=f"{site.url}/sms") as sim:
        phone = sim.phone(PHONE)
        site.answer("/sms", f'<Response><Message to="{second}">on</Message></Response>')
        site.answer("/sms", "<Response/>")
        phone.text(LINE, "go")
        sim.advance(5)
        assert [(seen.params["From"], seen.params["To"]) for seen in site.at("/sms")] == [(PHONE, LINE), (LINE, second)]


def test_a_text_to_a_number_that_is_not_the_accounts(phone: Handset) -> None:
    with pytest.raises(Refused) as refusal:
        phone.text("+15550009999", "x")
    assert (refusal.value.status, refusal.value.code) == (404, "no_such_number")


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 10, 2),
        ("é" * 160, 1),
        ("ç" * 70, 1),
        ("あ" * 70, 1),
        ("あ" * 71, 2),
        ("あ" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments(text: str, segments: int) -> None:
    assert count_segments(text) == segments


@given(st.text(max_size=400), st.text(max_size=20))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert count_segments(text) <= count_segments(text + more)


def test_a_text_that_cannot_be_delivered(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    sim.fault("message", "undeliver", match=PHONE)
    sent = client.messages.create(to=PHONE, from_=LINE, body="x", status_callback=f"{site.url}/st")
    sim.advance(5)
    last = site.at("/st")[-1].params
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30003")
    assert "RawDlrDoneDate" not in last
    fetched = client.messages(sent.sid).fetch()
    assert (fetched.status, fetched.error_code) == ("undelivered", 30003)
    assert phone.messages == []
