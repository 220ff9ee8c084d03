"""Which of what stands in Twilio's lists an attempt of ours may be: by its numbers and its time, a text by its words, too."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from app.clock import AHEAD, now
from app.inquiries import Resource
from app.ledger import unsettled
from app.models import Call, Message
from app.twilio_service import current_twilio

SKEW = timedelta(minutes=5)  # by which Twilio's clock may differ from ours, with the time that a request takes
WRONG_CLOCK = timedelta(days=1)  # what is alike and so near in time may be what is sought: then nothing is said to be never taken
YEARS = timedelta(days=3650)
TRIAL = "Sent from your Twilio trial account - "  # what Twilio puts before the words of a trial account
WORD = re.compile(r"[^\W_X]")  # what stands in no text whose words are hidden

Rows = Sequence[Call | Message]


def candidates(row: Call | Message) -> list[Resource]:
    """What an attempt may have become, by Twilio's list. Raises TwilioError."""
    found = likely([row], listed(row))
    known = {each.sid for each in found}
    return found + [each for each in hidden([row]) if each.sid not in known]


def alike(rows: Rows) -> Iterator[Rows]:
    """The attempts to one number (of texts: with the same words) so near in time that Twilio's list may mean either."""
    for _, group in groupby(sorted(rows, key=lambda row: (what(row), row.created_at)), key=what):
        found: list[Call | Message] = []
        for row in group:
            if found and _window(row)[0] > max(_window(each)[1] for each in found):
                yield found
                found = []
            found.append(row)
        yield found


def what(row: Call | Message) -> tuple[str, ...]:
    """What two attempts have in common that are alike."""
    words = row.body.strip() if isinstance(row, Message) else ""
    return type(row).__name__, row.from_number, row.to_number, words


def _window(row: Call | Message) -> tuple[datetime, datetime]:
    """When Twilio may have taken it, by its own clock, which shows whole seconds; at any time, if a clock was wrong."""
    skew = YEARS if is_ahead(row.updated_at) else SKEW
    return row.created_at - skew, row.updated_at + skew


def passed(date: datetime, moment: datetime) -> bool:
    """Whether a date is not after a moment, or a clock was wrong that wrote it."""
    return date <= moment or is_ahead(date)


def is_ahead(date: datetime) -> bool:
    """Whether a clock was wrong when a date was written, or is wrong now."""
    return date > now() + AHEAD


def listed(row: Call | Message) -> list[Resource]:
    """Twilio's list of what went from one number of an attempt to the other. Raises TwilioError."""
    twilio = current_twilio()
    ask = twilio.list_calls if isinstance(row, Call) else twilio.list_messages
    return ask(to=row.to_number, from_=row.from_number)


def likely(alike: Rows, listed: Sequence[Resource]) -> list[Resource]:
    """Those of Twilio's list that these attempts may be, also if a clock was wrong for a while, oldest first."""
    kind, words = type(alike[0]), what(alike[0])[-1]
    first, last = span(alike)
    found = [
        each
        for each in listed
        if each.direction == "outbound-api"
        and is_between(each, first - WRONG_CLOCK, last + WRONG_CLOCK)
        and (kind is Call or _says(each, words))
    ]
    owned = unsettled.owned(kind, [each.sid for each in found])
    return sorted((each for each in found if each.sid not in owned), key=lambda each: each.created or last)


def span(alike: Rows) -> tuple[datetime, datetime]:
    """When Twilio may have taken any of them."""
    return min(_window(row)[0] for row in alike), max(_window(row)[1] for row in alike)


def _says(found: Resource, words: str) -> bool:
    return (found.body or "").strip().removeprefix(TRIAL).strip() == words.removeprefix(TRIAL).strip()


def is_between(found: Resource, first: datetime, last: datetime) -> bool:
    """Also what waits for its turn: it has no time yet."""
    return found.created is None or first <= found.created <= last


def hidden(alike: Rows) -> list[Resource]:
    """The texts of that time of which Twilio hides the words or the end of the number: nothing tells whether they are these.

    That is its Message Redaction (https://www.twilio.com/docs/messaging/guides/privacy-message-redaction).
    """
    row = alike[0]
    if not isinstance(row, Message):
        return []
    obscured = f"{row.to_number[:-4]}XXXX"
    found = [
        each
        for each in current_twilio().messages_from(row.from_number, *span(alike))
        if each.direction == "outbound-api"
        and (each.to == obscured or (each.to == row.to_number and not WORD.search(each.body or "")))
    ]
    owned = unsettled.owned(Message, [each.sid for each in found])
    return [each for each in found if each.sid not in owned]
