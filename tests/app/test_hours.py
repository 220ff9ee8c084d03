"""Opening hours: time zones, changing clocks, midnight, weeks that wrap around, holidays, and each edge to the minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow.hours import DAYS, OpeningHours


def state(hours: OpeningHours, moment: str, zone: str = "Europe/London") -> str:
    """The state at a time on the clocks of a zone."""
    return hours.state(datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)), zone)


def hours(*periods: str, **more: object) -> OpeningHours:
    return OpeningHours.model_validate({"open": periods} | more)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-06-15 08:59:59.999999", "closed"),
        ("2026-06-15 09:00:00", "open"),
        ("2026-06-15 17:29:59.999999", "open"),
        ("2026-06-15 17:30:00", "closed"),
    ],
)
def test_it_opens_with_its_first_minute_and_is_closed_from_its_last_on(moment: str, expected: str) -> None:
    assert state(hours("Mon 09:00-17:30"), moment) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-06-19 23:59:59", "open"),
        ("2026-06-20 00:00:00", "open"),  # the second period begins where the first one ends
        ("2026-06-20 01:59:59", "open"),
        ("2026-06-20 02:00:00", "closed"),
        ("2026-06-19 00:00:00", "closed"),
        ("2026-06-19 21:59:59", "closed"),
    ],
)
def test_a_night_is_written_as_two_periods(moment: str, expected: str) -> None:
    assert state(hours("Fri 22:00-24:00", "Sat 00:00-02:00"), moment) == expected


@pytest.mark.parametrize(("day", "expected"), [*zip(range(15, 22), ["open", *["closed"] * 4, "open", "open"], strict=True)])
def test_days_may_go_round_the_end_of_the_week(day: int, expected: str) -> None:
    assert state(hours("Sat-Mon 10:00-12:00"), f"2026-06-{day} 11:00") == expected


def test_a_day_may_have_a_break() -> None:
    office = hours("Mon-Fri 09:00-12:00", "Mon-Fri 13:00-17:00")
    assert [state(office, f"2026-06-16 {clock}") for clock in ("11:59", "12:00", "12:59", "13:00")] == [
        "open",
        "closed",
        "closed",
        "open",
    ]


@pytest.mark.parametrize(
    ("zone", "utc", "expected"),
    [
        ("Europe/London", "2026-03-27 08:59", "closed"),  # the last Friday of winter time
        ("Europe/London", "2026-03-27 09:00", "open"),
        ("Europe/London", "2026-03-30 07:59", "closed"),  # the first Monday of summer time
        ("Europe/London", "2026-03-30 08:00", "open"),
        ("Europe/London", "2026-10-26 08:59", "closed"),
        ("Europe/London", "2026-10-26 09:00", "open"),
        ("America/New_York", "2026-03-06 13:59", "closed"),
        ("America/New_York", "2026-03-06 14:00", "open"),
        ("America/New_York", "2026-03-09 13:00", "open"),
        ("Asia/Kolkata", "2026-06-16 03:29", "closed"),
        ("Asia/Kolkata", "2026-06-16 03:30", "open"),
        ("Pacific/Kiritimati", "2026-06-14 19:00", "open"),  # Monday there already
    ],
)
def test_the_clocks_of_the_place_count_also_when_they_change(zone: str, utc: str, expected: str) -> None:
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert hours("Mon-Fri 09:00-17:00", time_zone=zone).state(at, "UTC") == expected
    assert hours("Mon-Fri 09:00-17:00").state(at, zone) == expected


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-03-29 00:59", "open"),  # 00:59 GMT
        ("2026-03-29 01:00", "closed"),  # 02:00 BST: there is no 01:30 on that night
        ("2026-10-25 00:30", "open"),  # 01:30 BST
        ("2026-10-25 01:30", "open"),  # 01:30 GMT: the hour comes twice
        ("2026-10-25 02:00", "closed"),
    ],
)
def test_in_the_night_of_the_change_an_hour_is_missing_or_comes_twice(utc: str, expected: str) -> None:
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert hours("Sun 00:00-02:00").state(at, "Europe/London") == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-12-24", "holiday"),  # once
        ("2027-12-24", "open"),
        ("2026-12-31", "holiday"),  # each year
        ("2027-12-31", "holiday"),
        ("2028-02-29", "holiday"),
        ("2027-03-01", "open"),
        ("2026-12-25", "holiday"),  # Christmas, a Friday
        ("2026-12-28", "holiday"),  # for Boxing Day, which is a Saturday
        ("2027-12-27", "holiday"),  # for Christmas, a Saturday
        ("2027-12-28", "holiday"),  # for Boxing Day, a Sunday
        ("2026-05-04", "holiday"),  # the early May bank holiday
        ("2026-05-05", "open"),
        ("2026-11-30", "open"),  # Saint Andrew's Day is kept in Scotland only
    ],
)
def test_holidays_count_for_their_whole_day(day: str, expected: str) -> None:
    office = hours("Mon-Sun 00:00-24:00", closed=["2026-12-24", "12-31", "02-29"], public_holidays="GB-ENG")
    assert {state(office, f"{day} {clock}") for clock in ("00:00", "12:00", "23:59:59")} == {expected}


def test_a_holiday_is_that_of_the_place_where_the_office_is() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    office = {"open": ["Mon-Sun 00:00-24:00"], "closed": ["01-01"]}
    assert OpeningHours.model_validate(office | {"time_zone": "Europe/Berlin"}).state(new_year, "UTC") == "holiday"
    assert OpeningHours.model_validate(office | {"time_zone": "Europe/London"}).state(new_year, "UTC") == "open"


def test_it_is_never_open_where_no_hours_are_given() -> None:
    assert state(OpeningHours(open=()), "2026-06-16 10:00") == "closed"


periods = st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS), st.integers(0, 1439), st.integers(1, 1440)).filter(
    lambda p: p[2] < p[3]
)


@given(
    st.lists(periods, max_size=4),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  hypothesis wants them without a zone
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
@settings(max_examples=300, deadline=None)
def test_it_is_open_in_just_those_minutes(given_periods: list[tuple[str, str, int, int]], moment: datetime, zone: str) -> None:
    written = [f"{a}-{b} {m // 60:02}:{m % 60:02}-{n // 60:02}:{n % 60:02}" for a, b, m, n in given_periods]
    at = moment.replace(tzinfo=UTC)
    local = at.astimezone(ZoneInfo(zone))

    def covers(first: str, last: str, opens: int, closes: int) -> bool:
        day = first
        while day != local.strftime("%a"):
            if day == last:
                return False
            day = (date(2026, 6, 15 + DAYS.index(day)) + timedelta(days=1)).strftime("%a")
        return opens <= local.hour * 60 + local.minute < closes

    expected = "open" if any(covers(*each) for each in given_periods) else "closed"
    assert hours(*written).state(at, zone) == expected
