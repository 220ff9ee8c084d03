"""Texts: what arrives, what is answered, and the words that Twilio answers by itself.

Facts: Twilio's docs for messaging TwiML and message status, its list of errors, and somleng/somleng (MIT)
spec/workflows/execute_messaging_twiml_spec.rb.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.driver import Handset, Refused, Simulator

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
    Fact("eleven-pictures", "<Message>x" + "<Media>/c.png</Media>" * 11 + "</Message>", code=21623),
    Fact("bad-redirect", "<Redirect>http://[</Redirect>"),
    Fact("longest", f"<Message>{'x' * 1600}</Message>", [(PHONE, "x" * 1600)]),
    Fact("nothing-but-blanks", "<Message> <Body>\n</Body> </Message>", code=14103),
    Fact("one-bad-reply-of-three", "<Message>a</Message><Message/><Message>c</Message>", [(PHONE, "a"), (PHONE, "c")], code=14103),
    Fact("replies-before-a-redirect", "<Message>a</Message><Redirect>/n</Redirect>", [(PHONE, "a")], [("POST", "/n")]),
    Fact("to-as-people-write-it", '<Message to="(555) 000-4444">x</Message>', [(OTHER, "x")]),
    Fact("from-is-ours", f'<Message from="{LINE}" to="{OTHER}">x</Message>', [(OTHER, "x")]),
    Fact("from-a-name", '<Message from="Shop">x</Message>', code=14102),
    Fact("from-is-only-verified", '<Message from="+15550003333">x</Message>', code=14102),
    Fact("bad-redirect-method", '<Redirect method="PUT">/n</Redirect>', asks=[("POST", "/n")], code=13710),
    Fact("lower-case-method", '<Redirect method="get">/n</Redirect>', asks=[("GET", "/n")]),
    Fact("unicode", "<Message>あ &amp; 😀 &lt;b&gt;</Message>", [(PHONE, "あ & 😀 <b>")]),
    Fact("cdata", "<Message><![CDATA[a < b]]></Message>", [(PHONE, "a < b")]),
    Fact("ten-replies", "<Message>x</Message>" * 10, [(PHONE, "x")] * 10),
    Fact("an-eleventh-reply", "<Message>x</Message>" * 11, [(PHONE, "x")] * 10, code=14109),
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
    assert len(asked) == 50
    assert asked[-1]["error_code"] == 14106


def test_the_replies_of_all_documents_count_together(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "<Response><Message>x</Message><Redirect>/sms</Redirect></Response>")
    asked = send(sim, phone)
    assert received(phone) == ["x"] * 10
    assert [entry["error_code"] for entry in asked[9:12]] == [None, 14109, 14109]


def ping(sim: Simulator, phone: Handset, times: int, seconds: float = 0) -> list[int | None]:
    """Text the number so often, so fast, and return what the debugger says of each answer."""
    codes = []
    for _ in range(times):
        sid = phone.text(LINE, "ping")
        sim.advance(seconds)
        codes += [entry["error_code"] for entry in sim.requests(sid)]
    return codes


@pytest.mark.parametrize("seconds", [0, 1, 29])
def test_two_machines_that_answer_each_other_are_stopped(
    seconds: float, sim: Simulator, site: Any, phone: Handset, client: Client
) -> None:
    site.answer("/sms", '<Response><Message action="/st">pong</Message></Response>')
    assert ping(sim, phone, 16, seconds) == [None] * 15 + [14107]
    sim.advance(5)
    assert len(received(phone)) == 15
    failed = client.messages.list(limit=2)[0]
    assert (failed.status, failed.error_code, failed.direction) == ("failed", 14107, "outbound-reply")
    (told,) = [seen.params for seen in site.at("/st") if seen.params["MessageSid"] == failed.sid]
    assert (told["MessageStatus"], told["ErrorCode"]) == ("failed", "14107")
    sim.advance(31)
    assert ping(sim, phone, 1) == [None]


def test_replies_that_take_their_time_are_no_loop(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "<Response><Message>pong</Message></Response>")
    assert ping(sim, phone, 40, seconds=30) == [None] * 40


def test_the_guard_counts_each_pair_of_numbers_for_itself(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "<Response><Message>pong</Message></Response>")
    assert ping(sim, phone, 15) == [None] * 15
    assert ping(sim, sim.phone(OTHER), 1) == [None]
    assert ping(sim, phone, 1) == [14107]


def test_the_guard_may_be_as_generous_as_it_is_now(site: Any) -> None:
    site.answer("/sms", "<Response><Message>pong</Message></Response>")
    with Simulator("AC" + "1" * 32, "key", [LINE], sms_url=f"{site.url}/sms", reply_limit=30) as sim:
        assert ping(sim, sim.phone(PHONE), 32, seconds=1) == [None] * 30 + [14107] * 2


def test_two_numbers_of_the_account_that_answer_each_other_are_stopped(site: Any) -> None:
    second = "+15550001112"
    site.answer("/sms", "<Response><Message>pong</Message></Response>")
    with Simulator("AC" + "1" * 32, "key", [LINE, second], sms_url=f"{site.url}/sms") as sim:
        client = Client("AC" + "1" * 32, "key")
        client.api.base_url = sim.url
        client.messages.create(to=second, from_=LINE, body="ping")
        sim.advance(300)
        assert 30 <= len(site.at("/sms")) <= 200  # each hold lasts 30 seconds
        assert {entry["error_code"] for entry in sim.requests()} == {None, 14107}
        client.http_client.session.close()


def test_a_conversation_keeps_its_cookies_for_four_hours(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", "<Response><Redirect>/next</Redirect></Response>", Set_Cookie="step=1; Path=/")
    for wait in (3600, 4 * 3600 + 1, 0):
        phone.text(LINE, "hi")
        sim.advance(5 + wait)
    sim.phone(OTHER).text(LINE, "hi")
    sim.settle()
    sent = [
        ("Cookie" in first.headers, second.headers.get("Cookie"))
        for first, second in zip(site.at("/sms"), site.at("/next"), strict=True)
    ]
    assert sent == [(False, "step=1"), (True, "step=1"), (False, "step=1"), (False, "step=1")]


def test_a_trial_account_answers_verified_numbers_only(site: Any) -> None:
    site.answer("/sms", f'<Response><Message>to you</Message><Message to="{OTHER}">to another</Message></Response>')
    settings = {"trial": True, "caller_ids": (PHONE,), "sms_url": f"{site.url}/sms"}
    with Simulator("AC" + "1" * 32, "key", [LINE], **settings) as sim:
        phone = sim.phone(PHONE)
        (asked, *_) = send(sim, phone)
        assert asked["error_code"] == 14111
        assert received(phone) == ["Sent from your Twilio trial account - to you"]


def test_a_recipient_may_be_written_as_in_the_senders_country(site: Any) -> None:
    own, other = "+85512888888", "+85512345678"
    site.answer("/sms", '<Response><Message to="012 999 999">x</Message></Response>')
    with Simulator("AC" + "1" * 32, "key", [own], sms_url=f"{site.url}/sms") as sim:
        sim.phone(other).text(own, "hi")
        sim.advance(5)
        assert [text["body"] for text in sim.phone("+85512999999").messages] == ["x"]


def test_a_number_without_an_address_is_texted_in_vain(sim: Simulator, phone: Handset, client: Client) -> None:
    sim.point(sms_url="")
    assert send(sim, phone) == []
    assert [message.status for message in client.messages.list()] == ["received"]
    send(sim, phone, "STOP")
    assert len(received(phone)) == 1


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (None, "Hello", 12300),
        ("application/json", "{}", 12300),
        ("text/xml", "{}", 12100),
        ("text/xml", "", 11770),
        ("text/html", "<html><body>Hello</body></html>", 12100),
        ("text/xml", "<Response>" + "<!-- -->" * 8192 + "</Response>", 11750),
    ],
)
def test_what_is_no_answer_sends_nothing(kind: str | None, body: str, code: int, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", body, kind=kind)
    assert send(sim, phone)[0]["error_code"] == code
    assert received(phone) == []


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
