"""Segments of texts: the figures of GSM 03.38 and of Twilio's pages, and the simulator as a second witness over HTTP."""

import pytest
from town import LINE, PHONE, Town

from app import segments

TEXTS = [
    ("", 1),
    ("a" * 160, 1),
    ("a" * 161, 2),
    ("a" * 306, 2),
    ("a" * 307, 3),
    ("a" * 1600, 11),
    ("€" * 80, 1),  # each takes two places
    ("€" * 81, 2),
    ("€" * 152, 2),  # 76 in a part: a pair is not parted
    ("€" * 153, 3),
    ("a" * 152 + "€" + "a" * 151, 2),
    ("a" * 152 + "€" + "a" * 152, 3),
    ("ü" * 160, 1),
    ("ç" * 71, 2),  # only the capital one is in GSM's alphabet
    ("—" + "a" * 69, 1),
    ("—" + "a" * 70, 2),
    ("—" + "a" * 133, 2),
    ("—" + "a" * 134, 3),
    ("🐒" * 35, 1),  # two UTF-16 units each
    ("🐒" * 36, 2),
    ("🐒" * 66, 2),  # 33 in a part
    ("🐒" * 67, 3),
    ("a" * 152 + "щ", 3),  # Twilio's own example: one character makes three of one
]


@pytest.mark.parametrize(("text", "number"), TEXTS)
def test_a_text_takes_so_many_segments(text: str, number: int) -> None:
    assert segments.count(text) == number


def test_the_simulator_counts_the_same(town: Town) -> None:
    for text, number in TEXTS[1:]:
        sent = town.rest("POST", "Messages.json", To=PHONE, From=LINE, Body=text)
        assert sent.json()["num_segments"] == str(number), text
