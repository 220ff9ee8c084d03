"""Notifications: what the debugger said about the requests that the simulator made, each by its SID."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from simulator.web.journal import Alert, Entry, Journal

LOG_LEVELS = {"error": "0", "warning": "1"}


@dataclass(frozen=True)
class Notification:
    """One alert with the request that it is about."""

    entry: Entry
    alert: Alert

    @property
    def sid(self) -> str:
        """Its SID: NO…"""
        return self.alert.sid

    @property
    def at(self) -> datetime:
        """When the request was made."""
        return self.entry.at

    @property
    def call_sid(self) -> str | None:
        """The call that it belongs to, if it is one's."""
        return self.entry.sid if self.entry.sid.startswith("CA") else None

    @property
    def log(self) -> str:
        """0 for an error, 1 for a warning."""
        return LOG_LEVELS[self.alert.level]


def list_notifications(journal: Journal, sid: str | None = None) -> list[Notification]:
    """List what was said, the newest first, of everything or of one call or message."""
    entries: Iterable[Entry] = reversed(journal.entries(sid))
    return [Notification(entry, alert) for entry in entries for alert in reversed(entry.alerts)]
