"""Usage: what was done, counted by category and period. Nothing costs anything here: every price is 0.

Categories: https://www.twilio.com/docs/usage/api/usage-record#usage-categories
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from simulator.exchange import Exchange
from simulator.texts.messages import Message
from simulator.voice.calls import Call

# Category: description, unit of the count, unit of the usage.
CATEGORIES = {
    "calls": ("Voice Minutes", "calls", "minutes"),
    "calls-inbound": ("Inbound Voice Minutes", "calls", "minutes"),
    "calls-outbound": ("Outbound Voice Minutes", "calls", "minutes"),
    "mms": ("MMS", "messages", "messages"),
    "mms-inbound": ("Inbound MMS", "messages", "messages"),
    "mms-outbound": ("Outbound MMS", "messages", "messages"),
    "phonenumbers": ("Phone Numbers", "numbers", "numbers"),
    "recordings": ("Recordings", "recordings", "minutes"),
    "sms": ("SMS", "messages", "messages"),
    "sms-inbound": ("Inbound SMS", "messages", "messages"),
    "sms-outbound": ("Outbound SMS", "messages", "messages"),
    "transcriptions": ("Transcriptions", "transcriptions", "minutes"),
    "totalprice": ("Total Price", "", "usd"),
}


@dataclass(frozen=True)
class Record:
    """What was done in one category from one day to another, both included."""

    category: str
    start: date
    end: date
    count: int
    usage: int

    @property
    def sid(self) -> str:
        """What tells it from others in a list."""
        return f"{self.category}.{self.start}"


Event = tuple[date, str, int]  # the day, the category, and how much of it was used


def _events(exchange: Exchange) -> Iterator[Event]:
    for call in exchange.telephony.calls.values():
        yield from _of_call(call)
    for message in exchange.messaging.messages.values():
        yield from _of_message(message)
    for recording in exchange.recordings.recordings.values():
        yield recording.started_at.date(), "recordings", _minutes(recording.seconds)
    for transcription in exchange.recordings.transcriptions.values():
        yield transcription.created_at.date(), "transcriptions", _minutes(transcription.seconds)
    for line in exchange.numbers.values():
        yield line.created_at.date(), "phonenumbers", 1


def _minutes(seconds: float) -> int:
    return max(math.ceil(seconds / 60), 1)


def _of_call(call: Call) -> Iterator[Event]:
    if call.answered_at is None or call.duration is None:
        return
    for category in ("calls", "calls-inbound" if call.incoming else "calls-outbound"):
        yield call.answered_at.date(), category, _minutes(call.duration)


def _of_message(message: Message) -> Iterator[Event]:
    kind = "mms" if message.media else "sms"
    if message.incoming or message.sent_at is not None:
        for category in (kind, f"{kind}-{'inbound' if message.incoming else 'outbound'}"):
            yield message.created_at.date(), category, 1


def spans(period: str, start: date, end: date) -> list[tuple[date, date]]:
    """Cut the days from `start` to `end` into days, months or years, the latest first; "" cuts nothing."""
    found: list[tuple[date, date]] = []
    while start <= end:
        last = {"Daily": start, "Monthly": _end_of_month(start), "Yearly": date(start.year, 12, 31)}.get(period, end)
        found.append((start, min(last, end)))
        start = last + timedelta(days=1)
    return found[::-1]


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def count_usage(exchange: Exchange, days: Iterable[tuple[date, date]], categories: Iterable[str]) -> list[Record]:
    """Count what was done in each category in each span of days."""
    used: defaultdict[str, defaultdict[date, list[int]]] = defaultdict(lambda: defaultdict(list))
    for day, category, usage in _events(exchange):
        used[category][day].append(usage)
    wanted = list(categories)
    return [_add_up(used[category], category, start, end) for start, end in days for category in wanted]


def _add_up(used: Mapping[date, list[int]], category: str, start: date, end: date) -> Record:
    fitting = [amounts for day, amounts in used.items() if start <= day <= end]
    return Record(category, start, end, sum(map(len, fitting)), sum(map(sum, fitting)))
