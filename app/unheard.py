"""Calls, texts and recordings of which no webhook told us: looked for in Twilio's lists, and kept as if one had.

Who texted is not answered any more, and whoever called heard a fault: the one is shown to the operator, the other was missed. Only
what Twilio would have told us of is kept: others may share the account.
"""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

from app import consent, ledger, logs, voicemail
from app.clock import now, round_ends
from app.errors import TwilioRefused
from app.inquiries import Recorded, Resource
from app.ledger import recordings, unheard
from app.models import CALL_ENDS, TEXT, Call, Kind, Message, Recording
from app.settings import current_settings
from app.switch import our_numbers
from app.twilio_service import current_twilio
from app.twiml import xml_safe

AFTER = timedelta(minutes=5)  # by then no webhook comes any more: Twilio waits 15 seconds for one, and as long for the fallback
BACK = 7  # days at most; of what was erased, the SID is known for longer than that
WHENEVER = datetime.max.replace(tzinfo=UTC)  # Twilio's clock may be ahead of ours
SKEW = timedelta(minutes=1)  # Twilio's list is asked for so much more than is wanted of it
JOB = "unheard"
REMARK = "No webhook told of it: it was found in Twilio's list, and was not answered."
TOLD_AT = re.compile(r"recordingStatusCallback=[\"']([^\"']+)")
RECORDING_GOES_ON = ("in-progress", "paused", "stopped", "processing")  # of others that are not completed, there is nothing to hear

T = TypeVar("T")

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """Something that stands in one of Twilio's lists, and not here; `keep` is None as long as it goes on."""

    created: datetime
    keep: Callable[[], object] | None


def look(after: timedelta = AFTER) -> str:
    """Keep what came since the last look, but for what is not so old yet; returns how much that was, in words, or "".

    The first look finds nothing: what came before is none of our business. May be broken off anywhere, and done twice at once.
    Raises TwilioError, LedgerUnavailable: then the next look finds it.
    """
    at, since, kept = now(), unheard.looked_until(JOB), 0
    if since is None:
        unheard.note_look(JOB, at - AFTER)
        return ""
    since = max(since, at - _back()) if since <= at else at - timedelta(days=1)  # a clock that was ahead wrote it
    until = at - after if after else WHENEVER
    if since >= until:
        return ""
    came = sorted(_found(since, until), key=lambda found: found.created)
    is_long, done_until = round_ends(), min(until, at - AFTER)  # what just began may have no time in Twilio's list yet
    for found in came:
        if found.keep is None or (kept and is_long()):
            done_until = min(done_until, found.created)
        else:
            found.keep()
            kept += 1
    unheard.note_look(JOB, done_until)
    return f"kept {kept} of which no webhook told" if kept else ""


def _back() -> timedelta:
    """What is older is not looked for: it may have been here, and deleted since."""
    settings = current_settings()
    kept = settings.keep_calls_days, settings.keep_messages_days, settings.keep_recordings_days
    return timedelta(days=min([BACK, *filter(None, kept)]))


def _found(since: datetime, until: datetime) -> list[Found]:
    twilio = current_twilio()
    calls: list[tuple[datetime, Resource]] = []
    texts: list[tuple[datetime, Resource]] = []
    for number in sorted(our_numbers()):
        told_at = twilio.webhooks_of(number)
        if _are_ours(told_at.calls):
            calls += _incoming(Call, twilio.calls_to(number, since - SKEW), since, until)
        if _are_ours(told_at.texts):
            texts += _incoming(Message, twilio.messages_to(number, since - SKEW), since, until)
    likely = [each for each in twilio.recordings_since(since - SKEW) if since <= each.created < until]
    ours = unheard.known(Call, [each.call_sid for each in likely]) | {call.sid for _, call in calls}
    known = unheard.known(Recording, [each.sid for each in likely])
    recorded = [each for each in likely if each.sid not in known and each.call_sid in ours]
    return [
        *(Found(at, partial(_keep_call, call) if call.status in CALL_ENDS else None) for at, call in calls),
        *(Found(at, partial(_keep_text, text, at)) for at, text in texts if text.status == "received"),
        *(Found(at, None) for at, text in texts if text.status == "receiving"),
        *(Found(each.created, partial(_keep_recording, each)) for each in recorded if each.status == "completed"),
        *(Found(each.created, None) for each in recorded if each.status in RECORDING_GOES_ON),
    ]


def _are_ours(urls: list[str]) -> bool:
    return any(url.startswith(f"{current_settings().public_base_url}/") for url in urls)


def _incoming(kind: Kind, listed: list[Resource], since: datetime, until: datetime) -> list[tuple[datetime, Resource]]:
    likely = [
        (each.created, each) for each in listed if each.direction == "inbound" and each.created and since <= each.created < until
    ]
    known = unheard.known(kind, [each.sid for _, each in likely])
    return [(created, each) for created, each in likely if each.sid not in known]


def _keep_call(call: Resource) -> None:
    logs.turn_to(call_sid=call.sid)
    log.info("kept a call of which no webhook told")
    ledger.advance(
        Call,
        call.status,
        sid=call.sid,
        duration=call.duration,
        direction=call.direction,
        from_number=_party(call.from_),
        to_number=_party(call.to),
        source="reconciled",
        at=call.created,
        outcome="missed",
    )


def _keep_text(text: Resource, at: datetime) -> None:
    """What it says of wanting texts counts, unless its sender has said so again since; Twilio has answered it then."""
    logs.turn_to(message_sid=text.sid)
    log.info("kept a text of which no webhook told")
    line, number, body = _party(text.to), _party(text.from_), xml_safe(text.body or "")
    has_changed = consent.decides(body) and any(map(consent.decides, unheard.texted_since(line, number, at)))
    ledger.record_message(
        sid=text.sid,
        from_number=number,
        to_number=line,
        body=body,
        media=_unless_refused(lambda: current_twilio().pictures_of(text.sid), []) if text.pictures else [],
        answer=ledger.NO_ANSWER if has_changed else consent.heed(line, number, body, "", ledger.NO_ANSWER),
        at=at,
        remark=None if consent.is_answered_by_twilio(body, "") else REMARK,
    )


def _keep_recording(recorded: Recorded) -> None:
    """Its owners are told of it, if Twilio's record of the call tells on which step it was left."""
    logs.turn_to(call_sid=recorded.call_sid, recording_sid=recorded.sid)
    log.info("kept a recording of which no webhook told")
    steps: set[str] = _unless_refused(lambda: _steps_of(recorded.call_sid), set())
    step = steps.pop() if len(steps) == 1 else ""
    voicemail.follow_up(
        recordings.keep(
            recorded.sid, call_sid=recorded.call_sid, step=xml_safe(step)[:TEXT], duration=recorded.duration, at=recorded.created
        )
    )


def _steps_of(call_sid: str) -> set[str]:
    """The steps that let something be recorded in a call: the documents that it got say where to tell of it."""
    told_at = [unescape(url) for each in current_twilio().requests_of(call_sid) for url in TOLD_AT.findall(each.answer)]
    return {step for url in told_at for step in parse_qs(urlsplit(url).query).get("step", [])}


def _unless_refused(ask: Callable[[], T], otherwise: T) -> T:
    """Twilio's answer; what it refuses for good about one of them must not keep the others from being found."""
    try:
        return ask()
    except TwilioRefused as refusal:
        if not refusal.permanent:
            raise
        return otherwise


def _party(number: str) -> str:
    """A number or name as the webhooks' are kept."""
    return xml_safe(number)[:TEXT]
