"""Whatever an application answers: it is carried out, or the call ends with one of Twilio's codes, and nothing breaks.

Codes are those of https://www.twilio.com/docs/api/errors; what counts as a document is told by
https://www.twilio.com/docs/api/twiml/your_response. Where both are silent, the row says "assumed".
"""

import gzip
import time
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.rest import Client

from simulator.driver import Handset, Simulator
from simulator.twiml.document import TwimlError, read_document
from simulator.twiml.grammar import VOICE_VERBS
from simulator.twiml.schema import known_verbs

LINE, PHONE = "+15550001111", "+15550002222"
SORRY = "We are sorry. An application error has occurred. Goodbye."
LIMIT = 65536


@dataclass
class Fact:
    """An answer, what is said on the phone, and the first code that is told about it."""

    id: str
    body: bytes | str
    says: str | None = SORRY
    code: int | None = 12100
    kind: str | None = "text/xml"


def said(text: str) -> str:
    return f"<Response><Say>{text}</Say></Response>"


def declared(encoding: str, text: str = "día") -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{said(text)}'


def padded(size: int) -> str:
    document = said("x")
    return document[:10] + " " * (size - len(document)) + document[10:]


def attributes(number: int) -> str:
    return " ".join(f'a{each}=""' for each in range(number))


BOMB = (
    "<!DOCTYPE Response ["
    + "".join(f'<!ENTITY e{n + 1} "' + f"&e{n};" * 10 + '">' for n in range(9))
    + '<!ENTITY e0 "ha">]>'
    + said("&e9;")
)
FACTS = [
    # What counts as a document
    Fact("text-xml", said("x"), "x", None),
    Fact("application-xml", said("x"), "x", None, "application/xml"),
    Fact("html", said("x"), "x", None, "text/html; charset=utf-8"),
    Fact("kind-in-capitals", said("x"), "x", None, "Text/XML;charset=UTF-8"),
    Fact("json", "{}", SORRY, 12300, "application/json"),
    Fact("no-kind", said("x"), SORRY, 12300, None),
    Fact("torn-kind", said("x"), SORRY, 12300, ";;;"),
    Fact("plain", "Hello <b>", "Hello <b>", None, "text/plain"),
    Fact("plain-latin", "día".encode("latin-1"), "día", None, "text/plain; charset=iso-8859-1"),
    Fact("plain-in-an-unknown-charset", "día", "día", None, "text/plain; charset=martian"),
    Fact("plain-in-a-charset-that-is-none", "día", "día", None, "text/plain; charset=zlib"),
    Fact("plain-in-utf-7-is-not-read", "+AGE-", "+AGE-", None, "text/plain; charset=utf-7"),
    Fact("plain-broken", b"d\xeda", "d\ufffda", None, "text/plain"),
    Fact("plain-nothing", " ", None, 13520, "text/plain"),
    Fact("empty", "", SORRY, 11770),
    Fact("blanks", " \r\n ", SORRY),
    # Size
    Fact("as-big-as-may-be", padded(LIMIT), "x", None),
    Fact("one-too-big", padded(LIMIT + 1), SORRY, 11750),
    Fact("plain-too-big", "x" * (LIMIT + 1), SORRY, 11750, "text/plain"),
    # Well-formed or not
    Fact("no-xml", "torn"),
    Fact("torn", said("x")[:-5]),
    Fact("crossed", "<Response><Say>x</Response></Say>"),
    Fact("two-roots", said("x") + said("y")),
    Fact("rest-after-it", said("x") + "junk"),
    Fact("blank-before-declaration", " " + declared("utf-8")),
    Fact("blank-before-root", "\r\n " + said("x") + "\r\n", "x", None),
    Fact("ampersand", said("fish & chips")),
    Fact("unknown-entity", said("a&nbsp;b")),
    Fact("known-entities", said("&lt;b&gt; &amp; &#233;&#x1F600;"), "<b> & é😀", None),
    Fact("reference-to-nothing", said("&#0;")),
    Fact("reference-to-a-surrogate", said("&#xD800;")),
    Fact("double-attribute", '<Response><Say voice="man" voice="woman">x</Say></Response>'),
    Fact("attribute-without-quotes", "<Response><Say voice=man>x</Say></Response>"),
    Fact("nul", said("a\0b")),
    Fact("control", said("a\x08b")),
    Fact("not-a-character", said("a\ufffeb")),
    Fact("half-a-pair", said("a\ud800b").encode("utf-8", "surrogatepass")),
    Fact("cdata", said("<![CDATA[a & <b>]]>"), "a & <b>", None),
    Fact("cdata-open", said("<![CDATA[a")),
    Fact("comments", "<!-- a --><Response><!-- b --><Say>x<!-- c -->y</Say></Response><!-- d -->", "xy", None),
    Fact("instructions", '<?xml-stylesheet href="x"?><Response><?php echo 1 ?><Say>x</Say></Response>', "x", None),
    Fact("version-1.1", '<?xml version="1.1"?>' + said("x"), "x", None),
    Fact("namespace", '<Response xmlns="http://a.example/"><Say>x</Say></Response>', "x", None),
    Fact("prefix", '<t:Response xmlns:t="http://a.example/"><t:Say>x</t:Say></t:Response>'),
    Fact("prefix-of-nothing", "<t:Response><Say>x</Say></t:Response>"),
    Fact("other-root", "<Play>x</Play>"),
    Fact("root-in-lower-case", "<response><Say>x</Say></response>"),
    Fact("html-page", "<html><body><p>Internal error</p></body></html>", kind="text/html"),
    Fact("other-version", '<Response version="1999-01-01"/>', SORRY, 12101),
    # What a document type could do is never tried
    Fact("doctype", "<!DOCTYPE Response>" + said("x")),
    Fact("entity", '<!DOCTYPE Response [<!ENTITY a "b">]>' + said("&a;")),
    Fact("entity-bomb", BOMB),
    Fact("quadratic-bomb", f'<!DOCTYPE Response [<!ENTITY a "{"b" * 30000}">]>' + said("&a;" * 10000)),
    Fact("external-entity", '<!DOCTYPE Response [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + said("&a;")),
    Fact("external-subset", '<!DOCTYPE Response SYSTEM "http://127.0.0.1:9/a.dtd">' + said("x")),
    Fact("parameter-entity", '<!DOCTYPE Response [<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;]>' + said("x")),
    # Encodings: the mark, then the declaration, then the header
    Fact("utf-8", declared("utf-8"), "día", None),
    Fact("utf-8-with-mark", declared("utf-8").encode("utf-8-sig"), "día", None),
    Fact("mark-is-believed", declared("iso-8859-1").encode("utf-8-sig"), "día", None),
    Fact("latin", declared("iso-8859-1").encode("latin-1"), "día", None),
    Fact("latin-undeclared", said("día").encode("latin-1")),
    Fact("latin-by-header", said("día").encode("latin-1"), "día", None, "text/xml; charset=ISO-8859-1"),
    Fact("header-and-declaration-differ", declared("iso-8859-1").encode("latin-1"), "día", None, "text/xml; charset=utf-8"),
    Fact("header-without-meaning", said("día"), "día", None, 'text/xml; charset="x-user-defined"'),
    Fact("windows", declared("windows-1252", "€").encode("cp1252"), "€", None),
    Fact("shift-jis", declared("Shift_JIS", "もしもし").encode("shift_jis"), "もしもし", None),
    Fact("utf-16-with-mark", declared("utf-16").encode("utf-16"), "día", None),
    Fact("utf-16-without-mark", said("día").encode("utf-16-be"), "día", None),
    Fact("utf-16-declared-but-not", declared("utf-16")),
    Fact("utf-8-declared-but-latin", declared("utf-8").encode("latin-1")),
    Fact("shift-jis-declared-but-not", declared("shift_jis", "é").encode("latin-1")),
    Fact("utf-7", declared("utf-7").encode("utf-7")),
    Fact("utf-32", said("x").encode("utf-32")),
    Fact("ebcdic", declared("cp037", "x").encode("cp037")),
    Fact("unknown-encoding", declared("klingon", "x")),
    Fact("encoding-of-no-text", declared("rot13", "x")),
    # Shapes that hurt
    Fact("deep", "<Response>" + "<Gather>" * 3000 + "</Gather>" * 3000 + "</Response>"),
    Fact("deep-and-open", "<Response>" + "<a>" * 20000),
    Fact("wide", "<Response>" + "<a/>" * 16000 + "<Say>x</Say></Response>", "x", 12200),
    Fact("empty-says", "<Response>" + "<Say/>" * 10000 + "<Say>x</Say></Response>", "x", 13520),
    Fact("many-attributes", f"<Response><Say {attributes(6000)}>x</Say></Response>", "x", 12200),
    Fact("huge-attribute", f'<Response><Say voice="{"x" * 60000}">x</Say></Response>', "x", 13511),
    Fact("huge-number", f'<Response><Pause length="{"9" * 60000}"/><Say>x</Say></Response>', "x", 13910),
    Fact("huge-name", f"<Response><{'a' * 60000}/><Say>x</Say></Response>", "x", 12200),
    Fact("silence-for-ever", '<Response><Say loop="0"> </Say></Response>', None, 13520),
    Fact("redirect-for-ever", "<Response><Redirect>/voice</Redirect></Response>", SORRY, 11215),
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_a_call_takes_any_answer(fact: Fact, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", fact.body, kind=fact.kind)
    sid = phone.call(LINE)
    sim.advance(60)
    heard = [line["text"] for line in phone.transcript if line["speaker"] != "phone"]
    assert heard == ([fact.says] if fact.says is not None else [])
    assert next((entry["error_code"] for entry in sim.requests(sid) if entry["error_code"]), None) == fact.code
    (report,) = site.at("/number-status")
    assert report.params["CallStatus"] == "completed"


@pytest.mark.parametrize("body", ["torn", BOMB, said("x").encode("utf-32")])
def test_an_answer_to_a_text_that_cannot_be_read_sends_nothing(body: Any, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/sms", body)
    sid = phone.text(LINE, "hi")
    sim.advance(10)
    assert [entry["error_code"] for entry in sim.requests(sid)] == [12100]
    assert [text["direction"] for text in phone.messages] == ["sent"]


def test_what_grows_when_it_is_unpacked_is_too_big(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", gzip.compress(b"<Response>" + b" " * 50_000_000), Content_Encoding="gzip")
    sid = phone.call(LINE)
    sim.advance(60)
    assert sim.requests(sid)[0]["error_code"] == 11750
    assert phone.transcript[-1]["text"] == SORRY


WORST = {
    "elements": "<a/>" * 16_370,
    "verbs": "<Say/>" * 10_900,
    "mistakes": '<Pause length="x"/>' * 3_440,
    "speech": f"<Say>{'<s>a</s>' * 8_180}</Say>",
    "depth": f"<Say>{'<s>' * 48}{'x ' * 32_500}{'</s>' * 48}</Say>",
    "attributes": f"<Say {attributes(7_000)}/>",
    "blanks": f'<Gather input="{" " * 65_000}x"/>',
    "language": f'<Say language="{"a-" * 32_000}">x</Say>',
    "nouns": f"<Dial>{'<Number>+1</Number>' * 3_440}</Dial>",
}


@pytest.mark.parametrize("body", WORST.values(), ids=WORST.keys())
def test_no_document_takes_long(body: str) -> None:
    raw = f"<Response>{body}</Response>".encode()
    assert LIMIT * 0.9 < len(raw) <= LIMIT
    started = time.process_time()
    known_verbs(read_document(raw, "text/xml", "http://a.example/"), VOICE_VERBS, lambda *_: None)
    assert time.process_time() - started < 0.5  # takes up to 0.08 s; what grows with the square takes many seconds


def test_inline_twiml_shows_what_is_wrong_with_it(sim: Simulator, client: Client) -> None:
    call = client.calls.create(to=PHONE, from_=LINE, twiml='<Response><Say speed="2">x</Say></Response>')
    sim.advance(60)
    (entry,) = [entry for entry in sim.requests(str(call.sid)) if entry["kind"] == "twiml"]
    assert (entry["method"], entry["url"], entry["status"], entry["error_code"]) == ("", "", None, 12200)
    assert "speed" in entry["body"]
    assert sim.phone(PHONE).said == ["x"]


def test_inline_twiml_that_cannot_be_read_ends_the_call(sim: Simulator, client: Client) -> None:
    call = client.calls.create(to=PHONE, from_=LINE, twiml="<Response><Say>a & b</Say></Response>")
    sim.advance(60)
    assert [entry["error_code"] for entry in sim.requests(str(call.sid))] == [12100]
    assert sim.phone(PHONE).transcript[-1]["text"] == SORRY


def test_inline_twiml_without_mistakes_leaves_no_entry(sim: Simulator, client: Client) -> None:
    call = client.calls.create(to=PHONE, from_=LINE, twiml=declared("iso-8859-1"))
    sim.advance(60)
    assert sim.requests(str(call.sid)) == []
    assert sim.phone(PHONE).said == ["día"]


@pytest.mark.parametrize(
    "verb",
    [
        "<Redirect>/n</Redirect>",
        "<Gather action='/n' numDigits='1'/>",
        "<Gather numDigits='1'/>",
        "<Record/>",
        "<Record action='/n'/>",
    ],
)
def test_inline_twiml_has_no_address_to_start_from(verb: str, sim: Simulator, client: Client) -> None:
    call = client.calls.create(to=PHONE, from_=LINE, twiml=f"<Response>{verb}</Response>")
    sim.advance(60)
    entries = sim.requests(str(call.sid))
    assert {entry["error_code"] for entry in entries} == {11100}
    assert {entry["status"] for entry in entries} == {None}


DOCUMENTS = [
    '<?xml version="1.0" encoding="UTF-8"?><Response><Say voice="woman" loop="2">Hello</Say><Pause length="2"/></Response>',
    '<Response><Gather timeout="3" numDigits="1"><Say>Press <break time="1s"/>one</Say></Gather><Hangup/></Response>',
    '<Response><Dial timeout="5" record="true"><Number url="/w">+15550002223</Number><Client>a</Client></Dial></Response>',
    '<Response><Dial><Conference beep="false" maxParticipants="3">room</Conference></Dial></Response>',
    '<Response><Record maxLength="5" finishOnKey="#"/><Enqueue waitUrl="/w">q</Enqueue><Leave/></Response>',
    '<Response><Play digits="1w2"/><Sms to="+15550002222">&#233;</Sms><Redirect method="GET">/n?a=1&amp;b=2</Redirect></Response>',
    "<Response><Start><Stream url='/s'/></Start><!-- c --><![CDATA[x]]><Reject reason='busy'/></Response>",
]
SCRAPS = [
    b"<",
    b">",
    b"/",
    b'"',
    b"&",
    b";",
    b"\0",
    b"\xff",
    b"]]>",
    b"<!--",
    b"<?",
    b"<Say>",
    b"</Response>",
    b"&#x0;",
    b"\xed\xa0\x80",
]


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A document with pieces left out, doubled, and put in."""
    body = draw(st.sampled_from(DOCUMENTS)).encode()
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        middle = draw(st.one_of(st.just(b""), st.just(body[start:end] * 2), st.sampled_from(SCRAPS), st.binary(max_size=8)))
        body = body[:start] + middle + body[end:]
    return body


ANSWERS = st.tuples(
    st.one_of(mutations(), st.binary(max_size=200), st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))),
    st.sampled_from(["text/xml", "text/xml; charset=utf-16", "text/html; charset=latin-1", "text/plain", "audio/wav", None]),
)


@given(ANSWERS)
@settings(max_examples=300)
def test_any_answer_leaves_verbs_or_a_code(answer: tuple[bytes, str | None]) -> None:
    body, kind = answer
    told: list[tuple[int, str, str]] = []
    try:
        document = read_document(body, kind, "http://a.example/")
        known_verbs(document, VOICE_VERBS, lambda *alert: told.append(alert))
    except TwimlError as error:
        told.append((error.code, str(error), "error"))
    assert all(11770 <= code <= 16002 and len(text) < 300 for code, text, _ in told)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS)
def test_any_answer_ends_in_a_call_that_is_over(
    answer: tuple[bytes, str | None], sim: Simulator, site: Any, client: Client, numbered: Any
) -> None:
    path, caller = f"/voice{next(numbered)}", sim.phone(f"+1555100{next(numbered):04}")
    site.answer(path, answer[0], kind=answer[1])
    sim.point(voice_url=site.url + path)
    sid = caller.call(LINE)
    sim.advance(60)
    if caller.state["state"] != "idle":  # it waits: for keys, in a queue, in a conference
        caller.hangup()
        sim.advance(60)
    assert caller.state["state"] == "idle"
    assert client.calls(sid).fetch().status in {"completed", "busy", "no-answer"}


@pytest.fixture
def numbered() -> Any:
    return count(1)
