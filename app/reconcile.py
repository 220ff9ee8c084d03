"""What became of calls and texts that nobody told us of: Twilio is asked, and nothing is guessed.

An attempt whose answer was lost is found by its numbers and its time in Twilio's list (a text by its words, too). As many as there
are attempts alike: they are these. None: Twilio never took it. Anything else is for a person to look at. Whose a call is stands
in the addresses that Twilio asked for it: they bear the attempt's id.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from random import SystemRandom
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from app import ledger, likeness, logs, outbound
from app.clock import now, round_ends
from app.errors import InvalidRequest, TwilioRefused
from app.inquiries import LISTED, NOT_FOUND, Resource
from app.ledger import unsettled
from app.ledger.events import Source
from app.likeness import WRONG_CLOCK, Rows
from app.models import Call, Message
from app.twilio_service import current_twilio

UNKNOWN_AFTER = timedelta(minutes=10)  # until then the callbacks settle most
AGAIN_AFTER = timedelta(hours=1)  # what was for a person to look at is looked at again
IN_VAIN = 3  # refusals one after the other, after which the others would be refused, too

NEVER_TAKEN = "Twilio never took it: its list has none to that number at that time."
GIVEN_UP = "Twilio has told nothing new of it for days, also when it was asked."

_random = SystemRandom()

log = logging.getLogger(__name__)


class Finding(NamedTuple):
    """What was found out about a call or text: how it stands now, in words, and whether that settles it."""

    row: Call | Message
    words: str
    is_settled: bool
    sid: str | None = None


def settle_unknown(
    after: timedelta = UNKNOWN_AFTER, again: timedelta = AGAIN_AFTER, enough: Callable[[], bool] = lambda: False
) -> Iterator[Finding]:
    """Settle the attempts that have been unknown for so long, until it is `enough` for now.

    Raises TwilioError, LedgerUnavailable: all else stays as it is.
    """
    at = now()
    due = [
        alike
        for alike in likeness.alike([*unsettled.unknown(Call), *unsettled.unknown(Message)])
        if all(likeness.passed(row.updated_at, at - after) for row in alike)
        and any(row.checked_at is None or likeness.passed(row.checked_at, at - again) for row in alike)
    ]
    yield from _each(due, lambda alike: _match(alike, likeness.listed(alike[0])), enough)


def ask_quiet(after: timedelta | None = None, enough: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
    """Ask Twilio about those that have gone quiet, by the usual pace or for so long. Raises as settle_unknown does."""
    rows: list[Call | Message] = [*unsettled.quiet(Call, after), *unsettled.quiet(Message, after)]
    yield from _each([[row] for row in rows], lambda alone: _ask(alone[0]), enough)


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
    found = next((each for each in likeness.candidates(row) if each.sid == sid), None)
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
    for rows in sorted(due, key=lambda rows: turns[likeness.what(rows[0])]):
        _turn_to(rows[0], rows[0].sid)
        try:
            for finding in ask(rows):
                _turn_to(finding.row, finding.sid or finding.row.sid)
                log.info("%s", "settled" if finding.is_settled else "left for a person")
                yield finding
        except TwilioRefused as error:
            refused.append(rows)
            if not error.permanent or len(refused) == IN_VAIN:
                raise
            continue
        _put_off(refused)
        if enough():
            return
    _put_off(refused)


def _turn_to(row: Call | Message, sid: str | None) -> None:
    logs.turn_to(attempt=row.attempt, **{"call_sid" if isinstance(row, Call) else "message_sid": sid})


def _put_off(refused: list[Rows]) -> None:
    while refused:
        for row in refused.pop():
            unsettled.note(row, row.remark)


def _match(alike: Rows, listed: Sequence[Resource]) -> Iterator[Finding]:
    first, last = likeness.span(alike)
    if len(listed) == LISTED and min(each.created or first for each in listed) >= first - WRONG_CLOCK:
        yield from _leave(alike, f"Twilio's list of more than {LISTED:,} to that number does not reach back to this one.")
        return
    likely = likeness.likely(alike, listed)
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
    near = [each for each in likely if likeness.is_between(each, first, last)]
    if len(near) == len(left):
        yield from (_take(row, found) for row, found in zip(left, near, strict=True))
    elif not likely and any(likeness.is_ahead(row.updated_at) for row in left):
        yield from _leave(left, "Twilio's list has none to that number, but a clock was wrong then, or is wrong now.")
    elif not likely and (hidden := likeness.hidden(left)):
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
    return Finding(row, f"{found.status}: it is {found.sid}", True, found.sid)


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
