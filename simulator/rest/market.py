"""The numbers that can be bought: made up, the same at every search, none of them a phone's or the account's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.exchange import Exchange
from simulator.numbering import CANADA, COUNTRIES, parse_number

NORTH_AMERICA = frozenset({"US", "CA"})
EMPTY_AREA = "533"  # as with Twilio's test credentials, https://www.twilio.com/docs/iam/test-credentials
IN_AN_AREA = 100
TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# Places of some area codes, https://www.nationalnanpa.com/
PLACES = {
    "202": ("DC", "Washington"),
    "206": ("WA", "Seattle"),
    "212": ("NY", "New York"),
    "303": ("CO", "Denver"),
    "305": ("FL", "Miami"),
    "312": ("IL", "Chicago"),
    "404": ("GA", "Atlanta"),
    "415": ("CA", "San Francisco"),
    "503": ("OR", "Portland"),
    "512": ("TX", "Austin"),
    "617": ("MA", "Boston"),
    "702": ("NV", "Las Vegas"),
}
CANADIAN_PLACES = {"416": ("ON", "Toronto"), "514": ("QC", "Montreal"), "604": ("BC", "Vancouver")}
KINDS = ("local", "mobile", "toll-free")


@dataclass(frozen=True)
class Offer:
    """A number that can be bought."""

    number: str
    country: str
    kind: str
    region: str | None = None
    locality: str | None = None

    @property
    def sid(self) -> str:
        """What tells it from others in a list."""
        return self.number


def kinds_in(country: str) -> tuple[str, ...]:
    """List the kinds of numbers that a country has; none where the country is not known."""
    if country not in COUNTRIES.values() and country != "CA":
        return ()
    return ("local", "toll-free") if country in NORTH_AMERICA else KINDS


def is_free(exchange: Exchange, number: str) -> bool:
    """Tell whether nobody has a number."""
    return number not in exchange.numbers and number not in exchange.caller_ids and not exchange.phones.has(number)


def offer(exchange: Exchange, country: str, kind: str, area: str = "", region: str = "", locality: str = "") -> list[Offer]:
    """List the free numbers of a kind, in one area, region or town where these are given."""
    made = _north_american(country, kind, area) if country in NORTH_AMERICA else _abroad(country, kind)
    return [
        one
        for one in made
        if (not region or one.region == region.upper())
        and (not locality or (one.locality or "").lower() == locality.lower())
        and is_free(exchange, one.number)
    ]


def matches(number: str, pattern: str) -> bool:
    """Tell whether a number holds a pattern of digits, letters of the keypad and `*` for any digit."""
    digits = pattern.upper().translate(KEYPAD)
    wanted = "".join("[0-9]" if sign == "*" else re.escape(sign) for sign in digits)
    return re.search(wanted, number) is not None


def _north_american(country: str, kind: str, area: str) -> Iterator[Offer]:
    places = PLACES if country == "US" else CANADIAN_PLACES
    areas = [area] if area else list(TOLL_FREE if kind == "toll-free" else places)
    for code in areas:
        if code == EMPTY_AREA or (kind == "local" and (code in CANADA) != (country == "CA")):
            continue
        if (kind == "toll-free") != (code in TOLL_FREE):
            continue
        region, locality = places.get(code, (None, None)) if kind == "local" else (None, None)
        for last in range(IN_AN_AREA):
            yield Offer(f"+1{code}55501{last:02}", country, kind, region, locality)


def _abroad(country: str, kind: str) -> Iterator[Offer]:
    code = next(code for code, name in COUNTRIES.items() if name == country)
    start = {"local": "2", "mobile": "7", "toll-free": "800"}[kind]
    for last in range(IN_AN_AREA):
        number = parse_number(f"+{code}{start}555501{last:02}")
        if number is not None:
            yield Offer(number, country, kind)
