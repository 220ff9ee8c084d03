"""One HTTP/1.1 request over a connection of its own: its exact bytes go out, and no more comes in than is wanted.

Nothing is followed, kept or tried again here. A protocol of asyncio with httptools' parser takes a quarter of the time
that h11 over streams takes, less than a tenth of httpx's. No connection is kept: no answer is lost to one that was just closed.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import certifi
import httptools

from simulator.web.decoding import BadBody, Plain, find_decoder

MAX_HEAD = 64 * 1024
MAX_INTERIM = 10


class NoConnection(Exception):
    """No connection came about; the cause says why."""


class TooSlow(Exception):
    """The server was silent for longer than it may be."""


class BadAnswer(Exception):
    """What came back is no answer in HTTP."""


@dataclass(frozen=True)
class Request:
    """What is asked: the address is absolute and already encoded, and goes out as it is."""

    method: str
    address: str
    headers: list[tuple[str, str]]
    content: bytes = b""


@dataclass
class Answer:
    """What came back; `body` is decoded, and cut off soon after as much as was wanted where it is `too_long`."""

    status: int
    headers: list[tuple[str, str]]
    body: bytearray = field(default_factory=bytearray)
    too_long: bool = False

    def header(self, name: str) -> str:
        """The first value of a header, by its name in lower case; empty where there is none."""
        return next((value for known, value in self.headers if known.lower() == name), "")


class Wire:
    """Makes connections, encrypted ones with the certificates of the system and of certifi."""

    def __init__(self) -> None:
        self._tls: ssl.SSLContext | None = None

    async def ask(self, request: Request, connect: float, silence: float | None, most: int) -> Answer:
        """Send a request and read its answer, of its body about `most` bytes; the times are limits in real seconds.

        Raises NoConnection, TooSlow, BadAnswer, BadBody, OSError, and ValueError for an address that is none.
        """
        parts = urlsplit(request.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("no web address")
        tls = self._context() if parts.scheme == "https" else None
        port = parts.port or (443 if tls else 80)
        content = _written(request, parts)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(connect):
                transport, reading = await loop.create_connection(lambda: _Reading(silence, most), parts.hostname, port, ssl=tls)
        except OSError as error:  # among them those of TLS, of the name's look-up, and the time limit
            raise NoConnection from error
        try:
            transport.write(content)
            return await reading.answer
        finally:
            reading.end()
            transport.abort()

    def _context(self) -> ssl.SSLContext:
        """Load the certificates once they are needed: it takes longer than most calls."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.load_verify_locations(certifi.where())
        return self._tls


def _written(request: Request, parts: SplitResult) -> bytes:
    target = parts.path or "/"
    if "?" in request.address:
        target += "?" + parts.query
    usual = ":443" if parts.scheme == "https" else ":80"
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(usual)
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in request.headers)]
    if request.method == "POST":
        lines.append(f"Content-Length: {len(request.content)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header has more than one line")
    return "\r\n".join([*lines, "", ""]).encode() + request.content


class _Reading(asyncio.Protocol):
    """Reads one answer, past those that are only interim; the parser calls the `on_…` methods."""

    def __init__(self, silence: float | None, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Answer] = self._loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._silence = silence
        self._most = most
        self._headers: list[tuple[str, str]] = []
        self._head = self._interim = self._received = 0
        self._found: Answer | None = None
        self._decoder = Plain()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait."""
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Parse what came, until the answer is there or is known to be none."""
        if self.answer.done():
            return
        self._wait()
        if self._found is None:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(BadAnswer("the protocol was changed"))
        except httptools.HttpParserError as error:
            self._fail(BadAnswer(str(error)))
        if self._found is None and self._head > MAX_HEAD:
            self._fail(BadAnswer("the headers are too long"))

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end for that of the answer where nothing else says how long it is."""
        if error is None and self._found is not None and not _is_delimited(self._found):
            self._finish(self._found)
        else:
            self._fail(error or BadAnswer("the connection was closed before the answer was whole"))
        self.end()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, unless it comes after the body."""
        if self._found is None:
            self._headers.append((_text(name), _text(value)))

    def on_headers_complete(self) -> None:
        """See what kind of answer begins; after the first that is not interim all others are ignored."""
        status = self._parser.get_status_code()
        if self._found is not None or self.answer.done():
            return
        if status < 200:
            self._interim += 1
            self._headers = []
            if self._interim > MAX_INTERIM or status < 100:
                self._fail(BadAnswer("no end of interim answers"))
        elif sum(len(name) + len(value) for name, value in self._headers) > MAX_HEAD:
            self._fail(BadAnswer("the headers are too long"))
        else:
            self._found = Answer(status, self._headers)
            self._decoder = find_decoder(self._found.header("content-encoding"))

    def on_body(self, data: bytes) -> None:
        """Keep as much of the body as is wanted; what decodes to nothing is not endless either."""
        found = self._found
        if found is None or self.answer.done():
            return
        self._received += len(data)
        try:
            found.body += self._decoder.decode(data, self._most + 1 - len(found.body))
        except BadBody as error:
            self._fail(error)
        else:
            if max(len(found.body), self._received) > self._most:
                found.too_long = True
                self.answer.set_result(found)

    def on_message_complete(self) -> None:
        """Hand over the answer, unless it was only interim."""
        if self._found is not None and not self.answer.done():
            self._finish(self._found)

    def end(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self.end()
        if self._silence is not None:
            self._timer = self._loop.call_later(self._silence, self._fail, TooSlow())

    def _finish(self, found: Answer) -> None:
        if self.answer.done():
            return
        try:
            self._decoder.finish()
        except BadBody as error:
            self._fail(error)
        else:
            self.answer.set_result(found)

    def _fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # seen: where the wait was given up, nobody else looks at it


def _is_delimited(answer: Answer) -> bool:
    """Tell whether the headers say where the body ends."""
    return bool(answer.header("content-length")) or answer.header("transfer-encoding").lower().endswith("chunked")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
