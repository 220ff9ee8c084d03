"""Everything that is kept of a party, as a document, and its erasure, here and at Twilio."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import phonenumbers

from app import audit, database, phone, voicemail
from app.clock import now
from app.errors import InvalidNumber, InvalidRequest, RecordingGone, StillGoingOn, TwilioError
from app.ledger import parties
from app.models import TEXT, Call, Kind, Message
from app.outbound import attempt_of
from app.settings import current_settings
from app.switch import our_numbers
from app.switch.numbers import WITHHELD
from app.twilio_service import current_twilio

SHORTEST = 7  # digits; fewer may be anything in a text


@dataclass
class Erased:
    """What an erasure did: how many texts of others named the party, and what stayed, a sentence each."""

    named: int = 0
    stayed: list[str] = field(default_factory=list)
    in_journal: bool = False  # bytes of it, until the journal of SQLite is written over


def party_of(text: str) -> str:
    """A number as people write it, or a name as Twilio has it: client:anna, BANK, 72404, Anonymous. Raises InvalidRequest."""
    text = text.strip()
    if not text or len(text) > TEXT:
        raise InvalidRequest("Give a phone number, or a name as Twilio has it, such as client:anna or Anonymous.")
    if text in WITHHELD:
        return text
    try:
        party = phone.parse(text, home=current_settings().twilio_from_number).e164
    except InvalidNumber:
        if text.startswith("+"):
            raise
        return text
    if party in our_numbers():
        raise InvalidRequest(f"{party} is a number of your own: every call and text has one. Give the number of the other end.")
    return party


def export(party: str) -> dict[str, Any]:
    """All that is kept of a party, for JSON: dates in ISO 8601, the newest last."""
    audit.note("exported", _masked(party))
    found = parties.everything(party)
    for message in found["messages"]:
        message["media"] = json.loads(message["media"] or "[]")
    for recording in found["recordings"]:
        if recording["deleted_at"] is None:
            recording["listen"] = f"{current_settings().public_base_url}/recordings/{recording['sid']}"
    sids = [recording["sid"] for recording in found["recordings"]]
    named_in = parties.named_in(party, _finder(party), sids)
    document: dict[str, Any] = _readable({"party": party, "exported_at": now(), **found, "named_in": named_in})
    return document


def erase(party: str, *, at_twilio: bool) -> Erased:
    """Erase all that is kept of a party but its opt-outs; what Twilio does not delete stays, and another try may end it.

    Recordings always go at Twilio, where their sound is; with `at_twilio`, calls and texts, too. Raises StillGoingOn.
    """
    if parties.known(party).going_on:
        raise StillGoingOn(
            "Some of its calls or texts still go on, or nobody knows yet how they ended; erase it when they are over. "
            "`flask --app wsgi twilio reconcile` asks Twilio how they ended."
        )
    audit.note("erased", _masked(party))
    result = Erased()
    recordings = parties.recordings(party)
    for recording in recordings:
        parties.erase_bodies({attempt_of(voicemail.occasion(recording.sid, to)) for to in parties.texted_since(recording)})
        if recording.deleted_at or _ask(result, f"Recording {recording.sid}", current_twilio().delete_recording, recording.sid):
            parties.erase_recording(recording.sid)
    for kind, name, delete in (
        (Call, "Call", current_twilio().delete_call),
        (Message, "Text", current_twilio().delete_message),
    ):
        for rows in _batches(kind, party):
            gone = [row for row in rows if not at_twilio or not row.sid or _ask(result, f"{name} {row.sid}", delete, row.sid)]
            parties.erase(kind, gone)
    result.named = parties.erase_traces(party, _finder(party), [recording.sid for recording in recordings])
    result.in_journal = not database.empty_journal()
    return result


def _batches(kind: Kind, party: str) -> Iterator[list[parties.Row]]:
    last = 0
    while rows := parties.rows(kind, party, last):
        yield list(rows)
        last = rows[-1].id


def _ask(result: Erased, what: str, delete: Callable[[str], None], sid: str) -> bool:
    """Delete something at Twilio; what is gone already is right."""
    try:
        delete(sid)
    except RecordingGone:
        return True
    except TwilioError as error:
        result.stayed.append(f"{what} stays: {error}")
        return False
    return True


def _finder(party: str) -> re.Pattern[str] | None:
    """What finds a party in a text: a number in any spelling, a name of a browser phone or SIP address, no other name."""
    if party.startswith(("client:", "sip:", "sips:")):
        return re.compile(re.escape(party) + r"(?![\w.@-])")
    if not party.startswith("+"):
        return None
    if party in WITHHELD:
        return None
    number = phonenumbers.parse(party)
    national = phonenumbers.national_significant_number(number)
    digits = national if len(national) >= SHORTEST else party[1:]
    before = rf"(?:(?<!\d)|(?<={number.country_code})|(?<=0))"  # no other country's number with the same digits
    return re.compile(before + r"[ ().\-/]{0,3}".join(digits) + r"(?!\d)")


def _masked(party: str) -> str:
    return phone.masked(party) if party.startswith("+") else "a name"


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _readable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_readable(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value
