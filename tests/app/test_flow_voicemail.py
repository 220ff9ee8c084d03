"""What the flow file may say of a voicemail."""

from pathlib import Path

import pytest

from app.flow import Flow, FlowError


@pytest.mark.parametrize(("given", "sentence"), [
    ('text = "{digits}"\ntext_to = "ben"', "names {digits}, which is not known; known are {caller}, {seconds}, {transcription}, {link}"),  # noqa: E501
    ('text = "{caller"\ntext_to = "ben"', "has a brace without its partner"),
    ('text = "new"', "has a `text`, but nobody in `text_to` who would get it"),
    ("transcribe = true\nmax_length = 121", "has `transcribe`, which Twilio does for up to 120 seconds: lower its `max_length`"),
])  # fmt: skip
def test_wrong_words_are_found_when_the_flow_is_read(given: str, sentence: str, tmp_path: Path) -> None:
    step = '[people]\nben = "+15550005555"\n[steps.start]\nkind = "voicemail"\nsay = "Hello"\n' + given
    (tmp_path / "flow.toml").write_text(step)
    with pytest.raises(FlowError) as caught:
        Flow(tmp_path / "flow.toml")
    assert sentence in str(caught.value)
