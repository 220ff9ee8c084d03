"""The record of every webhook that was sent, for the inspector."""

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.identifiers import new_sid
from simulator.web.advice import advice

MAX_ALERTS = 50
PLAIN = frozenset({"id", "kind", "sid", "method", "url", "fallback", "retry", "status", "error_code", "body", "fault"})


@dataclass
class Alert:
    """What Twilio's debugger would say about one answer: an error ends the document, a warning does not."""

    code: int
    level: str
    text: str
    sid: str = field(default_factory=lambda: new_sid("NO"))


@dataclass
class Entry:
    """One HTTP request of the simulator and what came back.

    `seconds` are real ones; `request_headers` and `content` are what went over the wire; `replay_of` is the request that
    somebody had sent again.
    """

    id: int
    at: datetime
    kind: str
    sid: str
    method: str
    url: str
    params: list[tuple[str, str]]
    signature: str
    fallback: bool = False
    retry: bool = False
    replay_of: int | None = None
    request_headers: list[tuple[str, str]] = field(default_factory=list)
    content: str = ""
    status: int | None = None
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    seconds: float = 0.0
    alerts: list[Alert] = field(default_factory=list)
    fault: str | None = None
    watchers: "set[Watcher]" = field(default_factory=set, repr=False)

    @property
    def error_code(self) -> int | None:
        """The first error's code, or else the first warning's; the schema's 12200 comes after those that say more."""
        ranked = sorted(self.alerts, key=lambda alert: (alert.level != "error", alert.code == 12200))
        return ranked[0].code if ranked else None

    def alert(self, code: int, text: str, level: str = "error") -> None:
        """Add what the debugger would say; a document can be wrong in more places than anybody wants to read."""
        if len(self.alerts) < MAX_ALERTS:
            self.alerts.append(Alert(code, level, text))
            self.touch()

    def touch(self) -> None:
        """Tell those who look that something was added."""
        for watcher in self.watchers:
            watcher(self)

    def as_json(self, wanted: Sequence[str] = ()) -> dict[str, Any]:
        """Render for `GET /requests`: the fields that are wanted and kept as they are, or all."""
        if few := {name: getattr(self, name) for name in wanted if name in PLAIN}:
            return few
        fields = {name: value for name, value in vars(self).items() if name not in {"at", "alerts", "watchers"}}
        return fields | {
            "at": self.at.isoformat(),
            "replay": self.replay_of is not None,
            "error_code": self.error_code,
            "alerts": [vars(alert) | {"advice": advice(alert.code)} for alert in self.alerts],
        }


Watcher = Callable[[Entry], None]


class Journal:
    """The last requests, oldest first; every watcher is told of each that begins, and of each change."""

    def __init__(self, kept: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._ids = itertools.count(1)
        self.watchers: set[Watcher] = set()

    def open(self, at: datetime, **fields: Any) -> Entry:
        """Start the record of a request that is about to be sent."""
        entry = Entry(id=next(self._ids), at=at, watchers=self.watchers, **fields)
        self._entries.append(entry)
        entry.touch()
        return entry

    def entries(self, sid: str | None = None, after: int = 0) -> list[Entry]:
        """List the requests, all or those of one call or message, or only those with a higher number than one."""
        return [entry for entry in self._entries if entry.id > after and (sid is None or entry.sid == sid)]

    def entry(self, number: int) -> Entry | None:
        """Find a request by its number; None where it never was, or is forgotten."""
        return next((entry for entry in self._entries if entry.id == number), None)
