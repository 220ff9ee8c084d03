"""Phone numbers: which texts are one, from which country, and how they are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.numbering import country_of, format_number, mask_number, parse_near, parse_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+15550001111", "+15550001111"),
        ("(925) 555-0100", "+19255550100"),
        ("925.555.0100", "+19255550100"),
        ("1 925 555 0100", "+19255550100"),
        ("+44 20 7183 8750", "+442071838750"),
        ("+1555000111", None),
        ("+155500011112", None),
        ("+0123456789", None),
        ("+9991234567", None),
        ("442071838750", None),
        ("+1asd", None),
        ("", None),
        ("+1555000\uff11\uff11\uff11\uff11", None),
    ],
)
def test_numbers_are_read(text: str, number: str | None) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("text", "own", "number"),
    [
        ("07400 123456", "+447700900123", "+447400123456"),
        ("7400123456", "+447700900123", "+447400123456"),
        ("+15550001111", "+447700900123", "+15550001111"),
        ("(555) 000-1111", "+15550001112", "+15550001111"),
        ("012 345 678", "+85512888888", "+85512345678"),
        ("nobody", "+447700900123", None),
        ("07400 123456", "", None),
    ],
)
def test_numbers_are_read_as_people_nearby_write_them(text: str, own: str, number: str | None) -> None:
    assert parse_near(text, own) == number


@pytest.mark.parametrize(
    ("number", "country"),
    [("+19255550100", "US"), ("+14165550100", "CA"), ("+442071838750", "GB"), ("+819055550100", "JP"), ("+999123", "")],
)
def test_countries(number: str, country: str) -> None:
    assert country_of(number) == country


def test_numbers_are_shown_as_twilio_shows_them() -> None:
    assert format_number("+19255550100") == "(925) 555-0100"
    assert format_number("+442071838750") == "+442071838750"
    assert mask_number("+19255550100") == "**********00"


@given(st.text(max_size=20))
def test_what_is_read_is_read_again(text: str) -> None:
    number = parse_number(text)
    assert number is None or parse_number(number) == number
