"""Documents held against the grammar: one row a fact.

Facts are those of Twilio's voice schema (twiml_v20100401), its list of errors (https://www.twilio.com/docs/api/errors)
and its pages on each verb; where these are silent, the row says "assumed".
"""

import inspect
from dataclasses import dataclass, field
from typing import Any

import pytest
from twilio.twiml import TwiML
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from simulator.twiml.document import Verb, read_markup
from simulator.twiml.elements import Element
from simulator.twiml.grammar import BACKGROUND, ERRORS, KNOWN_NOT_SIMULATED, MESSAGE_VERBS, VOICE_VERBS
from simulator.twiml.schema import known_verbs
from simulator.voice.verbs import VERBS


@dataclass
class Fact:
    """What is left of a document's first verb, and the codes of all that is told about it, in order."""

    id: str
    twiml: str
    codes: list[int] = field(default_factory=list)
    keeps: dict[str, str] = field(default_factory=dict)
    nested: list[str] = field(default_factory=list)


def check(twiml: str, grammar: Element = VOICE_VERBS) -> tuple[list[Verb], list[tuple[int, str, str]]]:
    told: list[tuple[int, str, str]] = []
    verbs = known_verbs(read_markup(f"<Response>{twiml}</Response>"), grammar, lambda *alert: told.append(alert))
    return verbs, told


VOICE = [
    # Values: a bad one is told by its own code and left out, so that the default holds
    Fact("gather-timeout", '<Gather timeout="soon"/>', [13313]),
    Fact("gather-timeout-negative", '<Gather timeout="-1"/>', [13313]),
    Fact("gather-timeout-fraction", '<Gather timeout="2.5"/>', [13313]),
    Fact("gather-timeout-kept", '<Gather timeout=" 05 "/>', keeps={"timeout": "5"}),
    Fact("gather-numdigits-zero", '<Gather numDigits="0"/>', [13314]),
    Fact("gather-method", '<Gather method="PUT" action="/g"/>', [13312], {"action": "/g"}),
    Fact("gather-method-lower", '<Gather method="get"/>', keeps={"method": "GET"}),
    Fact("gather-finish-on-key", '<Gather finishOnKey="x"/>', [13310]),
    Fact("gather-finish-on-nothing", '<Gather finishOnKey=""/>', keeps={"finishOnKey": ""}),
    Fact("gather-input", '<Gather input="voice"/>', [13326]),
    Fact("gather-input-half", '<Gather input="speech fax"/>', [13326], {"input": "speech"}),
    Fact("gather-input-both", '<Gather input="speech dtmf"/>', keeps={"input": "speech dtmf"}),
    Fact("gather-speech-timeout", '<Gather speechTimeout="later"/>', [13327]),
    Fact("gather-speech-timeout-auto", '<Gather speechTimeout="auto"/>', keeps={"speechTimeout": "auto"}),
    Fact("gather-language", '<Gather language="en"/>', [13331]),
    Fact("gather-language-kept", '<Gather language="cmn-Hans-CN"/>', keeps={"language": "cmn-Hans-CN"}),
    Fact("gather-barge-in", '<Gather bargeIn="yes"/>', [13332]),
    Fact("gather-profanity", '<Gather profanityFilter="1"/>', [13333]),
    Fact("gather-model", '<Gather speechModel="mine"/>', [13334]),
    Fact("gather-model-kept", '<Gather speechModel="deepgram_nova-3"/>', keeps={"speechModel": "deepgram_nova-3"}),
    Fact("gather-empty-result", '<Gather actionOnEmptyResult="maybe"/>', [13338]),
    Fact("gather-empty-result-python", '<Gather actionOnEmptyResult="True"/>', keeps={"actionOnEmptyResult": "true"}),
    Fact("gather-partial-method", '<Gather partialResultCallbackMethod="HEAD"/>', [13329]),
    Fact("gather-two-mistakes", '<Gather timeout="x" numDigits="y"/>', [13313, 13314]),
    Fact("record-timeout", '<Record timeout="x"/>', [13611]),
    Fact("record-timeout-zero", '<Record timeout="0"/>', keeps={"timeout": "0"}),
    Fact("record-max-length", '<Record maxLength="0"/>', [13612]),
    Fact("record-method", '<Record method="HEAD"/>', [13610]),
    Fact("record-keys", '<Record finishOnKey="any"/>', [13613]),
    Fact("record-transcribe", '<Record transcribe="please"/>', [13614]),
    Fact("record-beep", '<Record playBeep="loud"/>', [13616]),
    Fact("record-trim", '<Record trim="hair"/>', [13699]),
    Fact("record-events", '<Record recordingStatusCallbackEvent="begun"/>', [13621]),
    Fact("record-callback", '<Record recordingStatusCallback="ftp://a.example/"/>', [13256]),
    Fact("record-transcribe-callback", '<Record transcribeCallback="http://a_b.example/"/>', [13257]),
    Fact("record-callback-method", '<Record recordingStatusCallbackMethod="PUT"/>', [12200]),
    Fact("dial-method", '<Dial method="PUT">+15005550006</Dial>', [13210]),
    Fact("dial-timeout", '<Dial timeout="0">+15005550006</Dial>', [13212]),
    Fact("dial-star", '<Dial hangupOnStar="*">+15005550006</Dial>', [13213]),
    Fact("dial-limit", '<Dial timeLimit="long">+15005550006</Dial>', [13216]),
    Fact("dial-record", '<Dial record="always">+15005550006</Dial>', [13217]),
    Fact("dial-record-old", '<Dial record="true">+15005550006</Dial>', keeps={"record": "true"}),
    Fact("dial-sequential", '<Dial sequential="x"/>', [13218]),
    Fact("dial-answer-on-bridge", '<Dial answerOnBridge="x"/>', [13219]),
    Fact("dial-ring-tone", '<Dial ringTone="xx"/>', [13220]),
    Fact("dial-no-value-code", '<Dial referMethod="PUT"/>', [12200]),
    Fact("number-method", '<Dial><Number method="PUT">+1</Number></Dial>', [13221], nested=["Number"]),
    Fact("number-digits", '<Dial><Number sendDigits="call">+1</Number></Dial>', [13222], nested=["Number"]),
    Fact("number-events", '<Dial><Number statusCallbackEvent="begun">+1</Number></Dial>', [12200], nested=["Number"]),
    Fact("sip-method", '<Dial><Sip method="PUT">sip:a@b.example</Sip></Dial>', [13241], nested=["Sip"]),
    Fact("room-muted", '<Dial><Conference muted="x">r</Conference></Dial>', [13230], nested=["Conference"]),
    Fact("room-end", '<Dial><Conference endConferenceOnExit="x">r</Conference></Dial>', [13231], nested=["Conference"]),
    Fact("room-start", '<Dial><Conference startConferenceOnEnter="x">r</Conference></Dial>', [13232], nested=["Conference"]),
    Fact("room-wait", '<Dial><Conference waitUrl="http://[">r</Conference></Dial>', [13233], nested=["Conference"]),
    Fact("room-silence", '<Dial><Conference waitUrl="">r</Conference></Dial>', nested=["Conference"]),
    Fact("room-wait-method", '<Dial><Conference waitMethod="x">r</Conference></Dial>', [13234], nested=["Conference"]),
    Fact("room-beep", '<Dial><Conference beep="x">r</Conference></Dial>', [13235], nested=["Conference"]),
    Fact("room-most", '<Dial><Conference maxParticipants="251">r</Conference></Dial>', [16002], nested=["Conference"]),
    Fact("room-events", '<Dial><Conference statusCallbackEvent="sing">r</Conference></Dial>', [16002], nested=["Conference"]),
    Fact("queue-method", '<Dial><Queue method="x">q</Queue></Dial>', [14210], nested=["Queue"]),
    Fact("enqueue-method", '<Enqueue method="x">q</Enqueue>', [14201]),
    Fact("enqueue-wait", '<Enqueue waitUrl="http://[">q</Enqueue>', [14202]),
    Fact("enqueue-wait-method", '<Enqueue waitUrlMethod="x">q</Enqueue>', [14206]),
    Fact("say-voice", '<Say voice="robot">x</Say>', [13511]),
    Fact("say-voice-kept", '<Say voice="Polly.Joanna-Neural">x</Say>', keeps={"voice": "Polly.Joanna-Neural"}),
    Fact("say-voice-chirp", '<Say voice="Google.en-US-Chirp3-HD-Aoede">x</Say>', keeps={"voice": "Google.en-US-Chirp3-HD-Aoede"}),
    Fact("say-language", '<Say language="english">x</Say>', [13512]),
    Fact("say-language-welsh", '<Say language="en-GB-WLS">x</Say>', keeps={"language": "en-GB-WLS"}),
    Fact("say-loop", '<Say loop="often">x</Say>', [13510]),
    Fact("say-loop-endless-number", f'<Say loop="{"9" * 5000}">x</Say>', [13510]),
    Fact("say-in-gather-voice", '<Gather><Say voice="robot">x</Say></Gather>', [13321], nested=["Say"]),
    Fact("say-in-gather-loop", '<Gather><Say loop="x">x</Say></Gather>', [13322], nested=["Say"]),
    Fact("say-rate", '<Say><prosody rate="quick">x</prosody></Say>', [13513], nested=["prosody"]),
    Fact("play-loop", '<Play loop="x">u</Play>', [13410]),
    Fact("pause-length", '<Pause length="x"/>', [13910]),
    Fact("redirect-method", '<Redirect method="HEAD">/n</Redirect>', [13710]),
    Fact("reject-reason", '<Reject reason="tired"/>', [12200]),
    Fact("sms-method", '<Sms method="HEAD">x</Sms>', [14104]),
    # Values that are right one by one, and not together
    Fact("say-too-long", f"<Say>{'x' * 4097}</Say>", [13521]),
    Fact("say-as-long-as-may-be", f"<Say>{'x' * 4096}</Say>"),
    Fact("say-too-long-for-polly", f'<Say voice="Polly.Amy">{"x" * 3001}</Say>', [13521], {"voice": "Polly.Amy"}),
    Fact(
        "speech-model-needs-seconds",
        '<Gather speechTimeout="auto" speechModel="phone_call"/>',
        [13335],
        {"speechTimeout": "auto", "speechModel": "phone_call"},
    ),
    Fact(
        "record-too-long-to-transcribe",
        '<Record transcribe="true" maxLength="121"/>',
        [13615],
        {"transcribe": "true", "maxLength": "121"},
    ),
    Fact("record-is-transcribed", '<Record transcribe="true"/>', keeps={"transcribe": "true"}),
    # Names: what the schema does not know is left out
    Fact("unknown-attribute", '<Say speed="2" loop="2">x</Say>', [12200], {"loop": "2"}),
    Fact("unknown-attributes-are-one-warning", '<Say a="" b="" c="">x</Say>', [12200]),
    Fact("attribute-in-other-case", '<Gather numdigits="2"/>', [12200]),
    Fact("value-before-name", '<Gather speed="2" timeout="soon"/>', [13313, 12200]),
    Fact("unknown-noun", "<Dial><Nobody>x</Nobody></Dial>", [12200]),
    Fact("noun-of-another-place", "<Dial><Say>x</Say></Dial>", [13215, 12200]),
    Fact("verb-in-gather", "<Gather><Hangup/></Gather>", [13320, 12200]),
    Fact("unknown-in-gather", "<Gather><Hello/></Gather>", [12200]),
    Fact("verb-in-play", "<Play>u<Say>x</Say></Play>", [12200]),
    Fact("text-where-none-is", "<Gather>press<Say>x</Say></Gather>", [12200], nested=["Say"]),
    Fact("text-and-noun-in-dial", "<Dial>+1<Number>+2</Number></Dial>", nested=["Number"]),
    Fact("sip-headers", "<Dial><Sip><Uri>sip:a@b.example</Uri></Sip></Dial>", nested=["Sip"]),
    # What XML itself may say, and what other programs write into it
    Fact("namespaces", '<Say xmlns:xsi="http://a.example/" xsi:type="x" xml:lang="en">x</Say>'),
    Fact("effects-with-a-prefix", '<Say><amazon:effect name="whispered">x</amazon:effect></Say>', nested=["amazon:effect"]),
    Fact("unknown-speech", "<Say>a <b>c</b></Say>", [12200]),
    Fact("breaks", '<Say>a<break strength="odd"/>b</Say>', [12200], nested=["break"]),
]


@pytest.mark.parametrize("fact", VOICE, ids=lambda fact: fact.id)
def test_a_voice_document(fact: Fact) -> None:
    (verb,), told = check(fact.twiml)
    assert [code for code, _, _ in told] == fact.codes
    assert verb.attributes == fact.keeps
    assert [child.name for child in verb.children] == fact.nested
    assert all(level == ("error" if code in ERRORS else "warning") for code, _, level in told)


@pytest.mark.parametrize(
    ("twiml", "left", "codes"),
    [
        ("<Start><Stream url='wss://a.example/'/></Start><Say>x</Say>", ["Say"], [12200]),
        ("<Stop><Stream name='x'/></Stop><Say>x</Say>", ["Say"], [12200]),
        ("<Connect><Stream url='wss://a.example/'/></Connect><Say>x</Say>", ["Connect", "Say"], []),
        ("<Message>x</Message><Say>x</Say>", ["Say"], [12200]),
        ("<Stream url='wss://a.example/'/><Say>x</Say>", ["Say"], [12200]),
        ("<say>x</say><Say>x</Say>", ["Say"], [12200]),
        ("hello<Say>x</Say>", ["Say"], [12200]),
        ("<Say>x</Say><t:Say>y</t:Say>", ["Say"], [12200]),
    ],
)
def test_what_is_left_of_a_response(twiml: str, left: list[str], codes: list[int]) -> None:
    verbs, told = check(twiml)
    assert [verb.name for verb in verbs] == left
    assert [code for code, _, _ in told] == codes


@pytest.mark.parametrize(
    ("twiml", "left", "codes"),
    [
        ("<Message><Body>x</Body><Media>/m</Media></Message>", ["Message"], []),
        ("<Sms>x</Sms><Redirect>/n</Redirect>", ["Sms", "Redirect"], []),
        ("<Say>x</Say><Message>y</Message>", ["Message"], [14110, 12200]),
        ("<Hello>x</Hello>", [], [12200]),
        ("<Message method='HEAD' color='red'>x</Message>", ["Message"], [14104, 12200]),
        ("<Message><Image>x</Image></Message>", ["Message"], [12200]),
        ("<Redirect method='PUT'>/n</Redirect>", ["Redirect"], [13710]),
    ],
)
def test_a_messaging_document(twiml: str, left: list[str], codes: list[int]) -> None:
    verbs, told = check(twiml, MESSAGE_VERBS)
    assert [verb.name for verb in verbs] == left
    assert [code for code, _, _ in told] == codes


def test_a_response_has_a_version_and_nothing_else() -> None:
    told: list[int] = []
    document = read_markup('<Response version="2010-04-01" lang="en" xmlns:x="y"><Say>x</Say></Response>')
    known_verbs(document, VOICE_VERBS, lambda code, *_: told.append(code))
    assert told == [12200]


def test_what_is_told_is_short_and_names_the_place() -> None:
    _, ((_, text, _),) = check(f'\n<Gather timeout="{"x" * 60_000}"/>')
    assert text == f'Gather: Invalid timeout value "{"x" * 40}…" (line 2)'
    attributes = " ".join(f'a{number}=""' for number in range(10, 100))
    _, ((_, text, _),) = check(f"<Say {attributes}>x</Say>")
    assert text == "Schema validation warning: Say has no a10, a11, a12, a13, a14 and 85 more (line 1)"


def test_speech_is_read_as_its_words() -> None:
    (verb,), told = check(
        """<Say>
          <p>Your <say-as interpret-as="cardinal">12</say-as> boxes<s>of <sub alias="aluminium">Al</sub></s></p>are
          <emphasis level="strong">here</emphasis><break time="1500ms"/><break strength="strong"/><break time="99s"/>!
        </Say>"""
    )
    assert verb.text == "Your 12 boxes of aluminium are here !"
    assert verb.silence == pytest.approx(1.5 + 0.6 + 10)
    assert told == []


def _nest(parent: Any, depth: int = 0) -> None:
    """Call every method of a helper that writes an element, with something for every attribute."""
    for name, write in inspect.getmembers(type(parent), inspect.isfunction):
        if name.startswith("_") or hasattr(TwiML, name):
            continue
        wanted = [given.name for given in inspect.signature(write).parameters.values() if given.kind is not given.VAR_KEYWORD]
        child = write(parent, **dict.fromkeys(wanted[1:], "1"))
        if depth < 3:
            _nest(child, depth + 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("response", "grammar"), [(VoiceResponse, VOICE_VERBS), (MessagingResponse, MESSAGE_VERBS)])
def test_the_grammar_knows_all_that_twilios_library_can_write(response: Any, grammar: Element) -> None:
    root = response()
    _nest(root)
    told: list[str] = []
    known_verbs(read_markup(root.to_xml()), grammar, lambda code, text, level: told.append(text))
    assert [text for text in told if "Invalid" not in text and "is not simulated" not in text] == []


def test_each_known_verb_is_carried_out_or_said_to_be_missing() -> None:
    missing = {name for name in VOICE_VERBS.children if VOICE_VERBS.children[name].free}
    assert missing == KNOWN_NOT_SIMULATED | BACKGROUND
    assert set(VOICE_VERBS.children) - missing == set(VERBS)
