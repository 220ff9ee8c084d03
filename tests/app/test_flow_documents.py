"""Every document that a flow can produce is TwiML without a fault, whatever the flow says and the caller sends."""

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from office import FILE, ROOT

from app.flow import Flow, FlowError
from app.flow.steps import KINDS
from app.switch import Asked, Switch
from app.switch.turns import ACTS
from simulator.twiml.document import read_markup
from simulator.twiml.grammar import VOICE_VERBS
from simulator.twiml.schema import known_verbs

NOW = datetime(2026, 6, 16, 10, tzinfo=UTC)
MOST = 64 * 1024  # bytes of a document
ODD = [
    "🎉🧿",
    "שלום \u202e abc \u202c",
    "\"quoted\" 'so' & <so> ]]> <!-- x -->",
    "&#0; &amp; %s {{}}",
    "a\nb\tc\rd",
    "日本語",
    "e\u0301\u200d",
]
ANYWHERE = ("{caller}", "{line}")
PRESSED = (*ANYWHERE, "{digits}", "{speech}")
WAITING = (*ANYWHERE, "{position}", "{wait}")
HOSTILE = [
    "",
    "+15550002222",
    "client:anna",
    "anonymous",
    "+266696687",
    "sip:a@b.example",
    "\x00\x08\x0b\x1b",
    "\ud800",
    "\udfff\ufffe\uffff",
    "\ue000tcaller\ue001",
    "]]><Dial>+19005550000</Dial>",
    '"><Redirect>http://x.example</Redirect><a b="',
    "x" * 5000,
    "9" * 5000,
    "&" * 5000,
    "🎉" * 5000,
    "1",
    "#",
    "*",
    "completed",
    "busy",
    "true",
    "false",
    "bridged",
    "hangup",
    "99999999999999999999",
    "-1",
    "٣",
    "²",
]
PARAMETERS = [
    "From",
    "To",
    "caller",
    "line",
    "CallSid",
    "Digits",
    "SpeechResult",
    "QueuePosition",
    "AvgQueueTime",
    "QueueTime",
    "QueueResult",
    "DialCallStatus",
    "DialBridged",
    "RecordingDuration",
    "CallStatus",
    "turn",
]

voices = st.sampled_from(["man", "woman", "alice", "Polly.Amy", "Polly.Joanna-Neural", "Google.en-GB-Standard-A"])
languages = st.sampled_from(["en-GB", "de-DE", "cmn-CN", "pt-BR", "ar-AE"])
clips = st.sampled_from(["clips/music.wav", "https://x.example/a.mp3?b=1&c=%22<"])


def sentences(*fields: str) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(st.sampled_from([*ODD, *fields, "Hello.", "word " * 60]), min_size=1, max_size=6).map(" ".join),
        st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_characters="{}\x7f"), min_size=1, max_size=80),
    )


def prompts(*fields: str) -> st.SearchStrategy[Any]:
    said = sentences(*fields)
    part = st.one_of(
        said,
        st.fixed_dictionaries({"say": said}, optional={"voice": voices, "language": languages, "loop": st.integers(1, 100)}),
        st.fixed_dictionaries({"play": clips}, optional={"loop": st.integers(1, 100)}),
        st.fixed_dictionaries({"pause": st.integers(1, 180)}),
    )
    return st.one_of(part, st.lists(part, min_size=1, max_size=4))


prompt, told = prompts(*ANYWHERE), prompts(*PRESSED)
target = st.sampled_from(["other", "end"])
people = st.lists(st.sampled_from(["ann", "+15550003333", "client:bob", "+15550001111"]), min_size=1, unique=True)
keys = st.text("0123456789*#", min_size=1, max_size=3)
words = st.sampled_from(["help", "the operator", "¿qué?", "日本", "a & b, <c>", '"quoted"'])
STEPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # what each kind must have, and what it may
    "say": ({"say": prompt}, {"next": target}),
    "menu": (
        {
            "say": prompt,
            "choices": st.dictionaries(
                keys, st.one_of(target, st.fixed_dictionaries({"go": target, "speech": st.lists(words, max_size=5)})), min_size=1
            ),
        },
        {"wrong": told, "silent": prompt, "tries": st.integers(1, 10), "timeout": st.integers(1, 600), "otherwise": target},
    ),
    "hours": ({"hours": st.just("day"), "open": target, "closed": target}, {"holiday": target}),
    "callers": ({"numbers": st.lists(st.sampled_from(["ann", "+1900*", "anonymous"]), min_size=1), "listed": target}, {}),
    "reject": ({}, {"reason": st.sampled_from(["busy", "rejected"])}),
    "dial": (
        {"to": people},
        {
            "order": st.sampled_from(["together", "in turn"]),
            "say": prompt,
            "timeout": st.integers(1, 600),
            "time_limit": st.integers(1, 14400),
            "whisper": prompt,
            "caller_id": st.sampled_from(["caller", "line"]),
            "record": st.booleans(),
            "answered": target,
            "busy": target,
            "otherwise": target,
        },
    ),
    "queue": (
        {"queue": st.just("q"), "waiting": prompts(*WAITING)},
        {"say": prompt, "max_wait": st.integers(10, 600), "otherwise": target},
    ),
    "take": ({"queue": st.just("q")}, {"say": prompt, "timeout": st.integers(1, 600), "next": target}),
    "conference": (
        {"room": st.just("room-1"), "say": prompt},
        {
            "pin": st.sampled_from(["1234", "123456789012"]),
            "wrong": told,
            "welcome": prompt,
            "music": st.sampled_from(["clips/music.wav", "https://x.example/a.mp3?b=1&c=2"]),
            "max_participants": st.integers(2, 250),
            "tries": st.integers(1, 5),
            "next": target,
            "otherwise": target,
        },
    ),
    "voicemail": (
        {"say": prompt},
        {
            "max_length": st.integers(1, 120),
            "timeout": st.integers(1, 600),
            "finish_on_key": st.sampled_from("0*#"),
            "transcribe": st.booleans(),
            "text_to": st.just(["ann"]),
            "next": target,
        },
    ),
    "sms": ({"body": sentences(*ANYWHERE)}, {"to": st.sampled_from(["caller", "ann", "+15550003333"]), "next": target}),
    "redirect": ({"to": st.sampled_from(["other", "https://x.example/voice?a=1&b=%22"])}, {}),
    "hangup": ({}, {}),
}


@st.composite
def flow_files(draw: st.DrawFn) -> str:
    """A legal flow with one step of some kind, another that speaks, and an end."""
    kind = draw(st.sampled_from(sorted(STEPS)))
    must, may = STEPS[kind]
    step = {"kind": kind} | draw(st.fixed_dictionaries(must, optional=may))
    if kind == "callers":
        step["others"] = "end"
    if kind == "dial" and "whisper" in step and draw(st.booleans()):
        step["accept"] = draw(st.sampled_from("159*#"))
    first = {"kind": "say", "say": draw(prompt), "next": "one"} if kind != "reject" and draw(st.booleans()) else None
    steps = {"one": step, "other": {"say": draw(told), "next": "end"}, "end": {"kind": "hangup"}, "queue": {"kind": "queue"}}
    steps["queue"] |= {"queue": "q", "waiting": "Wait."}
    steps["all"] = {"kind": "menu", "say": "All.", "choices": {"1": "other", "2": "end", "3": "queue"}}
    table = {
        "start": "begin" if first else "one",
        "placed": ["all"],
        "people": {"ann": ["+15550004444", "client:ann"]},
        "steps": steps,
    }
    if first:
        steps["begin"] = first
    table |= draw(st.fixed_dictionaries({}, optional={"voice": voices, "language": languages, "sorry": prompts()}))
    table["hours"] = {"day": {"open": ["Mon-Sun 09:00-17:00"]}}
    return "\n".join(f"{name} = {toml(value)}" for name, value in table.items())


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def switch_for(written: str) -> Switch:
    """The switch of a flow that is written to a file beside the office's clips."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "clips").mkdir()
        (Path(folder) / "clips/music.wav").write_bytes(b"RIFF")
        path = Path(folder) / "flow.toml"
        path.write_text(written, encoding="utf-8")
        try:
            return Switch(Flow(path), "https://phone.example.com")
        except FlowError:  # such as a word that two choices of a menu have: Hypothesis complains where most are so
            reject()


def events(switch: Switch) -> list[tuple[str, str]]:
    return [(name, event) for name, place in switch.flow.places.items() for kind, event in ACTS if kind is type(place.step)]


def check(twiml: str) -> None:
    """Nothing is said against a document, and it is not too long."""
    told: list[tuple[int, str, str]] = []
    known_verbs(read_markup(twiml.encode()), VOICE_VERBS, lambda *alert: told.append(alert))
    assert told == [], twiml
    assert len(twiml.encode()) <= MOST


hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
requests = st.fixed_dictionaries(
    {"Direction": st.sampled_from(["inbound", "outbound-api", ""])}, optional=dict.fromkeys(PARAMETERS, hostile)
)


def asked(given: dict[str, str], turn: int = 1) -> Asked:
    return Asked(
        value=lambda name: given.get(name, ""),
        now=NOW,
        turn=turn,
        number="+15550001111",
        may_text=lambda line, number: True,
        may_ring=lambda step, numbers: numbers,
        may_send=lambda step, number, body, own: True,
    )


def test_a_room_whose_pin_was_taken_away_meanwhile_is_open(tmp_path: Path) -> None:
    path = tmp_path / "flow.toml"
    path.write_text('[steps.start]\nkind = "conference"\nroom = "office"\n')
    answer = Switch(Flow(path), "https://phone.example.com").answer("start", "pin", asked({"Digits": "1234"}, 1)).twiml
    check(answer)
    assert "<Conference" in answer


@given(flow_files(), st.lists(requests, min_size=1, max_size=3), st.integers(1, 11))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_a_flow_says_and_whatever_is_sent_the_answer_is_twiml(written: str, sent: list[dict[str, str]], turn: int) -> None:
    switch = switch_for(written)
    for given_parameters in sent:
        for name, event in events(switch):
            check(switch.answer(name, event, asked(given_parameters, turn)).twiml)
    check(switch.sorry("+15550001111"))


@given(requests, st.integers(1, 11))
@settings(max_examples=50, deadline=None)
def test_so_it_is_in_the_office(sent: dict[str, str], turn: int) -> None:
    for name, event in events(OFFICE):
        check(OFFICE.answer(name, event, asked(sent, turn)).twiml)


OFFICE = Switch(Flow(ROOT / FILE), "https://phone.example.com")


def test_every_kind_of_step_is_in_these_flows() -> None:
    assert STEPS.keys() == KINDS.keys()
