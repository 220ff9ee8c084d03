"""Phone numbers: what people write, and what Twilio wants (E.164)."""

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from app.errors import InvalidNumber

MAX_WRITTEN = 40  # characters; the longest E.164 number has 16, with separators not much more
KINDS = {value: name.lower() for name, value in vars(PhoneNumberType).items() if isinstance(value, int)}
TEXTLESS = ("fixed_line", "toll_free", "premium_rate", "shared_cost", "uan", "voicemail", "pager")


@dataclass(frozen=True)
class PhoneNumber:
    """A number that can be dialled: `e164`, ISO `country` ("" when it belongs to none) and `kind` ("mobile", "premium_rate" …)."""

    e164: str
    country: str
    kind: str


@lru_cache(maxsize=1024)  # a text's sender has often texted before
def parse(text: str, home: str | None = None) -> PhoneNumber:
    """Read a number as a person writes it; `home` is an E.164 number whose country a national number is taken to be in.

    Raises InvalidNumber. Numbers of the right length count even when no such range is in use (+1 555…): Twilio decides.
    """
    if text[:1] == " " and text[1:2].isdigit():  # what forms and addresses make of a plus sign that was not encoded
        text = "+" + text[1:]
    if len(text) > MAX_WRITTEN:
        raise InvalidNumber(f"A phone number has at most {MAX_WRITTEN} characters.")
    try:
        number = phonenumbers.parse(text, country_of(home) if home else None)
    except NumberParseException:
        raise InvalidNumber("That is not a phone number; write it with its country, such as +1 555 000 2222.") from None
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise InvalidNumber("That number is too short or too long for its country, or has an extension.")
    return PhoneNumber(
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        country=phonenumbers.region_code_for_number(number) or "",
        kind=KINDS[phonenumbers.number_type(number)],
    )


def gets_texts(text: str) -> bool:
    """Whether a number may be one that gets texts: no landline and no number of a service, as far as its range tells."""
    try:
        return parse(text).kind not in TEXTLESS
    except InvalidNumber:
        return False


def country_of(e164: str) -> str | None:
    """The ISO country that most numbers with this calling code are in ("US" for +1), or None."""
    try:
        return phonenumbers.region_code_for_country_code(phonenumbers.parse(e164).country_code or 0)
    except NumberParseException:
        return None


def masked(text: str | None) -> str:
    """A number for a log: the last two digits, the rest hidden; a text that is no number is hidden whole."""
    if not text:
        return "-"
    return f"…{text[-2:]}" if text[-2:].isascii() and text[-2:].isdigit() else "…"
