"""What a request may hold that Werkzeug falls over: it is the sender's fault, and never an error of ours."""

from typing import Protocol

from flask import Flask, request
from werkzeug.http import parse_date

DATES = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE")


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class Chunks:
    """A body in chunks, as the server reads it; where they are none, the server's own error becomes one that means 400."""

    def __init__(self, body: Readable) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        try:
            return self._body.read(size)
        except Exception as fault:
            raise OSError("no right chunks") from fault


def init_app(app: Flask) -> None:
    """Look at each request before its guard does."""
    app.before_request(mend)


def mend() -> None:
    """Take away what cannot be read. A date that nobody can reckon with counts as none (RFC 9110, 13.1.3)."""
    environ = request.environ
    if "HTTP_TRANSFER_ENCODING" in environ:
        environ["wsgi.input"] = Chunks(environ["wsgi.input"])
    for name in DATES:
        if name in environ:
            try:
                parse_date(environ[name])
            except OverflowError:
                del environ[name]
