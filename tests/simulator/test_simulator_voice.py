"""What calls do with TwiML: one row a fact.

Facts are restated from Twilio's docs (https://www.twilio.com/docs/voice/twiml and its pages for each verb), its list
of errors (https://www.twilio.com/docs/api/errors), its voice schema, and the tests of somleng/somleng-switch (MIT);
where those are silent, the row says "assumed".
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from simulator.driver import Handset, Simulator

LINE = "+15550001111"
SORRY = "We are sorry. An application error has occurred. Goodbye."


@dataclass
class Fact:
    """A document at /voice, and what an incoming call that gets it does; `asks` leaves out the number's status."""

    id: str
    twiml: str
    says: list[str] = field(default_factory=list)
    asks: list[tuple[str, str]] = field(default_factory=list)
    ends: str = "completed"
    answered: bool = True
    codes: list[int] = field(default_factory=list)
    lasts: float | None = None


FACTS = [
    # Redirect
    Fact("redirect", "<Redirect>{site}/n</Redirect><Play>never</Play>", asks=[("POST", "/n")]),
    Fact("redirect-relative", "<Redirect>/n</Redirect>", asks=[("POST", "/n")]),
    Fact("redirect-query-kept", "<Redirect>/n?step=2&amp;x=1</Redirect>", asks=[("POST", "/n?step=2&x=1")]),
    Fact("redirect-bad-method", '<Redirect method="HEAD">/n</Redirect>', asks=[("POST", "/n")], codes=[13710]),
    # Hangup, and the end of a document
    Fact("hangup-first-answers", "<Hangup/><Say>never</Say>"),
    Fact("document-end-hangs-up", "<Say>a</Say>", says=["a"]),
    Fact("empty-response", ""),
    # Reject
    Fact("reject", "<Reject/>", ends="no-answer", answered=False),
    Fact("reject-rejected", '<Reject reason="rejected"/>', ends="no-answer", answered=False),
    Fact("reject-busy", '<Reject reason="busy"/>', ends="busy", answered=False),
    Fact("reject-not-first", "<Say>x</Say><Reject/>", says=["x"]),
    Fact("reject-rest-ignored", "<Reject/><Say>never</Say>", ends="no-answer", answered=False),
    Fact("reject-bad-reason", '<Reject reason="tired"/>', ends="no-answer", answered=False, codes=[12200]),
    # Pause
    Fact("pause", '<Say>a</Say><Pause length="10"/><Say>b</Say>', says=["a", "b"], lasts=10.8),
    Fact("pause-default", "<Say>a</Say><Pause/>", says=["a"], lasts=1.4),
    Fact("pause-then-reject-does-not-answer", '<Pause length="5"/><Reject/>', ends="no-answer", answered=False),
    Fact("pause-invalid", '<Say>a</Say><Pause length="x"/>', says=["a"], codes=[13910], lasts=1.4),
    # Play
    Fact("play-digits", '<Say>a</Say><Play digits="ww1"/>', says=["a"], lasts=1.4),
    Fact("play-bad-digits", '<Play digits="hello"/><Say>on</Say>', says=["on"], codes=[13430]),
    # Say
    Fact("say-loop", '<Say loop="3">x</Say>', says=["x", "x", "x"]),
    Fact("say-bad-loop", '<Say loop="often">x</Say>', says=["x"], codes=[13510]),
    Fact("say-empty", "<Say></Say><Say>on</Say>", says=["on"], codes=[13520]),
    Fact("say-unicode-comment", "<!-- c --><Say>Hola, buen día</Say>", says=["Hola, buen día"]),
    Fact("say-ssml-is-read-as-text", '<Say>Hi <emphasis>you</emphasis> <break time="1s"/>there</Say>', ["Hi you there"]),
    Fact("say-150-words-a-minute", "<Say>one two three four five</Say>", ["one two three four five"], lasts=2.0),
    # The schema: names are case-sensitive, what it does not know is left out with a warning, and the call goes on
    Fact("schema-lowercase-verb", "<say>x</say><Say>y</Say>", says=["y"], codes=[12200]),
    Fact("schema-unknown-attribute", '<Say speed="2">x</Say>', says=["x"], codes=[12200]),
    Fact("schema-message-is-not-for-voice", "<Message>x</Message><Say>y</Say>", says=["y"], codes=[12200]),
    # Addresses that are none
    Fact("redirect-to-nonsense", "<Redirect>http://[</Redirect>", codes=[11100]),
    Fact("play-nonsense", "<Play>http://[</Play><Say>on</Say>", says=["on"], codes=[11100]),
    # Not simulated: said so, instead of going on as if nothing were there
    Fact("not-simulated", "<Pay/><Say>x</Say>", codes=[12200]),
]


def listen(sim: Simulator, phone: Handset, seconds: float = 120) -> list[dict[str, Any]]:
    """Call the number, let it happen, and return the requests of this call."""
    sid = phone.call(LINE)
    sim.advance(seconds)
    return sim.requests(sid)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_incoming_call(fact: Fact, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", f"<Response>{fact.twiml.format(site=site.url)}</Response>")
    asked = listen(sim, phone)
    assert phone.said == fact.says
    assert [code for entry in asked for code in [alert["code"] for alert in entry["alerts"]]] == fact.codes
    assert [(seen.method, seen.target) for seen in site.seen if seen.path not in {"/voice", "/number-status"}] == fact.asks
    (report,) = site.at("/number-status")
    assert report.params["CallStatus"] == fact.ends
    if not fact.answered:
        assert report.params["CallDuration"] == "0"
        assert [line for line in phone.transcript if line["speaker"] == "twilio"] == []
    if fact.lasts is not None:
        assert report.params["CallDuration"] == str(int(fact.lasts))


def _moments(phone: Handset) -> list[float]:
    first = datetime.fromisoformat(phone.transcript[0]["at"])
    return [(datetime.fromisoformat(line["at"]) - first).total_seconds() for line in phone.transcript]


def test_silence_is_as_long_as_the_pause(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", '<Response><Say>a</Say><Pause length="10"/><Say>b</Say></Response>')
    listen(sim, phone)
    assert _moments(phone) == [0, 10.4]


def test_tones_come_after_their_waits(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", '<Response><Say>a</Say><Play digits="ww12w3"/></Response>')
    listen(sim, phone)
    assert [line["text"] for line in phone.transcript] == ["a", "12", "3"]
    assert _moments(phone) == pytest.approx([0, 1.4, 1.9])


def test_redirect_posts_even_if_the_document_was_got(sim: Simulator, site: Any, client: Any, phone: Handset) -> None:
    site.answer("/got", "<Response><Redirect>/n</Redirect></Response>")
    client.calls.create(to=phone.number, from_=LINE, url=f"{site.url}/got", method="GET")
    sim.advance(60)
    assert [(seen.method, seen.path) for seen in site.seen] == [("GET", "/got"), ("POST", "/n")]


def test_redirect_first_answers_an_incoming_call(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "<Response><Redirect>/n</Redirect></Response>")
    listen(sim, phone)
    assert [seen.params["CallStatus"] for seen in site.seen] == ["ringing", "in-progress", "completed"]


def test_endless_redirects_end_with_an_error(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "<Response><Redirect>/voice</Redirect></Response>")
    asked = listen(sim, phone)
    assert len(asked) < 100
    assert 11215 in {entry["error_code"] for entry in asked}
    assert phone.transcript[-1]["text"] == SORRY


def test_endless_redirects_end_in_real_time_too(site: Any) -> None:
    site.answer("/voice", "<Response><Redirect>/voice</Redirect></Response>")
    with Simulator("AC" + "1" * 32, "a-token", [LINE], clock="real", voice_url=f"{site.url}/voice") as sim:
        phone = sim.phone("+15550002222")
        phone.call(LINE)
        phone.expect_hangup(within=10)
        assert phone.transcript[-1]["text"] == SORRY


def test_redirects_with_something_to_hear_go_on_until_hung_up(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "<Response><Say>again</Say><Redirect>/voice</Redirect></Response>")
    phone.call(LINE)
    sim.advance(25)
    assert len(phone.said) > 60
    phone.hangup()
    sim.settle()
    assert phone.state["last_call"]["status"] == "completed"


def test_a_call_ends_at_its_time_limit(sim: Simulator, site: Any, client: Any, phone: Handset) -> None:
    twiml = '<Response><Say loop="0">on and on</Say></Response>'
    call = client.calls.create(to=phone.number, from_=LINE, twiml=twiml, time_limit=30)
    sim.advance(120)
    assert client.calls(call.sid).fetch().duration == "30"


def wave(seconds: int) -> bytes:
    """A WAV header that says so many seconds of 8,000 bytes each."""
    size = 8000 * seconds
    form = b"fmt " + (16).to_bytes(4, "little") + b"\x07\x00\x01\x00" + (8000).to_bytes(4, "little") * 2 + b"\1\0\10\0"
    return b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVE" + form + b"data" + size.to_bytes(4, "little")


PLAYED = [
    ("loop", '<Play loop="5">/a.mp3</Play>', {"body": b"x", "kind": "audio/mpeg"}, 5, [], 10),
    ("wave-header", "<Play>/a.mp3</Play>", {"body": wave(7), "kind": "audio/wav"}, 1, [], 7),
    ("no-length", '<Play loop="999999999">/a.mp3</Play>', {"body": wave(0), "kind": "audio/wav"}, 1000, [], 100),
    ("missing", "<Play>/a.mp3</Play><Say>next</Say>", {"status": 404}, 0, [11200], None),
    ("wrong-type", "<Play>/a.mp3</Play><Say>next</Say>", {"body": "x", "kind": "text/html"}, 0, [13420], None),
]


@pytest.mark.parametrize(("twiml", "answer", "plays", "codes", "lasts"), [p[1:] for p in PLAYED], ids=[p[0] for p in PLAYED])
def test_play(
    twiml: str,
    answer: dict[str, Any],
    plays: int,
    codes: list[int],
    lasts: int | None,
    sim: Simulator,
    site: Any,
    phone: Handset,
) -> None:
    site.answer("/voice", f"<Response>{twiml}</Response>")
    site.answer("/a.mp3", **answer)
    asked = listen(sim, phone)
    assert [line["text"] for line in phone.transcript if line["verb"] == "Play"] == [f"{site.url}/a.mp3"] * plays
    assert [entry["error_code"] for entry in asked if entry["kind"] == "media"] == (codes or [None])
    assert phone.said == (["next"] if "next" in twiml else [])
    if lasts is not None:
        assert site.at("/number-status")[0].params["CallDuration"] == str(lasts)


def test_play_for_ever_ends_with_the_call(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", '<Response><Play loop="0">/a.mp3</Play><Say>never</Say></Response>')
    site.answer("/a.mp3", b"x", kind="audio/mpeg")
    phone.call(LINE)
    sim.advance(100)
    phone.hangup()
    sim.settle()
    assert len(phone.transcript) == 51
    assert phone.said == []


def test_sms_during_a_call(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer(
        "/voice",
        f'<Response><Sms to="+15550004444" from="{LINE}" statusCallback="/st">hi</Sms><Say>sent</Say></Response>',
    )
    listen(sim, phone)
    assert phone.said == ["sent"]
    assert [(text["from"], text["body"]) for text in sim.phone("+15550004444").messages] == [(LINE, "hi")]
    assert site.at("/st")[-1].params["MessageStatus"] == "delivered"


def test_a_call_goes_on_with_what_the_action_of_a_text_answers(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", '<Response><Sms action="/n">yo</Sms><Say>never</Say></Response>')
    site.answer("/n", "<Response><Say>next</Say></Response>")
    listen(sim, phone)
    assert phone.said == ["next"]
    [text] = phone.messages
    params = site.at("/n")[-1].params
    assert (params["SmsSid"], params["SmsStatus"]) == (text["sid"], "sending")


def test_the_action_of_a_text_that_cannot_be_sent_is_told(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", '<Response><Sms to="nobody" action="/n">yo</Sms></Response>')
    listen(sim, phone)
    params = site.at("/n")[-1].params
    assert params["SmsStatus"] == "invalid"
    assert "SmsSid" not in params


HOSTILE = [
    ("doctype", "<!DOCTYPE Response [<!ENTITY x 'y'>]><Response><Say>&x;</Say></Response>"),
    (
        "laughs",
        '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><Response><Say>&b;</Say></Response>',
    ),
    ("outside", '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><Response><Say>&f;</Say></Response>'),
    ("deep", "<Response>" + "<a>" * 9000 + "</a>" * 9000 + "</Response>"),
    ("torn", "<Response><Say>x</Response>"),
    ("nothing-but-a-blank", " "),
    ("blank-before-declaration", ' <?xml version="1.0"?><Response/>'),
    ("other-root", "<Play>x</Play>"),
    ("lowercase-root", "<response/>"),
    ("control-character", "<Response><Say>\x01</Say></Response>"),
]


@pytest.mark.parametrize("document", [row[1] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_what_is_no_twiml_is_12100_and_nothing_more(document: str, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", document)
    (asked,) = [entry for entry in listen(sim, phone) if entry["kind"] == "voice"]
    assert asked["error_code"] == 12100
    assert [line["text"] for line in phone.transcript] == [SORRY]
    assert phone.state["last_call"]["status"] == "completed"


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (None, "<Response/>", 12300),
        ("application/json", "{}", 12300),
        ("text/xml", "", 11770),
        ("text/xml", '<Response version="1999-01-01"/>', 12101),
        ("text/xml", "<Response><Say>" + "x" * 65536 + "</Say></Response>", 11750),
    ],
)
def test_answers_that_cannot_be_used(kind: str | None, body: str, code: int, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", body, kind=kind)
    assert listen(sim, phone)[0]["error_code"] == code
    assert phone.transcript[-1]["text"] == SORRY


@pytest.mark.parametrize("kind", ["text/xml", "application/xml", "text/html", "TEXT/XML; charset=utf-8"])
def test_types_that_are_twiml(kind: str, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "<Response><Say>x</Say></Response>", kind=kind)
    listen(sim, phone)
    assert phone.said == ["x"]


def test_plain_text_is_said_and_audio_is_played(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "Hello", kind="text/plain")
    site.answer("/voice", b"x", kind="audio/mpeg")
    listen(sim, phone)
    assert phone.said == ["Hello"]
    listen(sim, phone)
    assert [line["verb"] for line in phone.transcript] == ["Play"]
