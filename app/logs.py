"""Log lines: one JSON object each, without secrets and numbers; those of one request, and of one call, bear the same ids.

What is known of the request under way (its id, the SID of the call or message it is about, our own attempt id) is put on each of
its lines, and where its time went on the last one.
"""

import json
import logging
import logging.config
import re
from base64 import b64encode
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from secrets import token_hex
from time import monotonic
from typing import Any
from urllib.parse import quote

HIDDEN = "[secret]"
LONGEST = 64  # characters of an id; Twilio's have 34
# A last net: the application's own lines mask what they name. A number of ten and more digits counts without its plus sign, too,
# but not within a SID or another id.
NUMBER = r"(?:\+|%2[Bb])[ ]?[0-9](?:[-. ()/]{0,2}[0-9]){4,12}([0-9]{2})(?![0-9])|(?<![\w.+%])[0-9]{8,13}([0-9]{2})(?![\w])"
# What the line says already, and what logging keeps for itself.
OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}

_secrets: set[str] = set()
_net = re.compile(NUMBER)
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class Request:
    """What is known of the request under way: `notes` go on each of its lines; `parts` are milliseconds by what took them."""

    __slots__ = ("notes", "parts", "started")

    def __init__(self) -> None:
        self.started = monotonic()
        self.notes = {"request_id": token_hex(8)}
        self.parts: dict[str, float] = {}


_request: ContextVar[Request | None] = ContextVar("request", default=None)


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if under_way := _request.get():
            line.update(under_way.notes)
        for name, value in vars(record).items():
            if name not in OWN:
                line[name] = masked(value) if isinstance(value, str) else value
        if record.exc_info:
            line["trace"] = masked(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = masked(record.stack_info)
        return _encode(line)


# For logging.config.dictConfig, and for gunicorn, whose own lines are to look the same.
CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "app.logs.Lines"}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"level": "INFO", "handlers": ["lines"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["lines"], "propagate": False, "qualname": "gunicorn.error"},
        "gunicorn.access": {"level": "INFO", "handlers": [], "propagate": False, "qualname": "gunicorn.access"},
    },
}


def set_up() -> None:
    """Write all log lines of this process as JSON, to standard error."""
    logging.config.dictConfig(CONFIG)
    logging.captureWarnings(True)


def hide(secrets: Iterable[str]) -> None:
    """Keep these, also as addresses and headers write them, out of all lines of this process from now on."""
    global _net
    for secret in secrets:
        if len(secret) >= 4:
            basic = b64encode(f"operator:{secret}".encode()).decode().rstrip("=")
            _secrets.update((secret, quote(secret), quote(secret, safe=""), basic))
    known = sorted(_secrets, key=lambda secret: (-len(secret), secret))
    _net = re.compile("|".join([*(f"(?:{re.escape(secret)})" for secret in known), NUMBER]))


def masked(text: str) -> str:
    """A text without secrets, and with the last two digits of what looks like a phone number."""
    return _net.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    return f"…{digits}" if digits else HIDDEN


def begin() -> Request:
    """A request begins; what is logged in this thread belongs to it until `end`."""
    request = Request()
    _request.set(request)
    return request


def end() -> None:
    _request.set(None)


def note(**ids: str) -> None:
    """Put these ids on all further lines of the request under way; empty ones say nothing."""
    if request := _request.get():
        for name, value in ids.items():
            if value:
                request.notes[name] = masked(value[:LONGEST])


def spent(part: str, since: float) -> None:
    """Count the time since then (monotonic) as that part's of the request under way."""
    if request := _request.get():
        request.parts[part] = request.parts.get(part, 0.0) + (monotonic() - since) * 1000


def slowest(request: Request) -> dict[str, float]:
    """Milliseconds by part, the slowest first."""
    ordered = sorted(request.parts.items(), key=lambda part: -part[1])
    return {name: round(taken, 1) for name, taken in ordered}
