"""What Twilio is asked that changes nothing there: how calls and texts go on, and what its lists hold."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from app.asking import ask
from app.errors import TwilioRefused
from app.phone import masked

LISTED = 1000  # calls or messages of one number that are looked through; as many as Twilio gives in one answer
NOT_FOUND = 20404  # Twilio's error
WORDS = re.compile(r"[0-9A-Za-z]+")  # what may stand in an address

T = TypeVar("T")


@dataclass(frozen=True)
class Resource:
    """A call or message as Twilio has it; `duration` in seconds. What a kind does not have is None.

    A call that waits for its turn may have no time when it was `created`.
    """

    sid: str
    status: str
    direction: str
    to: str
    from_: str
    created: datetime | None
    duration: int | None
    error_code: int | None
    body: str | None
    pictures: int  # how many files came with a text


@dataclass(frozen=True)
class Recorded:
    """A recording as Twilio has it; `duration` in seconds."""

    sid: str
    call_sid: str
    status: str
    created: datetime
    duration: int | None


@dataclass(frozen=True)
class Webhooks:
    """The addresses that Twilio tells of a number's calls and texts; "" or none where it tells nobody."""

    calls: list[str]
    texts: list[str]


@dataclass(frozen=True)
class Request:
    """What Twilio asked somebody for on behalf of a call, and the body that it was answered."""

    url: str
    answer: str


class Inquiries:
    """Questions to Twilio; each may be asked again. A `_client` and a `pause` before that are set by who has them."""

    _client: Any
    pause: Callable[[float], object]

    def fetch_call(self, sid: str) -> Resource:
        """How a call goes on. Raises TwilioError: with NOT_FOUND, Twilio does not know it (any more)."""
        return self._fetch(f"call={sid}", lambda: self._client.calls(_plain(sid)).fetch())

    def fetch_message(self, sid: str) -> Resource:
        """How a text goes on. Raises as fetch_call does."""
        return self._fetch(f"message={sid}", lambda: self._client.messages(_plain(sid)).fetch())

    def list_calls(self, *, to: str, from_: str) -> list[Resource]:
        """The newest calls from one number to another, LISTED at most. Raises TwilioError."""
        return self._list(f"calls to={masked(to)}", lambda: self._client.calls.list(to=to, from_=from_, limit=LISTED))

    def list_messages(self, *, to: str, from_: str) -> list[Resource]:
        """The newest texts from one number to another, LISTED at most. Raises TwilioError."""
        return self._list(f"messages to={masked(to)}", lambda: self._client.messages.list(to=to, from_=from_, limit=LISTED))

    def webhooks_of(self, number: str) -> Webhooks:
        """Whom Twilio tells of what comes to a number; nobody, if it is no number of the account. Raises TwilioError."""

        def find() -> Webhooks:
            found = self._client.incoming_phone_numbers.list(phone_number=number, limit=1)
            return Webhooks(
                [url or "" for each in found for url in (each.voice_url, each.voice_fallback_url)],
                [url or "" for each in found for url in (each.sms_url, each.sms_fallback_url)],
            )

        return self._ask(f"number={masked(number)}", find, lambda _: "found")

    def calls_to(self, number: str, since: datetime) -> list[Resource]:
        """Every call to a number since then. Raises TwilioError."""
        return self._list(
            f"calls to={masked(number)}",
            lambda: self._client.calls.list(to=number, start_time_after=since, page_size=LISTED),
        )

    def messages_to(self, number: str, since: datetime) -> list[Resource]:
        """Every text to a number since then. Raises TwilioError."""
        return self._list(
            f"messages to={masked(number)}",
            lambda: self._client.messages.list(to=number, date_sent_after=since, page_size=LISTED),
        )

    def messages_from(self, number: str, since: datetime, until: datetime) -> list[Resource]:
        """The newest texts from a number in that time, to whomever, LISTED at most. Raises TwilioError."""
        return self._list(
            f"messages from={masked(number)}",
            lambda: self._client.messages.list(from_=number, date_sent_after=since, date_sent_before=until, limit=LISTED),
        )

    def recordings_since(self, since: datetime) -> list[Recorded]:
        """Every recording since then, whatever was recorded. Raises TwilioError."""

        def find() -> list[Recorded]:
            found = self._client.recordings.list(date_created_after=since, page_size=LISTED)
            return [
                Recorded(each.sid, each.call_sid or "", str(each.status), each.date_created, _whole(each.duration))
                for each in found
            ]

        return self._ask("recordings", find, lambda found: f"{len(found)} listed")

    def pictures_of(self, message_sid: str) -> list[str]:
        """The addresses of the files that came with a text. Raises TwilioError."""
        base = self._client.api.base_url

        def find() -> list[str]:
            return [f"{base}{each.uri.removesuffix('.json')}" for each in self._client.messages(_plain(message_sid)).media.list()]

        return self._ask(f"media of message={message_sid}", find, lambda found: f"{len(found)} listed")

    def requests_of(self, call_sid: str) -> list[Request]:
        """The newest that Twilio asked for on behalf of a call, LISTED at most. Raises TwilioError."""

        def find() -> list[Request]:
            events = self._client.calls(_plain(call_sid)).events.list(limit=LISTED)
            pairs = [(event.request or {}, event.response or {}) for event in events]
            return [Request(str(asked.get("url", "")), str(told.get("response_body") or "")) for asked, told in pairs]

        return self._ask(f"events of call={call_sid}", find, lambda found: f"{len(found)} listed")

    def has_recording(self, call_sid: str) -> bool:
        """Whether something was recorded in a call; one whose length is not known yet counts. Raises TwilioError."""
        return self._ask(
            f"recordings of call={call_sid}",
            lambda: any(each.duration != "0" for each in self._client.recordings.list(call_sid=call_sid, limit=20)),
            str,
        )

    def _fetch(self, what: str, send: Callable[[], Any]) -> Resource:
        return self._ask(what, lambda: _resource(send()), lambda found: found.status)

    def _list(self, what: str, send: Callable[[], Any]) -> list[Resource]:
        return self._ask(what, lambda: [_resource(each) for each in send()], lambda found: f"{len(found)} listed")

    def _ask(self, what: str, send: Callable[[], T], outcome: Callable[[T], str]) -> T:
        return ask(what, send, outcome, pause=self.pause, can_repeat=True)


def _plain(sid: str) -> str:
    """A SID as it may stand in an address."""
    if not WORDS.fullmatch(sid):
        raise TwilioRefused("That is no SID.", NOT_FOUND)
    return sid


def _resource(found: Any) -> Resource:
    """What the two kinds have in common."""
    return Resource(
        sid=found.sid,
        status=found.status,
        direction=found.direction,
        to=found.to,
        from_=getattr(found, "_from", None) or getattr(found, "from_", None) or "",
        created=found.date_created,
        duration=_whole(getattr(found, "duration", None)),
        error_code=getattr(found, "error_code", None),
        body=getattr(found, "body", None),
        pictures=_whole(getattr(found, "num_media", None)) or 0,
    )


def _whole(number: str | None) -> int | None:
    """Twilio gives numbers as text."""
    return int(number) if number not in (None, "") else None
