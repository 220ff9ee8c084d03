"""Opening hours: when somebody is there, in the time of a place, with its holidays."""

import re
from datetime import date, datetime
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import holidays
from pydantic import AfterValidator, BeforeValidator

from app.flow.names import one_or_more
from app.flow.prompts import Model

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY = "|".join(DAYS)
PERIOD = re.compile(rf"(?P<first>{DAY})(-(?P<last>{DAY}))? (?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)", re.ASCII)
LOOKS = (
    "opening hours look like 'Mon-Fri 09:00-12:30': days are Mon Tue Wed Thu Fri Sat Sun, hours have two digits, "
    "and each span is an entry of its own"
)
YEARLY = re.compile(r"\d\d-\d\d", re.ASCII)
ONE_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")

State = Literal["open", "closed", "holiday"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = next(iter(get_close_matches(name[:40], available_timezones(), 1)), "")
        raise ValueError(
            f"names {name[:40]!r}, a time zone that does not exist; "
            + (f"did you mean `{hint}`?" if hint else "Europe/London is one")
        ) from None
    return name


def _minutes(clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise ValueError(f"names {clock!r}, a time that does not exist")
    return hours * 60 + minutes


def _period(text: str) -> str:
    match = PERIOD.fullmatch(text)
    if match is None:
        raise ValueError(f"has {text[:40]!r}; {LOOKS}")
    if _minutes(match["opens"]) >= _minutes(match["closes"]):
        raise ValueError(f"has {text!r}, which closes before it opens; write a night as two, up to 24:00 and from 00:00")
    return text


def _day(text: str) -> str:
    """A date, 2026-12-24, or one of each year, 12-24."""
    if not ONE_DAY.fullmatch(text) and not YEARLY.fullmatch(text):
        raise ValueError(f"has {text[:40]!r}; days look like '2026-12-24', or '12-24' for each year")
    try:
        date.fromisoformat(text if ONE_DAY.fullmatch(text) else f"2024-{text}")  # a leap year: 02-29 is a day
    except ValueError:
        raise ValueError(f"has {text!r}, a day that does not exist") from None
    return text


def _country(text: str) -> str:
    country, _, part = text.partition("-")
    try:
        if PLACE.fullmatch(text):
            holidays.country_holidays(country, subdiv=part or None)
            return text
    except NotImplementedError:
        if parts := holidays.list_supported_countries().get(country):
            raise ValueError(f"names {text!r}, a part that is not known; those of {country} are {', '.join(parts)}") from None
    raise ValueError(f"names {text[:40]!r}, whose public holidays are not known; those of GB, GB-ENG and US-NY are")


TimeZone = Annotated[str, AfterValidator(_zone)]


class OpeningHours(Model):
    """When it is open: `open` by weekday, never on `closed` days nor on the public holidays of a country (ISO 3166-2)."""

    open: Annotated[tuple[Annotated[str, AfterValidator(_period)], ...], BeforeValidator(one_or_more)]
    closed: Annotated[tuple[Annotated[str, AfterValidator(_day)], ...], BeforeValidator(one_or_more)] = ()
    public_holidays: Annotated[str, AfterValidator(_country)] | None = None
    time_zone: TimeZone | None = None

    @cached_property
    def _week(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each weekday, its periods in minutes of the day."""
        week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
        for text in self.open:
            if match := PERIOD.fullmatch(text):
                first = DAYS.index(match["first"])
                last = DAYS.index(match["last"] or match["first"])
                for day in range(first, first + (last - first) % 7 + 1):
                    week[day % 7].append((_minutes(match["opens"]), _minutes(match["closes"])))
        return tuple(map(tuple, week))

    def state(self, at: datetime, default_zone: str) -> State:
        """Whether it is open at an aware time; a holiday counts for its whole day."""
        local = at.astimezone(ZoneInfo(self.time_zone or default_zone))
        if self.is_holiday(local.date()):
            return "holiday"
        minute = local.hour * 60 + local.minute
        return "open" if any(opens <= minute < closes for opens, closes in self._week[local.weekday()]) else "closed"

    def is_holiday(self, day: date) -> bool:
        """Whether nobody comes to work on that day, which otherwise might be open."""
        if day.isoformat() in self.closed or day.strftime("%m-%d") in self.closed:
            return True
        return self.public_holidays is not None and day in _public_holidays(self.public_holidays, day.year)


@lru_cache(maxsize=64)
def _public_holidays(place: str, year: int) -> frozenset[date]:
    country, _, part = place.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
