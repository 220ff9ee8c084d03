"""Segments as they are billed: boundaries, alphabets, and what is not parted.

Facts: Twilio's page on the SMS character limit and github.com/TwilioDevEd/message-segment-calculator.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.texts.segments import count_segments

FAMILY = "👩\u200d👩\u200d👧\u200d👦"  # 11 units, one picture
FLAG = "🇰🇭"  # 4 units
GSM_ALPHABET = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà"
GSM_EXTENSION = "\f^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("a" * 1600, 11),
        (GSM_ALPHABET, 1),
        (GSM_EXTENSION * 8, 1),
        (GSM_EXTENSION * 8 + "a", 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("{" + "2" * 158, 1),
        ("{" + "2" * 159, 2),
        ("a" * 152 + "€" + "a" * 10, 2),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("\r\n" * 80, 1),
        ("é" * 160, 1),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("`" * 71, 2),
        ("\u2019" + "a" * 69, 1),
        ("\u2019" + "a" * 70, 2),
        ("\t" * 71, 2),
        ("あ" * 70, 1),
        ("あ" * 71, 2),
        ("あ" * 134, 2),
        ("あ" * 135, 3),
        ("あ" * 1600, 24),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("あ" * 66 + "😀" + "あ" * 66, 3),
        ("あ" * 66 + "😀" + "あ" * 65, 2),
        ("😜" + "2" * 68, 1),
        ("😜" + "2" * 69, 2),
        (FAMILY * 6, 1),
        (FAMILY * 7, 2),
        (FAMILY * 12, 2),
        (FAMILY * 13, 3),
        (FLAG * 17, 1),
        (FLAG * 32, 2),
        (FLAG * 33, 3),
        ("e\u0301" * 35, 1),
        ("e\u0301" * 66, 2),
        ("e\u0301" * 67, 3),
        ("👍🏽" * 17, 1),
        ("👍🏽" * 32, 2),
        ("👍🏽" * 33, 3),
        ("e" + "\u0301" * 70, 2),
        ("\ud83d" * 70, 1),
    ],
)
def test_segments(text: str, segments: int) -> None:
    assert count_segments(text) == segments


@given(st.text(max_size=400), st.text(max_size=20))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert count_segments(text) <= count_segments(text + more)
