"""What became of calls and texts that nobody told us of: Twilio is asked, and nothing is guessed.

An attempt whose answer was lost is found by its numbers and its time in Twilio's list (a text by its words, too). As many as there
are attempts alike: they are these. None: Twilio never took it. Anything else is for a person to look at. Whose a call is stands
in the addresses that Twilio asked for it: they bear the attempt's id.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, groupby
from random import SystemRandom
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from app import ledger, outbound
from app.clock import AHEAD, now, round_ends
from app.errors import InvalidRequest, TwilioRefused
from app.inquiries import LISTED, NOT_FOUND, Resource
from app.ledger import unsettled
from app.ledger.events import Source
from app.models import Call, Message
from app.twilio_service import current_twilio

UNKNOWN_AFTER = timedelta(minutes=10)  # until then the callbacks settle most
AGAIN_AFTER = timedelta(hours=1)  # what was for a person to look at is looked at again
SKEW = timedelta(minutes=5)  # by which Twilio's clock may differ from ours, with the time that a request takes
WRONG_CLOCK = timedelta(days=1)  # what is alike and so near in time may be what is sought: then nothing is said to be never taken
YEARS = timedelta(days=3650)
TRIAL = "Sent from your Twilio trial account - "  # what Twilio puts before the words of a trial account

WORD = re.compile(r"[^\W_X]")  # what stands in no text whose words are hidden
IN_VAIN = 3  # refusals one after the other, after which the others would be refused, too

NEVER_TAKEN = "Twilio never took it: its list has none to that number at that time."
GIVEN_UP = "Twilio has told nothing new of it for days, also when it was asked."


Rows = Sequence[Call | Message]

_random = SystemRandom()


class Finding(NamedTuple):
    """What was found out about a call or text: how it stands now, in words, and whether that settles it."""

    row: Call | Message
    words: str
    is_settled: bool


def settle_unknown(
    after: timedelta = UNKNOWN_AFTER, again: timedelta = AGAIN_AFTER, enough: Callable[[], bool] = lambda: False
) -> Iterator[Finding]:
    """Settle the attempts that have been unknown for so long, until it is `enough` for now.

    Raises TwilioError, LedgerUnavailable: all else stays as it is.
    """
    at = now()
    due = [
        alike
        for alike in _alike([*unsettled.unknown(Call), *unsettled.unknown(Message)])
        if all(_passed(row.updated_at, at - after) for row in alike)
        and any(row.checked_at is None or _passed(row.checked_at, at - again) for row in alike)
    ]
    yield from _each(due, lambda alike: _match(alike, _listed(alike[0])), enough)


def ask_quiet(after: timedelta | None = None, enough: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
    """Ask Twilio about those that have gone quiet, by the usual pace or for so long. Raises as settle_unknown does."""
    rows: list[Call | Message] = [*unsettled.quiet(Call, after), *unsettled.quiet(Message, after)]
    yield from _each([[row] for row in rows], lambda alone: _ask(alone[0]), enough)


def candidates(row: Call | Message) -> list[Resource]:
    """What an attempt may have become, by Twilio's list. Raises TwilioError."""
    return _candidates([row], _listed(row)) + _hidden([row])


def settle_by_hand(row: Call | Message, sid: str | None) -> None:
    """Take an operator's word: it is that SID, or (None) Twilio never took it. Raises InvalidRequest, TwilioError."""
    if row.attempt is None or row.sid is not None:
        raise InvalidRequest("This is settled: Twilio's SID for it is known.")
    if row.status in ("requested", "unknown") and not row.remark:
        raise InvalidRequest("This is still under way, or is looked up by itself: it is for nobody to settle yet.")
    if sid is None:
        ledger.advance(
            type(row), "failed", attempt=row.attempt, source="operator", remark="Never taken by Twilio, says the operator."
        )
        return
    found = next((each for each in candidates(row) if each.sid == sid), None)
    if found is None:
        raise InvalidRequest("Twilio's list has no such SID for that number and time, or it belongs to another one.")
    _take(row, found, "operator")


def job() -> str:
    """Do what is due, and say so in words."""
    is_long = round_ends()
    parts = [settle_unknown(enough=is_long), ask_quiet(enough=is_long)]
    _random.shuffle(parts)
    found = [*chain(*parts)]
    settled = sum(each.is_settled for each in found)
    return f"asked about {len(found)} calls and texts: {settled} settled, {len(found) - settled} left" if found else ""


def _each(due: list[Rows], ask: Callable[[Rows], Iterator[Finding]], enough: Callable[[], bool]) -> Iterator[Finding]:
    """Ask about each, the numbers in any order: one that Twilio never answers for must not hold up the same others each time.

    What is refused for its own sake is put off; after IN_VAIN refusals, one after the other, it is not for its own.
    """
    refused: list[Rows] = []
    turns: dict[tuple[str, ...], float] = defaultdict(_random.random)
    for rows in sorted(due, key=lambda rows: turns[_what(rows[0])]):
        try:
            yield from ask(rows)
        except TwilioRefused as error:
            refused.append(rows)
            if not error.permanent or len(refused) == IN_VAIN:
                raise
            continue
        _put_off(refused)
        if enough():
            return
    _put_off(refused)


def _put_off(refused: list[Rows]) -> None:
    while refused:
        for row in refused.pop():
            unsettled.note(row, row.remark)


def _alike(rows: Rows) -> Iterator[Rows]:
    """The attempts to one number (of texts: with the same words) so near in time that Twilio's list may mean either."""
    for _, group in groupby(sorted(rows, key=lambda row: (_what(row), row.created_at)), key=_what):
        found: list[Call | Message] = []
        for row in group:
            if found and _window(row)[0] > max(_window(each)[1] for each in found):
                yield found
                found = []
            found.append(row)
        yield found


def _what(row: Call | Message) -> tuple[str, ...]:
    words = row.body.strip() if isinstance(row, Message) else ""
    return type(row).__name__, row.from_number, row.to_number, words


def _window(row: Call | Message) -> tuple[datetime, datetime]:
    """When Twilio may have taken it, by its own clock, which shows whole seconds; at any time, if a clock was wrong."""
    skew = YEARS if _is_ahead(row.updated_at) else SKEW
    return row.created_at - skew, row.updated_at + skew


def _passed(date: datetime, moment: datetime) -> bool:
    return date <= moment or _is_ahead(date)


def _is_ahead(date: datetime) -> bool:
    return date > now() + AHEAD


def _listed(row: Call | Message) -> list[Resource]:
    twilio = current_twilio()
    ask = twilio.list_calls if isinstance(row, Call) else twilio.list_messages
    return ask(to=row.to_number, from_=row.from_number)


def _candidates(alike: Rows, listed: Sequence[Resource]) -> list[Resource]:
    """Those of Twilio's list that these attempts may be, also if a clock was wrong for a while, oldest first."""
    kind, words = type(alike[0]), _what(alike[0])[-1]
    first, last = _span(alike)
    likely = [
        each
        for each in listed
        if each.direction == "outbound-api"
        and _is_between(each, first - WRONG_CLOCK, last + WRONG_CLOCK)
        and (kind is Call or _says(each, words))
    ]
    owned = unsettled.owned(kind, [each.sid for each in likely])
    return sorted((each for each in likely if each.sid not in owned), key=lambda each: each.created or last)


def _span(alike: Rows) -> tuple[datetime, datetime]:
    return min(_window(row)[0] for row in alike), max(_window(row)[1] for row in alike)


def _says(found: Resource, words: str) -> bool:
    return (found.body or "").strip().removeprefix(TRIAL).strip() == words.removeprefix(TRIAL).strip()


def _is_between(found: Resource, first: datetime, last: datetime) -> bool:
    """Also what waits for its turn: it has no time yet."""
    return found.created is None or first <= found.created <= last


def _match(alike: Rows, listed: Sequence[Resource]) -> Iterator[Finding]:
    first, last = _span(alike)
    if len(listed) == LISTED and min(each.created or first for each in listed) >= first - WRONG_CLOCK:
        yield from _leave(alike, f"Twilio's list of more than {LISTED:,} to that number does not reach back to this one.")
        return
    likely = _candidates(alike, listed)
    left = list(alike)
    if type(left[0]) is Call:
        for found in tuple(likely):  # the addresses that Twilio asked for a call tell whose it is, if it asked for any yet
            named = _attempts_of(found)
            if named is None:
                continue
            likely.remove(found)
            for row in [row for row in left if row.attempt in named]:
                left.remove(row)
                yield _take(row, found)
    near = [each for each in likely if _is_between(each, first, last)]
    if len(near) == len(left):
        yield from (_take(row, found) for row, found in zip(left, near, strict=True))
    elif not likely and any(_is_ahead(row.updated_at) for row in left):
        yield from _leave(left, "Twilio's list has none to that number, but a clock was wrong then, or is wrong now.")
    elif not likely and (hidden := _hidden(left)):
        words = f"{len(hidden)} at that time whose words, or the end of whose number, it hides"
        yield from _leave(left, f"Twilio's list has {words}: it may be this one.")
    elif not likely:
        yield from map(_give_up, left)
    elif near:
        words = f"{len(near)} to that number at that time, and we asked for {len(left)}"
        yield from _leave(left, f"Twilio's list has {words}: which is whose, it does not tell.")
    else:
        words = f"none to that number at that time, but {len(likely)} within a day of it"
        yield from _leave(left, f"Twilio's list has {words}: it may be this one, if a clock was wrong.")


def _hidden(alike: Rows) -> list[Resource]:
    """The texts of that time of which Twilio hides the words or the end of the number: nothing tells whether they are these.

    That is its Message Redaction (https://www.twilio.com/docs/messaging/guides/privacy-message-redaction).
    """
    row = alike[0]
    if not isinstance(row, Message):
        return []
    obscured = f"{row.to_number[:-4]}XXXX"
    hidden = [
        each
        for each in current_twilio().messages_from(row.from_number, *_span(alike))
        if each.direction == "outbound-api"
        and (each.to == obscured or (each.to == row.to_number and not WORD.search(each.body or "")))
    ]
    owned = unsettled.owned(Message, [each.sid for each in hidden])
    return [each for each in hidden if each.sid not in owned]


def _attempts_of(found: Resource) -> set[str] | None:
    """The attempt ids in the addresses that Twilio asked for a call, None if it asked for nothing."""
    requests = current_twilio().requests_of(found.sid)
    named = [parse_qs(urlsplit(each.url).query).get("attempt", []) for each in requests]
    return {attempt for attempts in named for attempt in attempts} if requests else None


def _take(row: Call | Message, found: Resource, source: Source = "reconciled") -> Finding:
    ledger.advance(
        type(row),
        found.status,
        attempt=row.attempt,
        sid=found.sid,
        duration=found.duration,
        error_code=found.error_code,
        direction=found.direction,
        from_number=found.from_,
        to_number=found.to,
        source=source,
    )
    return Finding(row, f"{found.status}: it is {found.sid}", True)


def _give_up(row: Call | Message) -> Finding:
    """Twilio never took it: a text that nobody waits for is sent again, all else has failed."""
    if isinstance(row, Message) and outbound.send_again(row):
        return Finding(row, "never taken by Twilio: it will be sent again", True)
    ledger.advance(type(row), "failed", attempt=row.attempt, source="reconciled", remark=NEVER_TAKEN)
    return Finding(row, "failed: never taken by Twilio", True)


def _leave(rows: Rows, remark: str) -> Iterator[Finding]:
    for row in rows:
        unsettled.note(row, remark)
        yield Finding(row, remark, False)


def _ask(row: Call | Message) -> Iterator[Finding]:
    twilio, sid = current_twilio(), row.sid or ""
    try:
        found = twilio.fetch_call(sid) if isinstance(row, Call) else twilio.fetch_message(sid)
    except TwilioRefused as error:
        if not error.permanent or error.twilio_code is None:
            raise
        gone = "Twilio knows nothing of it any more: how it ended cannot be told."
        yield from _leave([row], gone if error.twilio_code == NOT_FOUND else str(error))
        return
    if found.status != row.status:
        unsettled.note(row, None)
        yield _take(row, found)
    elif found.status != "sent" and row.updated_at < now() - unsettled.GIVEN_UP_AFTER:
        yield from _leave([row], GIVEN_UP)
    else:
        unsettled.note(row, None)
