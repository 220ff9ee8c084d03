"""Phone numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import phone
from app.errors import InvalidNumber


@pytest.mark.parametrize(
    ("written", "e164", "country", "kind"),
    [
        ("+1 555 000 2222", "+15550002222", "", "unknown"),
        ("(415) 555-2671", "+14155552671", "US", "fixed_line_or_mobile"),
        ("+44 20 7183 8750", "+442071838750", "GB", "fixed_line"),
        ("+49 (0)30 901820", "+4930901820", "DE", "fixed_line"),
        ("+1-900-555-0199", "+19005550199", "US", "premium_rate"),
        (" 6591234567", "+6591234567", "SG", "mobile"),
        ("  +15550002222  ", "+15550002222", "", "unknown"),
        ("tel:+1-555-000-2222", "+15550002222", "", "unknown"),
    ],
)
def test_what_people_write_is_understood(written: str, e164: str, country: str, kind: str) -> None:
    number = phone.parse(written, home="+15550001111")
    assert number.e164 == e164
    if country:
        assert (number.country, number.kind) == (country, kind)


@pytest.mark.parametrize(
    "written", ["", "hello", "+1", "911", "+1555000222233344455", "1" * 41, "+15550002222x5", "client:anna", "\x00"]
)
def test_what_is_no_number_is_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(InvalidNumber, match=r"\.$"):
        phone.parse(written, home="+15550001111")


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused(written: str) -> None:
    try:
        number = phone.parse(written, home="+15550001111")
    except InvalidNumber:
        return
    assert phone.parse(number.e164) == number


@given(st.text(max_size=30))
def test_a_masked_number_shows_two_digits_at_most(written: str) -> None:
    assert sum(character.isdigit() for character in phone.masked(written)) <= 2
    assert len(phone.masked(written)) <= 3


def test_masking() -> None:
    assert [phone.masked(text) for text in ("+15550002222", "client:anna", "", None)] == ["…22", "…", "-", "-"]
