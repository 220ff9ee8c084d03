"""What is older than the settings say goes, here and, where that is wanted, at Twilio."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial

from app import audit
from app.clock import now, round_ends
from app.errors import RecordingGone, TwilioError
from app.ledger import old, parties
from app.ledger.parties import BATCH, Row
from app.ledger.spending import DAY
from app.models import Call, Kind, Message, Recording
from app.settings import Settings, current_settings
from app.twilio_service import current_twilio

SECONDS = 300  # between two rounds
ASKED = 10  # requests to Twilio between two looks at the clock
STRAY = timedelta(days=31)  # after its call or text, no event comes any more

Count = Callable[[int], int]  # is told how many went, as soon as they did, and returns it


def delete_what_is_old() -> str:
    """One round; returns what went, in words, or "". May be broken off anywhere, and done twice at once.

    Opt-outs are kept for good: they are a duty. Raises LedgerUnavailable; what Twilio does not delete stays for a later round.
    """
    is_long, gone = round_ends(), Counter[str]()

    def count(words: str, number: int) -> int:
        gone[words] += number
        return number

    try:
        for words, delete in _kinds(current_settings()):
            with suppress(_Later):
                while not is_long() and delete(partial(count, words)):
                    pass
    finally:  # what went is noted, whatever broke off
        outcome = " ".join(f"{words}={number}" for words, number in gone.items() if number)
        if outcome:
            audit.note("deleted", outcome, job="retention")
    return outcome


class _Later(Exception):
    """Twilio takes no requests just now."""


def _kinds(settings: Settings) -> Iterator[tuple[str, Callable[[Count], int]]]:
    """What may be old: a word for it, and what deletes a batch of it and counts them, and returns how many that were."""
    days = settings.keep_recordings_days
    yield "recordings", lambda count: _recordings(days, count)
    yield "calls", lambda count: _rows(Call, settings.keep_calls_days, settings.delete_at_twilio, count)
    yield "texts", lambda count: _rows(Message, settings.keep_messages_days, settings.delete_at_twilio, count)
    if idle := settings.keep_messages_days:
        yield "relays", lambda count: count(old.delete_relays(now() - timedelta(days=idle)))
    if settings.keep_calls_days and settings.keep_messages_days:
        longer = timedelta(days=max(settings.keep_calls_days, settings.keep_messages_days))
        yield "events", lambda count: count(old.delete_events_alone(now() - longer - STRAY))
    counted = max(DAY * 2, *(timedelta(seconds=limit.seconds) for limit in settings.destination_limits))
    yield "spendings", lambda count: count(old.delete_spendings(counted))
    yield "audit", lambda count: count(old.delete_audit(now() - timedelta(days=settings.keep_audit_days)))
    yield "refusals", lambda count: count(old.delete_refusals())
    yield "failures", lambda count: count(old.delete_failures())


def _recordings(days: int | None, count: Count) -> int:
    """The sound is at Twilio only, so it goes there first."""
    before, gone, nameless = now() - timedelta(days=days) if days else None, [], 0
    try:
        for recording in old.recordings(before, ASKED):
            if recording.deleted_at is None and not _is_deleted(Recording, recording, current_twilio().delete_recording):
                continue
            if recording.deleted_at or (before and recording.created_at < before):
                gone.append(recording)
            else:
                parties.erase_recording(recording.sid)  # its call was erased before anything was known of it
                nameless += 1
    finally:
        old.delete_recordings(gone)
        count(len(gone) + nameless)
    return len(gone) + nameless


def _rows(kind: Kind, days: int | None, at_twilio: bool, count: Count) -> int:
    before, gone = now() - timedelta(days=days) if days else None, []
    delete = current_twilio().delete_call if kind is Call else current_twilio().delete_message
    try:
        for row in old.rows(kind, before, ASKED if at_twilio else BATCH):
            if not at_twilio or not row.sid or _is_deleted(kind, row, delete):
                gone.append(row)
    finally:
        old.delete_rows(kind, gone)
        count(len(gone))
    return len(gone)


def _is_deleted(kind: Kind | type[Recording], row: Row | Recording, delete: Callable[[str], None]) -> bool:
    """Delete it at Twilio. Raises _Later where Twilio cannot be asked just now."""
    try:
        delete(row.sid or "")
    except RecordingGone:
        return True
    except TwilioError as error:
        old.note_refusal(kind, row.id)
        if not error.permanent:
            raise _Later from error
        return False
    return True
