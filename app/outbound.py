"""Placing calls and sending texts: number -> consent -> limits and ledger -> Twilio -> ledger.

Once Twilio may have taken something, nothing here fails any more: what the database could not be told is settled later.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from app import consent, ledger, limits, logs, phone
from app.clock import now, round_ends
from app.errors import (
    InvalidBody,
    InvalidRequest,
    KeyReused,
    LedgerUnavailable,
    OptedOut,
    SpendRefused,
    TwilioAnswerLost,
    TwilioError,
    TwilioRefused,
)
from app.flow.prompts import MAX_TEXTED
from app.ledger import Row, due
from app.models import Call, Kind, Message
from app.settings import current_settings
from app.twilio_service import Accepted, Machine, current_twilio

log = logging.getLogger(__name__)

# Texts that nobody waits for, where Twilio could not take them just now: how long after each try, and for how long in all.
PAUSES = (30, 60, 120, 240, 480, 900, 1800)  # seconds; the last one again and again
GIVEN_UP_AFTER = 2 * 3600  # seconds
TOO_LATE = GIVEN_UP_AFTER + 2 * PAUSES[-1]  # seconds; spending was stopped for so long, or no job ran
NOT_SENT = "Not sent: nobody could send it for hours, and by then it was too late."

OPTED_OUT = "That number wants no texts from ours; once they text START to our number, they get texts again."


@dataclass(frozen=True)
class Heard:
    """What whoever answers hears: the flow from one of its `entries`, or an `announcement`; with neither, the usual greeting.

    With `acknowledge`, the announcement asks for a key. `machine` says what becomes of it when a machine answers.
    """

    step: str | None = None
    announcement: str | None = None
    acknowledge: bool = False
    machine: Machine | None = None

    @property
    def path(self) -> str:
        """Where Twilio asks what to say: an announcement is never part of an address."""
        if self.announcement is not None:
            return "/voice_url/announcement"
        return f"/voice_url/{self.step}" if self.step else "/voice_url"


def place_call(
    to: str | None,
    heard: Heard = Heard(),
    *,
    reuse_within: float = 0,
    key: str | None = None,
    noted: ledger.Noting | None = None,
) -> tuple[Call, bool]:
    """Call `to` (default: TWILIO_TO_NUMBER) and return the call and whether it is new.

    A call to the same number, to hear the same, that was placed less than `reuse_within` seconds ago is returned instead of
    placing another; with a `key`, so is the one that was placed with that key before. A new one is `noted` when it is written.
    Raises InvalidNumber, KeyReused, SpendRefused, TwilioRefused, TwilioUnreachable; a lost answer is no error but leaves the call
    `unknown`.
    """
    settings = current_settings()
    number = phone.parse(settings.twilio_to_number if to is None else to, home=settings.twilio_from_number).e164
    fields = {
        "step": heard.step,
        "announcement": heard.announcement,
        "acknowledge": heard.acknowledge if heard.announcement is not None else None,
    }
    if key and (earlier := _earlier(Call, key, to_number=number, **fields)):
        return earlier, False
    begun, new = _begin(Call, to=number, guard=limits.call_to(number), key=key, reuse_within=reuse_within, noted=noted, **fields)
    if new:
        _ask(
            begun,
            lambda: current_twilio().create_call(
                to=number,
                from_=settings.twilio_from_number,
                url=_callback(heard.path, begun),
                fallback_url=_callback("/voice_fallback_url", begun),
                status_callback=_callback("/status/call", begun),
                time_limit=settings.max_call_minutes * 60,
                machine=heard.machine,
            ),
        )
    return _known(begun), new


def send_sms(
    to: str, body: str, *, reuse_within: float = 0, key: str | None = None, noted: ledger.Noting | None = None
) -> tuple[Message, bool]:
    """Text `body` to `to` from TWILIO_FROM_NUMBER, and return the text and whether it is new.

    The same text to that number that was sent less than `reuse_within` seconds ago is returned instead of sending another; with a
    `key`, so is the one that was sent with that key before. One that is new is `noted` when it is written.
    Raises as place_call does, InvalidBody, and OptedOut.
    """
    line = current_settings().twilio_from_number
    number = _number(to, body)
    if key and (earlier := _earlier(Message, key, to_number=number, body=body)):
        return earlier, False
    _may_text(line, number)
    guard = limits.text_to(number, body, own=False)
    begun, new = _begin(Message, to=number, guard=guard, key=key, reuse_within=reuse_within, noted=noted, body=body)
    if new:
        _send(begun)
    return _known(begun), new


def text_once(occasion: str, to: str, body: str, from_: str | None = None, *, own: bool = False) -> bool:
    """Text `body` on an occasion of that name: once, whoever else hears of it at the same time, and rather never than twice.

    Whether it was begun now. Nobody waits for it: where Twilio cannot take it just now, it is sent later (see send_due). That it
    cannot be sent is logged, and no fault of whoever tells of the occasion; what Twilio does not take is in the ledger.
    """
    attempt, line, text = attempt_of(occasion), from_ or current_settings().twilio_from_number, body[:MAX_TEXTED]
    new = False
    try:
        number = _number(to, text)
        _may_text(line, number)
        _, new = ledger.begin(
            Message, to=number, from_=line, guard=limits.text_to(number, text, own=own), attempt=attempt, body=text, tries=1
        )
        if new:
            logs.note(attempt=attempt)
            _send(_begun(Message, attempt, to=number, from_=line, body=text, tries=1), can_wait=True)
    except (InvalidRequest, OptedOut, SpendRefused, TwilioError) as error:
        log.warning("no text to=%s cause=%s", phone.masked(to), error.code)
    return new


def attempt_of(occasion: str) -> str:
    """The attempt that stands for an occasion: whoever comes with the same one has the same."""
    return sha256(occasion.encode()).hexdigest()[:32]


def was_begun(occasion: str) -> bool:
    """Whether there is a text on that occasion, sent or not."""
    return ledger.find(Message, attempt_of(occasion)) is not None


def send_due() -> str:
    """Send the texts that could not be sent before, as long as Twilio takes them; returns how many it took, in words."""
    sent, is_long = 0, round_ends()
    while not is_long() and not limits.is_stopped() and (text := due.claim()):
        logs.turn_to(attempt=text.attempt)
        try:
            if not consent.may_text(text.from_number, text.to_number):
                ledger.advance(
                    Message, "failed", attempt=text.attempt, source="answer", error_code=consent.REFUSED, remark=OPTED_OUT
                )
                continue
            if (now() - text.created_at).total_seconds() > TOO_LATE:
                ledger.advance(Message, "failed", attempt=text.attempt, source="answer", remark=NOT_SENT)
                continue
            if _send(text, can_wait=True):
                sent += 1
        except (OptedOut, TwilioError) as error:
            log.warning("no text to=%s cause=%s", phone.masked(text.to_number), error.code)
            if not error.permanent:
                break  # Twilio takes nothing just now
    return f"sent {sent} texts again" if sent else ""


def send_again(text: Message) -> bool:
    """Have a text that nobody waits for sent later, if it is not too late for that."""
    if text.tries is None or (now() - text.created_at).total_seconds() > GIVEN_UP_AFTER:
        return False
    pause = PAUSES[min(text.tries, len(PAUSES)) - 1]
    due.put_off(text.attempt or "", text.tries, now() + timedelta(seconds=pause))
    return True


def _send(text: Message, *, can_wait: bool = False) -> bool:
    """Ask Twilio to send a text that is in the ledger; whether it took it, as far as is known. Raises OptedOut, TwilioError."""
    to, line, body, callback = text.to_number, text.from_number, text.body, _callback("/status/message", text)

    def request() -> Accepted:
        return current_twilio().create_message(to=to, from_=line, body=body, status_callback=callback)

    try:
        return _ask(text, request, put_off=(lambda: send_again(text)) if can_wait else None)
    except TwilioRefused as error:
        if error.twilio_code != consent.REFUSED:
            raise
        consent.note_refusal(line, to)
        raise OptedOut(OPTED_OUT) from error


def _ask(begun: Call | Message, request: Callable[[], Accepted], put_off: Callable[[], bool] | None = None) -> bool:
    """Ask Twilio, and write what came of it; whether it took it, as far as is known. `begun` learns it, too. Raises TwilioError.

    What was surely not done is failed, unless it can be `put_off`.
    """
    kind, attempt = type(begun), begun.attempt
    begun.status = "unknown"
    try:
        accepted = request()
    except TwilioAnswerLost:
        _write(lambda: ledger.advance(kind, "unknown", attempt=attempt, source="answer"), begun)
        return False
    except TwilioError as error:
        begun.status, code, is_over = "failed", error.twilio_code, error.permanent or put_off is None
        remark = ledger.UNSENT if is_over and not error.permanent else None  # whoever waits for it may ask for it again

        def fail() -> None:
            if is_over or not (put_off and put_off()):
                ledger.advance(kind, "failed", attempt=attempt, source="answer", error_code=code, remark=remark)

        _write(fail, begun)
        raise
    logs.note(sid=accepted.sid)
    begun.sid, begun.status = accepted.sid, accepted.status
    _write(lambda: ledger.advance(kind, accepted.status, attempt=attempt, sid=accepted.sid, source="answer"), begun)
    return True


def _write(work: Callable[[], None], begun: Call | Message) -> None:
    """Write what became of a request; where that fails, the row is settled later: an error here would read "try again"."""
    try:
        work()
    except LedgerUnavailable:
        log.error("not yet written attempt=%s sid=%s status=%s", begun.attempt, begun.sid, begun.status)


def _known(begun: Row) -> Row:
    """What the ledger has; what is known besides where it cannot be read, or could not be told."""
    found = None
    with suppress(LedgerUnavailable):
        found = ledger.find(type(begun), begun.attempt or "")
    return begun if found is None or (found.status == "requested" and begun.status != "requested") else found


def _begin(
    kind: type[Row],
    *,
    to: str,
    guard: ledger.Guard,
    key: str | None,
    reuse_within: float,
    noted: ledger.Noting | None,
    **fields: Any,
) -> tuple[Row, bool]:
    """Write what Twilio is about to be asked for, unless it was with that key, or lately; whether it is new. Raises KeyReused."""
    line = current_settings().twilio_from_number
    attempt, new = ledger.begin(
        kind,
        to=to,
        from_=line,
        guard=guard,
        attempt=_named(kind, key) if key else None,
        reuse_within=0 if key else reuse_within,
        noted=noted,
        **fields,
    )
    logs.note(attempt=attempt)
    if key and not new:
        _earlier(kind, key, to_number=to, **fields)  # for what it raises: the key was used meanwhile, for something else
    return _begun(kind, attempt, to=to, from_=line, **fields), new


def _begun(kind: type[Row], attempt: str, *, to: str, from_: str, **fields: Any) -> Row:
    """What was written by ledger.begin, at hand also where the database is not."""
    row = {"direction": "outbound-api", "status": "requested", "created_at": now(), "updated_at": now()} | fields
    return kind(attempt=attempt, from_number=from_, to_number=to, **row)


def _earlier(kind: type[Row], key: str, **fields: object) -> Row | None:
    """What was asked for with a key before; None if nothing was sent then. Raises KeyReused where it was something else."""
    found = ledger.find(kind, _named(kind, key))
    if found and any(getattr(found, name) != value for name, value in fields.items()):
        raise KeyReused("That Idempotency-Key was used for something else before: another one is needed for this.")
    return None if found and ledger.is_unsent(found) else found


def _named(kind: Kind, key: str) -> str:
    """The attempt id that a key stands for."""
    return attempt_of(f"{kind.__tablename__} key {key}")


def _number(to: str, body: str) -> str:
    """The number to text, as Twilio wants it. Raises InvalidNumber, InvalidBody."""
    number = phone.parse(to, home=current_settings().twilio_from_number).e164
    if not body.strip() or len(body) > MAX_TEXTED:
        raise InvalidBody(f"A text has 1 to {MAX_TEXTED:,} characters; this one has {len(body):,}.")
    return number


def _may_text(line: str, number: str) -> None:
    if not consent.may_text(line, number):
        raise OptedOut(OPTED_OUT)


def _callback(path: str, begun: Call | Message) -> str:
    """An address of ours for Twilio to ask; the attempt in it tells what a lost answer was about."""
    return f"{current_settings().public_base_url}{path}?{urlencode({'attempt': begun.attempt})}"
