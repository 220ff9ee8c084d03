"""Reading TwiML: whatever comes, the answer is verbs or one of Twilio's codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.twiml.document import TwimlError, Verb, parse, read_document
from simulator.voice.sound import wave_seconds

PIECES = [
    "<Response>",
    "</Response>",
    "<Say>",
    "</Say>",
    "<!DOCTYPE x>",
    "&amp;",
    "&x;",
    "<![CDATA[",
    "]]>",
    "<?xml?>",
    "é",
]
bodies = st.one_of(st.binary(max_size=80), st.lists(st.sampled_from(PIECES)).map(lambda words: "".join(words).encode()))


@given(bodies, st.sampled_from(["text/xml", "text/plain", "audio/wav", "image/png", "", ";", None]))
def test_any_answer_is_read_or_refused_with_a_code(body: bytes, kind: str | None) -> None:
    try:
        code, verbs = 0, read_document(body, kind, "http://a.example/").verbs
    except TwimlError as error:
        code, verbs = error.code, ()
    assert code in {0, 11770, 12100, 12101, 12300}
    assert all(isinstance(verb, Verb) for verb in verbs)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&￾￿"), min_size=1))
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    (verb,) = parse(f"<Response><Say>{text}</Say></Response>")
    assert verb.text == text.strip()


@given(st.binary(max_size=64))
def test_any_beginning_of_a_sound_file_is_harmless(head: bytes) -> None:
    assert wave_seconds(b"RIFF\0\0\0\0WAVE" + head) is None or head


def test_own_text_leaves_out_what_is_nested() -> None:
    (verb,) = parse("<Response><Message>a<Media>u</Media>b</Message></Response>")
    assert (verb.own_text, verb.text, [child.name for child in verb.children]) == ("ab", "aub", ["Media"])


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_encodings_are_as_declared(encoding: str) -> None:
    document = f'<?xml version="1.0" encoding="{encoding}"?><Response><Say>día</Say></Response>'
    assert parse(document.encode(encoding))[0].text == "día"
