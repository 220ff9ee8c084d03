"""The one door to Twilio's REST API: time limits, one log line a request, errors in the project's own words."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import requests
from flask import current_app
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from app.errors import TwilioAnswerLost, TwilioError, TwilioRefused, TwilioUnreachable
from app.phone import masked
from app.settings import Settings

CONNECT_LIMIT = 3.05  # seconds; a little over a multiple of 3, the time after which TCP sends a lost packet again
READ_LIMIT = 10  # seconds, as long as a person waits

NOT_CONNECTED = ("NewConnectionError", "NameResolutionError")  # urllib3's names for what requests calls ConnectionError

log = logging.getLogger(__name__)
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # at INFO it writes whole numbers and texts


@dataclass(frozen=True)
class Accepted:
    """Twilio's answer to a request that it took: its `sid` and the first `status`."""

    sid: str
    status: str


class TwilioService:
    """Twilio's REST client with limits; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        http = TwilioHttpClient()
        http.session.mount("https://", _Limited())
        http.session.mount("http://", _Limited())
        self._client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
            http_client=http,
            environment={"TWILIO_REGION": ""},  # else it would read the process's own, and turn the address below
        )
        if settings.twilio_api_url:
            self._client.api.base_url = settings.twilio_api_url
            http.session.trust_env = False  # a proxy of the environment would not find this machine's loopback

    def close(self) -> None:
        """Close the connections that are kept for the next request."""
        self._client.http_client.session.close()

    def create_call(self, *, to: str, from_: str, url: str, status_callback: str) -> Accepted:
        """Ask Twilio to call `to` and to fetch `url` when it is answered. Raises TwilioError."""
        events = ["initiated", "ringing", "answered", "completed"]
        return _request(
            f"call to={masked(to)} from={masked(from_)}",
            lambda: self._client.calls.create(
                to=to, from_=from_, url=url, status_callback=status_callback, status_callback_event=events
            ),
        )

    def create_message(self, *, to: str, from_: str, body: str, status_callback: str) -> Accepted:
        """Ask Twilio to text `body` (1 to 1,600 characters) to `to`. Raises TwilioError."""
        return _request(
            f"message to={masked(to)} from={masked(from_)}",
            lambda: self._client.messages.create(to=to, from_=from_, body=body, status_callback=status_callback),
        )


class _Limited(HTTPAdapter):
    """An adapter that limits connecting and reading apart, which Twilio's client cannot say; it never repeats a request."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().send(request, *args, **(kwargs | {"timeout": (CONNECT_LIMIT, READ_LIMIT)}))


def _request(what: str, send: Callable[[], Any]) -> Accepted:
    started = monotonic()
    try:
        resource = send()
        accepted = Accepted(resource.sid, resource.status)
        if not accepted.sid:
            raise ValueError("no SID in the answer")
    except (TwilioException, requests.RequestException, ValueError, AttributeError) as error:  # the last two: not Twilio's JSON
        fault = _translated(error)
        code = f" twilio_code={fault.twilio_code}" if fault.twilio_code else ""
        log.warning("twilio %s outcome=%s%s seconds=%.3f", what, fault.code, code, monotonic() - started)
        raise fault from error
    log.info("twilio %s outcome=%s sid=%s seconds=%.3f", what, accepted.status, accepted.sid, monotonic() - started)
    return accepted


def _translated(error: Exception) -> TwilioError:
    match error:
        case TwilioRestException(status=429, code=code):
            return TwilioRefused("Twilio is taking no more requests just now; try again in a moment.", code, permanent=False)
        case TwilioRestException(status=status, code=code) if 400 <= status < 500:
            return TwilioRefused(f"Twilio refused this with error {code}: https://www.twilio.com/docs/errors/{code}", code)
        case requests.ConnectTimeout() | requests.exceptions.SSLError():
            return TwilioUnreachable("Twilio could not be reached; nothing was sent.")
        case requests.ConnectionError() if any(name in repr(error) for name in NOT_CONNECTED):
            return TwilioUnreachable("Twilio could not be reached; nothing was sent.")
        case _:
            return TwilioAnswerLost("Twilio's answer was lost: whether it took the request shows when it calls back.")


def current_twilio() -> TwilioService:
    """The Twilio service of the application that answers this request."""
    service: TwilioService = current_app.extensions["twilio_service"]
    return service
