"""The requests that were made for a call, as the REST API shows them.

Names and shapes: https://www.twilio.com/docs/voice/api/call-event-resource
"""

import re
from dataclasses import dataclass
from typing import Any

from simulator.web.journal import Entry
from simulator.web.parameters import rfc2822


@dataclass(frozen=True)
class Event:
    """One request of a call."""

    entry: Entry

    @property
    def sid(self) -> str:
        """What tells it from others in a list."""
        return str(self.entry.id)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def render_event(event: Event) -> dict[str, Any]:
    """Render a request with its answer; the time taken is in milliseconds."""
    entry = event.entry
    headers = {name.lower(): value for name, value in entry.response_headers}
    return {
        "request": {
            "method": entry.method,
            "url": entry.url,
            "parameters": {_snake_case(name): value for name, value in entry.params},
        },
        "response": {
            "response_code": entry.status,
            "request_duration": round(entry.seconds * 1000),
            "content_type": headers.get("content-type"),
            "response_body": entry.body,
            "date_created": rfc2822(entry.at),
        },
    }
