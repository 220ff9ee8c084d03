"""Placing calls and sending texts: number -> ledger -> Twilio -> ledger."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from app import ledger, phone
from app.errors import InvalidBody, LedgerUnavailable, TwilioAnswerLost, TwilioError
from app.models import Call, Message
from app.settings import current_settings
from app.twilio_service import Accepted, Machine, current_twilio

log = logging.getLogger(__name__)

MAX_BODY = 1600  # characters (Twilio's error 21617)


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


def place_call(to: str | None, heard: Heard = Heard(), *, reuse_within: float = 0) -> tuple[str, bool]:
    """Call `to` (default: TWILIO_TO_NUMBER) and return the attempt id, by which ledger.find knows it, and whether it is new.

    A call to the same number, to hear the same, that was placed less than `reuse_within` seconds ago is returned instead of
    placing another.
    Raises InvalidNumber, TwilioRefused, TwilioUnreachable; a lost answer is no error but leaves the call `unknown`.
    """
    settings = current_settings()
    number = phone.parse(settings.twilio_to_number if to is None else to, home=settings.twilio_from_number).e164
    attempt, new = ledger.begin(
        Call,
        to=number,
        from_=settings.twilio_from_number,
        reuse_within=reuse_within,
        step=heard.step,
        announcement=heard.announcement,
        acknowledge=heard.acknowledge if heard.announcement is not None else None,
    )
    if new:
        _ask(
            Call,
            attempt,
            lambda: current_twilio().create_call(
                to=number,
                from_=settings.twilio_from_number,
                url=_callback(heard.path, attempt),
                status_callback=_callback("/status/call", attempt),
                machine=heard.machine,
            ),
        )
    return attempt, new


def send_sms(to: str, body: str, *, attempt: str | None = None) -> str:
    """Text `body` to `to` and return the attempt id; one with an `attempt` that was begun before is not sent again.

    Raises as place_call does, and InvalidBody.
    """
    settings = current_settings()
    number = phone.parse(to, home=settings.twilio_from_number).e164
    if not body.strip() or len(body) > MAX_BODY:
        raise InvalidBody(f"A text has 1 to {MAX_BODY:,} characters; this one has {len(body):,}.")
    begun, new = ledger.begin(Message, to=number, from_=settings.twilio_from_number, body=body, attempt=attempt)
    if new:
        _ask(
            Message,
            begun,
            lambda: current_twilio().create_message(
                to=number, from_=settings.twilio_from_number, body=body, status_callback=_callback("/status/message", begun)
            ),
        )
    return begun


def _ask(kind: ledger.Kind, attempt: str, request: Callable[[], Accepted]) -> None:
    try:
        accepted = request()
    except TwilioAnswerLost:
        ledger.advance(kind, "unknown", attempt=attempt)
    except TwilioError as error:
        ledger.advance(kind, "failed", attempt=attempt, error_code=error.twilio_code)
        raise
    else:
        try:
            ledger.advance(kind, accepted.status, attempt=attempt, sid=accepted.sid)
        except LedgerUnavailable:  # "try again" would double what Twilio has taken; its first callback settles the row
            log.exception("taken by Twilio and not yet written attempt=%s sid=%s", attempt, accepted.sid)


def _callback(path: str, attempt: str) -> str:
    """An address of ours for Twilio to ask; the attempt in it tells what a lost answer was about."""
    return f"{current_settings().public_base_url}{path}?{urlencode({'attempt': attempt})}"
