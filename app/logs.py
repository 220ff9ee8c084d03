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
from functools import lru_cache
from secrets import token_hex
from time import monotonic
from typing import Any
from urllib.parse import quote

HIDDEN = "[secret]"
LONGEST = 64  # characters of an id; Twilio's have 34
# A last net: the application's own lines mask what they name. Without its plus sign, a number counts if it has ten and more digits
# in a row, is written as in North America or with a leading 0, or has its country's code and parts; not within a SID or another id,
# a date or an address.
WRITTEN = (
    r"(?:1[-. ])?\(?[2-9][0-9]{2}\)?[-. ]{1,2}[0-9]{3}[-. ][0-9]{2}",
    r"\(?0(?![0-9][./-][0-9]{2}[./-][0-9]{4})[0-9]{1,5}\)?(?=[-. /])(?:[-. /]{0,2}[0-9]){5,10}",
    r"[1-9][0-9]{0,2}(?=(?:[ -]?[0-9]){7,14}(?![ -]?[0-9]))[ -][0-9]{2,4}(?:[ -][0-9]{2,5}){0,3}[ -][0-9]{0,3}",
)
NUMBER = (
    r"(?:\+|%2[Bb])[ ]?[0-9](?:[-. ()/]{0,2}[0-9]){4,12}([0-9]{2})(?![0-9])|(?<![\w.+%])[0-9]{8,13}([0-9]{2})(?![\w])"
    rf"|(?<![\w.:/+%-])(?=[0-9(])(?:{'|'.join(WRITTEN)})([0-9]{{2}})(?!\w|[-.:/][0-9])"
)

# Letters at which some readers begin a new line, and that JSON leaves as they are.
BREAKS = {ord(letter): f"\\u{ord(letter):04x}" for letter in "\x85\u2028\u2029"}

_secrets: tuple[str, ...] = ()
_number = re.compile(NUMBER)
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, default=str).encode


class Request:
    """What is known of the request under way: `notes` go on each of its lines; `parts` are milliseconds by what took them."""

    __slots__ = ("notes", "parts", "started")

    def __init__(self) -> None:
        self.started = monotonic()
        self.notes = {"request_id": token_hex(8)}
        self.parts: dict[str, float] = {}


_request: ContextVar[Request | None] = ContextVar("request", default=None)


class Lines(logging.Formatter):
    """A record as one line of JSON; `extra={"fields": {…}}` adds figures and names to it, nothing that came from outside."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if under_way := _request.get():
            line.update(under_way.notes)
        if fields := getattr(record, "fields", None):
            line.update(fields)
        if record.exc_info:
            line["trace"] = masked(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = masked(record.stack_info)
        written = _encode(line)
        return written if written.isascii() else written.translate(BREAKS)


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
    # No line says where in the code it was written, nor by which thread: to find that out costs more than to write it
    # (https://docs.python.org/3/howto/logging.html#optimization).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.captureWarnings(True)


def hide(secrets: Iterable[str]) -> None:
    """Keep these, also as addresses and headers write them, out of all lines of this process from now on."""
    global _secrets
    known = set(_secrets)
    for secret in secrets:
        if len(secret) >= 4:
            basic = b64encode(f"operator:{secret}".encode()).decode().rstrip("=")
            known.update((secret, quote(secret), quote(secret, safe=""), basic))
    _secrets = tuple(sorted(known, key=lambda secret: (-len(secret), secret)))
    masked.cache_clear()


@lru_cache(maxsize=512)  # most messages are always the same
def masked(text: str) -> str:
    """A text without secrets, and with the last two digits of what looks like a phone number."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return _number.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    return f"…{found[1] or found[2] or found[3]}"


def begin() -> Request:
    """A request begins, or a round of a job; what is logged in this thread belongs to it until `end`."""
    request = Request()
    _request.set(request)
    return request


def turn_to(**ids: str | None) -> None:
    """What is logged from now on is about these, and no more about what the round under way dealt with before."""
    if request := _request.get():
        request.notes = {"request_id": request.notes["request_id"]}
    note(**{name: value or "" for name, value in ids.items()})


def end() -> None:
    _request.set(None)


def note(**ids: str) -> None:
    """Put these ids on all further lines of the request under way; empty ones say nothing."""
    if request := _request.get():
        for name, value in ids.items():
            if value:
                request.notes[name] = value[:LONGEST] if value.isalnum() and not value.isdigit() else masked(value[:LONGEST])


def spent(part: str, since: float) -> None:
    """Count the time since then (monotonic) as that part's of the request under way."""
    if request := _request.get():
        request.parts[part] = request.parts.get(part, 0.0) + (monotonic() - since) * 1000


def slowest(request: Request) -> dict[str, float]:
    """Milliseconds by part, the slowest first."""
    ordered = sorted(request.parts.items(), key=lambda part: -part[1])
    return {name: round(taken, 1) for name, taken in ordered}
