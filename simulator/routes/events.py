"""One stream of server-sent events for a whole page, as a browser opens six connections to a server at most.

`hello` comes first: what does not change while the simulator runs. `state` is a handset (`GET /phones/{number}`), at once
and after every change; `handsets` names those that exist; `request` is a webhook (`GET /requests/{id}`), when it begins
and after every change; `verbs` are those being carried out in all calls, each by its request and its place in the answer;
`refused` says why a handset that was asked for cannot be watched.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from quart import Blueprint, Response, request

from simulator.clock import VirtualClock
from simulator.exchange import Exchange
from simulator.phones import Phone, PhoneError
from simulator.routes import current_exchange
from simulator.routes.phones import find_phone, phone_json
from simulator.web.journal import Entry

bp = Blueprint("events", __name__)

KEEP_ALIVE_SECONDS = 15.0
SECONDS_BETWEEN_NEWS = 0.02  # so that what comes at once is told at once: rendering is dear where hundreds call


@bp.get("/events")
async def events() -> Response:
    """Stream what happens to the handsets named by `phone`, and the requests after the one named by `requests`."""
    after = request.args.get("requests", type=int)
    feed = Feed(current_exchange(), request.args.getlist("phone"), after)
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
    response = Response(feed.stream(), headers=headers)
    response.timeout = None
    return response


class Feed:
    """What one page is told; while it runs, its handsets are attended. Without `after` it is told of no requests."""

    def __init__(self, exchange: Exchange, numbers: list[str], after: int | None) -> None:
        self._exchange = exchange
        self._changed = asyncio.Event()
        self._phones: dict[str, Phone] = {}
        self._refused: list[dict[str, str]] = []
        self._shown: dict[str, str] = {}
        self._verbs: list[dict[str, Any]] = []
        self._known = -1  # so that it is told at first that there are none, too
        self._follows = after is not None
        entries = [] if after is None else exchange.journal.entries(after=after)
        self._entries = {entry.id: entry for entry in entries}
        for number in numbers:
            try:
                phone = find_phone(number)
            except PhoneError as error:
                self._refused.append({"number": number, "message": str(error)})
            else:
                self._phones[phone.number] = phone

    async def stream(self) -> AsyncIterator[bytes]:
        """Tell everything there is, and then every change, until the page goes."""
        self._look()
        try:
            yield _event("hello", self._hello())
            for refusal in self._refused:
                yield _event("refused", refusal)
            self._changed.set()
            while True:
                try:
                    await asyncio.wait_for(self._changed.wait(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                self._changed.clear()
                for event in self._news():
                    yield event
                await asyncio.sleep(SECONDS_BETWEEN_NEWS)
        finally:
            self._look_away()

    def _look(self) -> None:
        for phone in self._phones.values():
            phone.watchers.add(self._changed)
        self._exchange.phones.watchers.add(self._changed)
        if self._follows:
            self._exchange.journal.watchers.add(self._note)

    def _look_away(self) -> None:
        for phone in self._phones.values():
            phone.watchers.discard(self._changed)
        self._exchange.phones.watchers.discard(self._changed)
        self._exchange.journal.watchers.discard(self._note)

    def _note(self, entry: Entry) -> None:
        self._entries[entry.id] = entry
        self._changed.set()

    def _hello(self) -> dict[str, Any]:
        clock = self._exchange.clock
        return {
            "started_at": self._exchange.started_at.isoformat(),
            "now": clock.now().isoformat(),
            "speed": 0 if isinstance(clock, VirtualClock) else self._exchange.config.speed,
            "numbers": list(self._exchange.numbers),
        }

    def _news(self) -> Iterator[bytes]:
        handsets = self._exchange.phones.all()
        if len(handsets) > self._known:
            yield _event("handsets", {"numbers": [phone.number for phone in handsets[max(self._known, 0) :]]})
            self._known = len(handsets)
        for number, phone in self._phones.items():
            state = phone_json(phone, self._exchange.clock)
            footprint = json.dumps(state | {"now": None})
            if self._shown.get(number) != footprint:
                self._shown[number] = footprint
                yield _event("state", state)
        entries, self._entries = self._entries, {}
        for entry in entries.values():
            yield _event("request", entry.as_json())
        verbs = [verb for phone in handsets if (verb := _verb(phone)) is not None]
        if self._follows and verbs != self._verbs:
            self._verbs = verbs
            yield _event("verbs", {"verbs": verbs})


def _verb(phone: Phone) -> dict[str, Any] | None:
    """Say what the call of a handset is doing, and where that was asked for."""
    call = phone.current
    if call is None or call.activity is None:
        return None
    doing = call.activity
    return {"call_sid": call.sid, "name": doing.verb, "request_id": doing.request_id, "index": doing.index}


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
