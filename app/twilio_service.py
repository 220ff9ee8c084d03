"""The one door to Twilio's REST API: what it is to do; what it is only asked stands in inquiries, how it is asked in asking."""

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from time import sleep
from typing import Any, Literal

import requests
from flask import current_app
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from app.asking import Limited, ask, status_of
from app.errors import InvalidRequest, TwilioAnswerLost
from app.inquiries import NOT_FOUND, Inquiries
from app.phone import masked
from app.settings import Settings

# What is to become of an announcement that a machine answers: left after the beep, or not said at all. To be told at once that it
# is a machine is enough to hang up; its end must be waited for to leave something
# (https://www.twilio.com/docs/voice/answering-machine-detection). Each costs a fee, and the callee a pause.
Machine = Literal["leave", "hangup"]
DETECTION: dict[Machine, str] = {"leave": "DetectMessageEnd", "hangup": "Enable"}

RECORDING = re.compile(r"RE[0-9a-fA-F]{32}")
CALL = re.compile(r"CA[0-9a-fA-F]{32}")
MESSAGE = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
CHUNK = 16 * 1024  # bytes of sound: some three seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accepted:
    """Twilio's answer to a request that it took: its `sid` and the first `status`."""

    sid: str
    status: str


@dataclass(frozen=True)
class Sound:
    """A recording on its way: HTTP `status` (200, 206 of a part, 416), and its bytes. Close it, also where not all is wanted."""

    status: int
    sid: str
    answer: requests.Response

    def header(self, name: str) -> str | None:
        return self.answer.headers.get(name)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.answer.iter_content(CHUNK)
        except requests.RequestException as error:
            log.warning("twilio recording=%s broke off: %s", self.sid, type(error).__name__)
            raise TwilioAnswerLost("Twilio broke off in the middle of the recording.") from error
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back, or close it where bytes are left on it."""
        self.answer.close()


class TwilioService(Inquiries):
    """Twilio's REST client with limits; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.pause: Callable[[float], object] = sleep  # before a request is repeated; tests wait for nothing
        self._settings = settings
        self._http = TwilioHttpClient()
        self._http.session.mount("https://", Limited())
        self._http.session.mount("http://", Limited())
        if settings.twilio_api_url:
            self._http.session.trust_env = False  # a proxy of the environment would not find this machine's loopback

    @cached_property
    def _client(self) -> Client:
        """Twilio's own client; what can be asked with it takes a quarter of a second to load, and most commands ask nothing."""
        client = Client(
            self._settings.twilio_account_sid,
            self._settings.twilio_auth_token.get_secret_value(),
            http_client=self._http,
            environment={"TWILIO_REGION": ""},  # else it would read the process's own, and turn the address below
        )
        if self._settings.twilio_api_url:
            client.api.base_url = self._settings.twilio_api_url
        return client

    def load(self) -> None:
        """Load what it takes to ask: whoever serves does so before the first request."""
        _ = self._client.calls, self._client.messages

    def close(self) -> None:
        """Close the connections that are kept for the next request."""
        self._http.session.close()

    def create_call(
        self,
        *,
        to: str,
        from_: str,
        url: str,
        fallback_url: str,
        status_callback: str,
        time_limit: int,
        machine: Machine | None = None,
    ) -> Accepted:
        """Ask Twilio to call `to` and to fetch `url` when it is answered; with `machine`, when it knows by whom.

        `fallback_url` is fetched where that, or what follows, cannot be: for a placed call, the number has none.
        After `time_limit` seconds Twilio ends it.

        Raises TwilioError.
        """
        detection = {"machine_detection": DETECTION[machine]} if machine else {}
        events = ["initiated", "ringing", "answered", "completed"]
        return self._request(
            f"call to={masked(to)} from={masked(from_)}",
            lambda: self._client.calls.create(
                to=to,
                from_=from_,
                url=url,
                fallback_url=fallback_url,
                status_callback=status_callback,
                status_callback_event=events,
                time_limit=time_limit,
                **detection,
            ),
        )

    def create_message(self, *, to: str, from_: str, body: str, status_callback: str) -> Accepted:
        """Ask Twilio to text `body` (1 to 1,600 characters) to `to`. Raises TwilioError."""
        return self._request(
            f"message to={masked(to)} from={masked(from_)}",
            lambda: self._client.messages.create(to=to, from_=from_, body=body, status_callback=status_callback),
        )

    def open_recording(self, sid: str, part: str | None = None) -> Sound:
        """Begin to fetch a recording as MP3; `part` is an HTTP Range. Raises RecordingGone, TwilioError."""
        url = f"{self._client.api.base_url}/2010-04-01/Accounts/{self._client.username}/Recordings/{_recording(sid)}.mp3"
        headers = {"Accept-Encoding": "identity"} | ({"Range": part} if part else {})

        def fetch() -> Sound:
            # A redirect to another host is followed without the credentials: requests leaves them out there.
            answer = self._http.session.get(url, headers=headers, auth=self._client.auth, stream=True)
            if answer.status_code in (200, 206, 416):
                return Sound(answer.status_code, sid, answer)
            answer.close()
            raise TwilioRestException(answer.status_code, url, code=NOT_FOUND if answer.status_code == 404 else None)

        return self._ask(f"recording={sid}", fetch, lambda sound: str(sound.status))

    def delete_recording(self, sid: str) -> None:
        """Delete a recording at Twilio, and first what was written down of it, which would stay there.

        Raises RecordingGone, TwilioError; trying again is always safe.
        """
        recording = self._client.recordings(_recording(sid))

        def delete() -> None:
            try:
                written = recording.transcriptions.list()
            except TwilioException as error:
                if status_of(error) != 404:
                    raise
                written = []  # the recording itself is gone, as its own deletion will tell
            for transcription in written:
                _delete(transcription)
            recording.delete()

        self._ask(f"delete recording={sid}", delete, lambda _: "deleted")

    def delete_call(self, sid: str) -> None:
        """Delete what Twilio keeps of a call that is over; one that is gone already is right. Raises TwilioError."""
        self._delete_row("call", CALL, sid, self._client.calls)

    def delete_message(self, sid: str) -> None:
        """Delete a text at Twilio, and its files with it; one that is gone already is right. Raises TwilioError."""
        self._delete_row("message", MESSAGE, sid, self._client.messages)

    def _delete_row(self, kind: str, shape: re.Pattern[str], sid: str, resources: Callable[[str], Any]) -> None:
        if shape.fullmatch(sid):  # Twilio knows no others, and they must not get into an address
            self._ask(f"delete {kind}={sid}", lambda: _delete(resources(sid)), lambda _: "deleted")

    def _request(self, what: str, send: Callable[[], Any]) -> Accepted:
        def accept() -> Accepted:
            resource = send()
            if not resource.sid:
                raise ValueError("no SID in the answer")
            return Accepted(resource.sid, resource.status)

        # Not as a question is asked, which may be asked again: Twilio may have done it.
        return ask(what, accept, lambda accepted: f"{accepted.status} sid={accepted.sid}", pause=self.pause)


def _recording(sid: str) -> str:
    """A recording's SID; what is none must not get into an address."""
    if not RECORDING.fullmatch(sid):
        raise InvalidRequest("That is no recording's SID: RE and 32 hexadecimal digits.")
    return sid


def _delete(resource: Any) -> None:
    """Delete something that may be gone already."""
    try:
        resource.delete()
    except TwilioRestException as error:
        if error.status != 404:
            raise


def current_twilio() -> TwilioService:
    """The Twilio service of the application that answers this request."""
    service: TwilioService = current_app.extensions["twilio_service"]
    return service
