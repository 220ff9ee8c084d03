"""Placing calls and sending texts: number -> consent -> limits and ledger -> Twilio -> ledger."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode

from app import consent, ledger, limits, logs, phone
from app.errors import (
    InvalidBody,
    InvalidRequest,
    LedgerUnavailable,
    OptedOut,
    SpendRefused,
    TwilioAnswerLost,
    TwilioError,
    TwilioRefused,
)
from app.flow.prompts import MAX_TEXTED
from app.models import Call, Message
from app.settings import current_settings
from app.twilio_service import Accepted, Machine, current_twilio

log = logging.getLogger(__name__)

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
    to: str | None, heard: Heard = Heard(), *, reuse_within: float = 0, noted: ledger.Noting | None = None
) -> tuple[str, bool]:
    """Call `to` (default: TWILIO_TO_NUMBER) and return the attempt id, by which ledger.find knows it, and whether it is new.

    A call to the same number, to hear the same, that was placed less than `reuse_within` seconds ago is returned instead of
    placing another. One that is new is `noted` when it is written.
    Raises InvalidNumber, SpendRefused, TwilioRefused, TwilioUnreachable; a lost answer is no error but leaves the call `unknown`.
    """
    settings = current_settings()
    number = phone.parse(settings.twilio_to_number if to is None else to, home=settings.twilio_from_number).e164
    attempt, new = ledger.begin(
        Call,
        to=number,
        from_=settings.twilio_from_number,
        guard=limits.call_to(number),
        reuse_within=reuse_within,
        noted=noted,
        step=heard.step,
        announcement=heard.announcement,
        acknowledge=heard.acknowledge if heard.announcement is not None else None,
    )
    logs.note(attempt=attempt)
    if new:
        _ask(
            Call,
            attempt,
            lambda: current_twilio().create_call(
                to=number,
                from_=settings.twilio_from_number,
                url=_callback(heard.path, attempt),
                fallback_url=_callback("/voice_fallback_url", attempt),
                status_callback=_callback("/status/call", attempt),
                time_limit=settings.max_call_minutes * 60,
                machine=heard.machine,
            ),
        )
    return attempt, new


def send_sms(
    to: str,
    body: str,
    *,
    from_: str | None = None,
    attempt: str | None = None,
    own: bool = False,
    noted: ledger.Noting | None = None,
) -> str:
    """Text `body` to `to`, from one of our numbers (default: TWILIO_FROM_NUMBER), and return the attempt id.

    With an `attempt` that was begun before, nothing is sent; one that is new is `noted` when it is written. `own`: the flow file
    names that number. Raises as place_call does, InvalidBody, and OptedOut.
    """
    home = current_settings().twilio_from_number
    number, line = phone.parse(to, home=home).e164, from_ or home
    if not body.strip() or len(body) > MAX_TEXTED:
        raise InvalidBody(f"A text has 1 to {MAX_TEXTED:,} characters; this one has {len(body):,}.")
    if not consent.may_text(line, number):
        raise OptedOut(OPTED_OUT)
    guard = limits.text_to(number, body, own=own)
    begun, new = ledger.begin(Message, to=number, from_=line, guard=guard, body=body, attempt=attempt, noted=noted)
    logs.note(attempt=begun)
    if new:
        callback = _callback("/status/message", begun)
        try:
            _ask(
                Message,
                begun,
                lambda: current_twilio().create_message(to=number, from_=line, body=body, status_callback=callback),
            )
        except TwilioRefused as error:
            if error.twilio_code != consent.REFUSED:
                raise
            consent.note_refusal(line, number)
            raise OptedOut(OPTED_OUT) from error
    return begun


def text_once(occasion: str, to: str, body: str, from_: str | None = None, *, own: bool = False) -> None:
    """Text `body` on an occasion of that name: once, whoever else hears of it at the same time, and rather never than twice.

    That it cannot be sent is logged, and no fault of whoever tells of the occasion; what Twilio does not take is in the ledger.
    """
    try:
        send_sms(to, body[:MAX_TEXTED], from_=from_, attempt=attempt_of(occasion), own=own)
    except (InvalidRequest, OptedOut, SpendRefused, TwilioError) as error:
        log.warning("no text to=%s cause=%s", phone.masked(to), error.code)


def attempt_of(occasion: str) -> str:
    """The attempt that stands for an occasion: whoever comes with the same one has the same."""
    return sha256(occasion.encode()).hexdigest()[:32]


def _ask(kind: ledger.Kind, attempt: str, request: Callable[[], Accepted]) -> None:
    try:
        accepted = request()
    except TwilioAnswerLost:
        ledger.advance(kind, "unknown", attempt=attempt)
    except TwilioError as error:
        ledger.advance(kind, "failed", attempt=attempt, error_code=error.twilio_code)
        raise
    else:
        logs.note(sid=accepted.sid)
        try:
            ledger.advance(kind, accepted.status, attempt=attempt, sid=accepted.sid)
        except LedgerUnavailable:  # "try again" would double what Twilio has taken; its first callback settles the row
            log.error("taken by Twilio and not yet written attempt=%s sid=%s", attempt, accepted.sid)


def _callback(path: str, attempt: str) -> str:
    """An address of ours for Twilio to ask; the attempt in it tells what a lost answer was about."""
    return f"{current_settings().public_base_url}{path}?{urlencode({'attempt': attempt})}"
