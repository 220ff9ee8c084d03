"""The words that texts are known by, and what may not stand there."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow import Flow, FlowError
from app.flow.texts import HELP, STOP, Texts


def texts(**keywords: Any) -> Texts:
    return Texts.model_validate({"default": "else", "keywords": [{"reply": name, **words} for name, words in keywords.items()]})


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ("order", "order"),
        ("Order 5 apples", "order"),
        ("order: 5 apples", "order"),
        ("ORDER\n#5", "order"),
        ("orders", "else"),
        ("border", "else"),
        ("my order", "else"),
        ("order now", "now"),
        ("buy one", "both"),
        ("buy", "both"),
        ("straße", "street"),
        ("STRASSE", "street"),
        ("", "else"),
        ("hours please", "else"),
    ],
)
def test_keywords_are_matched_whole_or_at_the_beginning(body: str, reply: str) -> None:
    flow = texts(
        both={"starts_with": "buy", "exactly": "hours"},
        order={"starts_with": "order"},
        late={"exactly": "order"},
        now={"exactly": "order now"},
        street={"exactly": "Straße"},
    )
    found = flow.match(body)
    assert found is not None
    assert found.reply == ("late" if body == "order" else reply)


@given(st.text(max_size=40))
def test_any_text_is_matched_by_itself_however_it_is_spaced_and_written(body: str) -> None:
    words = body.strip()
    if not words or words.upper() in STOP | HELP:
        return
    found = texts(it={"exactly": words}).match(f"\n {words}  ")
    assert found is not None
    assert found.reply == "it"
    assert texts().match(body) is not None
    assert Texts().match(body) is None


def test_words_that_twilio_answers_itself_and_people_without_a_number_are_faults_of_the_flow(tmp_path: Path) -> None:
    path = tmp_path / "flow.toml"
    path.write_text(
        '[people]\nanna = "client:anna"\n[steps.start]\nkind = "sms"\nto = "anna"\nbody = "x"\n'
        '[texts]\ndefault = { forward_to = "anna" }\n[[texts.keywords]]\nexactly = ["hi", "Help"]\nreply = "x"\n'
    )
    with pytest.raises(FlowError, match="has 'Help' in `exactly`: Twilio answers that word itself"):
        Flow(path)
    path.write_text(path.read_text().replace('"Help"', '"helpless"'))
    with pytest.raises(FlowError) as caught:
        Flow(path)
    assert str(caught.value).count("names 'anna', who has only a browser phone, which gets no texts") == 2
