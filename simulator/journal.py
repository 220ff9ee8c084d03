"""The record of every webhook that was sent, for the inspector."""

import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.advice import advice
from simulator.identifiers import new_sid

KEPT = 1000
MAX_ALERTS = 50


@dataclass
class Alert:
    """What Twilio's debugger would say about one answer: an error ends the document, a warning does not."""

    code: int
    level: str
    text: str
    sid: str = field(default_factory=lambda: new_sid("NO"))


@dataclass
class Entry:
    """One HTTP request of the simulator and what came back; `seconds` are real ones."""

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
    status: int | None = None
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    seconds: float = 0.0
    alerts: list[Alert] = field(default_factory=list)
    fault: str | None = None

    @property
    def error_code(self) -> int | None:
        """The first error's code, or else the first warning's; the schema's 12200 comes after those that say more."""
        ranked = sorted(self.alerts, key=lambda alert: (alert.level != "error", alert.code == 12200))
        return ranked[0].code if ranked else None

    def alert(self, code: int, text: str, level: str = "error") -> None:
        """Add what the debugger would say; a document can be wrong in more places than anybody wants to read."""
        if len(self.alerts) < MAX_ALERTS:
            self.alerts.append(Alert(code, level, text))

    def as_json(self) -> dict[str, Any]:
        """Render for `GET /requests`."""
        fields = {name: value for name, value in vars(self).items() if name not in {"at", "alerts"}}
        return fields | {
            "at": self.at.isoformat(),
            "error_code": self.error_code,
            "alerts": [vars(alert) | {"advice": advice(alert.code)} for alert in self.alerts],
        }


class Journal:
    """The last requests, oldest first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._ids = itertools.count(1)

    def open(self, at: datetime, **fields: Any) -> Entry:
        """Start the record of a request that is about to be sent."""
        entry = Entry(id=next(self._ids), at=at, **fields)
        self._entries.append(entry)
        return entry

    def entries(self, sid: str | None = None) -> list[Entry]:
        """List the requests, all or those of one call or message."""
        return [entry for entry in self._entries if sid is None or entry.sid == sid]
