"""How Twilio is asked: time limits, again only where it surely did not act, one log line a try, errors in our own words."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from time import monotonic, sleep
from typing import Any, TypeVar

import requests
from flask import g
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException

from app import logs, metrics
from app.errors import NotLetIn, RecordingGone, TwilioAnswerLost, TwilioError, TwilioRefused, TwilioUnreachable

FIRST_PAUSE = 0.5  # seconds at most before a request is repeated; then twice as long each time
NOT_CONNECTED = ("NewConnectionError", "NameResolutionError")  # urllib3's names for what requests calls ConnectionError

NOT_LET_IN = (401, 407)  # HTTP's; Twilio's code for the first is 20003 (https://www.twilio.com/docs/api/errors/20003)

log = logging.getLogger(__name__)
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # at INFO it writes whole numbers and texts

T = TypeVar("T")
_random = SystemRandom()


@dataclass(frozen=True)
class Patience:
    """How many seconds whoever waits for us has: to connect to Twilio, for its answer, and in all where it is asked again."""

    connect: float
    read: float
    in_all: float


# 3.05: a little over a multiple of 3, the time after which TCP sends a lost packet again.
PERSON = Patience(connect=3.05, read=10, in_all=8)
WEBHOOK = Patience(connect=2, read=4, in_all=3)  # Twilio waits for 15 seconds in all, also for the database and our answer


class Limited(HTTPAdapter):
    """An adapter that limits connecting and reading apart, which Twilio's client cannot say; it never repeats a request."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        patience = _patience()
        return super().send(request, *args, **(kwargs | {"timeout": (patience.connect, patience.read)}))


def _patience() -> Patience:
    """A person's, unless a webhook waits for us."""
    patience: Patience = g.get("patience", PERSON)
    return patience


def ask(
    what: str,
    send: Callable[[], T],
    outcome: Callable[[T], str],
    *,
    pause: Callable[[float], object] = sleep,
    can_repeat: bool = False,
) -> T:
    """Send a request, again where Twilio surely did not act on it and there is time; write one line about each try.

    `pause` waits for so many seconds. `can_repeat` says that it does no harm if Twilio gets it twice. The time that Twilio cost in
    vain is counted over all that is asked on behalf of one webhook, page or job: once it is used up, nothing more is asked.
    """
    patience = _patience()
    longest = FIRST_PAUSE
    while True:
        if g.get("twilio_in_vain", 0.0) >= patience.in_all:
            raise _unreachable()
        started = monotonic()
        try:
            result = send()
        except (TwilioException, requests.RequestException, ValueError, AttributeError) as error:  # last two: not Twilio's JSON
            fault = _translated(error)
            if can_repeat and isinstance(fault, TwilioAnswerLost):
                fault = TwilioUnreachable("Twilio gave no answer; try again in a moment.")
            seconds = _count(what, fault.code, started)
            code = f" twilio_code={fault.twilio_code}" if fault.twilio_code else ""
            log.warning("twilio %s outcome=%s%s seconds=%.3f", what, fault.code, code, seconds)
            wait = longest * _random.uniform(0.5, 1)
            if not (isinstance(fault, TwilioRefused) and fault.permanent):  # a refusal for good is an answer like any
                g.twilio_in_vain = g.get("twilio_in_vain", 0.0) + seconds
            if fault.permanent or isinstance(fault, NotLetIn) or g.twilio_in_vain + wait > patience.in_all:
                raise fault from error
        else:
            log.info("twilio %s outcome=%s seconds=%.3f", what, outcome(result), _count(what, "ok", started))
            if "patience" not in g:  # a job asks many things, and each may have its time; a webhook has its own for all
                g.twilio_in_vain = 0.0
            return result
        pause(wait)
        g.twilio_in_vain += wait
        longest *= 2


def _count(what: str, outcome: str, started: float) -> float:
    """Count a request by its first word, and return the seconds that it took."""
    seconds = monotonic() - started
    metrics.asked_twilio(re.split("[ =]", what, maxsplit=1)[0], outcome, seconds)
    logs.spent("twilio", started)
    return seconds


def status_of(error: TwilioException) -> int | None:
    """The HTTP status that an error tells of; Twilio's client gives it for a page of a list in a way of its own."""
    if isinstance(error, TwilioRestException):
        return int(error.status)
    return getattr(error.args[-1], "status_code", None) if error.args else None


def _translated(error: Exception) -> TwilioError:
    if isinstance(error, TwilioException) and not isinstance(error, TwilioRestException) and (status := status_of(error)):
        error = TwilioRestException(status, "")
    match error:
        case TwilioRestException(status=404, code=code, uri=uri) if "/Recordings/" in uri:
            return RecordingGone("Twilio has no such recording, or no more.", code)
        case TwilioRestException(status=429, code=code):
            return TwilioRefused("Twilio is taking no more requests just now; try again in a moment.", code, permanent=False)
        case TwilioRestException(status=status, code=code) if status in NOT_LET_IN:
            return NotLetIn(
                "Twilio does not let us in: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.", None if code == status else code
            )
        case TwilioRestException(status=status, code=code) if 400 <= status < 500 and code in (None, status):
            # Twilio's client takes the status for the code of JSON that has none: it was a proxy's, or is no error of its own.
            return TwilioRefused(f"Twilio refused this with the HTTP status {status}.")
        case TwilioRestException(status=status, code=code) if 400 <= status < 500:
            return TwilioRefused(f"Twilio refused this with error {code}: https://www.twilio.com/docs/errors/{code}", code)
        case requests.exceptions.SSLError() if "CERTIFICATE_VERIFY_FAILED" in repr(error):  # others may come after the request
            return _unreachable()
        case requests.exceptions.SSLError():
            return _lost()
        case requests.ConnectTimeout():
            return _unreachable()
        case requests.ConnectionError() if any(name in repr(error) for name in NOT_CONNECTED):
            return _unreachable()
        case _:
            return _lost()


def _unreachable() -> TwilioUnreachable:
    return TwilioUnreachable("Twilio could not be reached; nothing was sent.")


def _lost() -> TwilioAnswerLost:
    return TwilioAnswerLost("Twilio's answer was lost: whether it took the request shows when it calls back.")
