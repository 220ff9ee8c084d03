"""Many phones at once, and the application that answers them: both on this side of the loopback, in one process.

The application knows when each webhook is due, as it said so itself: an answer that pauses for a second and then asks for
the next document makes that document due one second after the answer was written. What arrives later was late.
"""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qs

PAUSE = 1.0  # seconds, as in the answers
GOES_ON = b'<Response><Pause length="1"/><Redirect>/voice</Redirect></Response>'
ENDS = b"<Response><Hangup/></Response>"
LIMIT = 120.0  # seconds that all calls may take


@dataclass
class Outcome:
    """What came of the calls: times in seconds; `late` for webhooks after the first, `first` from asking for the call."""

    late: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    ended: int = 0
    refused: int = 0


class Application:
    """Answers each call's webhooks until it had so many, and notes how late each was."""

    def __init__(self, webhooks: int) -> None:
        self._webhooks = webhooks
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._due: dict[str, float] = {}
        self.started: dict[str, float] = {}
        self.outcome = Outcome()
        self.all_ended = asyncio.Event()
        self.expected = 0

    def answer(self, path: str, body: bytes) -> bytes:
        """Answer one webhook with a document, or with nothing where a call has ended."""
        now = time.perf_counter()
        fields = parse_qs(body.decode(), keep_blank_values=True)
        sid = fields["CallSid"][0]
        if path == "/status":
            self.outcome.ended += 1
            if self.outcome.ended >= self.expected:
                self.all_ended.set()
            return b""
        if sid in self._due:
            self.outcome.late.append(now - self._due[sid])
        else:
            self.outcome.first.append(now - self.started.get(fields["From"][0], now))
        self._asked[sid] += 1
        if self._asked[sid] == self._webhooks:
            return ENDS
        self._due[sid] = now + PAUSE
        return GOES_ON

    async def serve(self) -> asyncio.Server:
        """Listen on a free port of the loopback."""
        return await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=2048)


class _Connection(asyncio.Protocol):
    """One request after the other, each with a Content-Length: as little work as an answer can be."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._heard = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - what a stream's transport is
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not end or len(body) < length:
            return
        self._heard = b""
        answer = self._application.answer(head.split(b" ", 2)[1].decode(), body)
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


async def call_in(port: int, application: Application, calls: int, spread: float, line: str) -> None:
    """Call from so many phones, evenly spread over some seconds, and wait until every call has ended."""
    application.expected = calls
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as phones:
        for number in range(calls):
            phones.create_task(_call(port, application, f"+1555{number + 1_000_000:07}", spread * number / calls, line))
        await application.all_ended.wait()


async def _call(port: int, application: Application, phone: str, wait: float, line: str) -> None:
    await asyncio.sleep(wait)
    application.started[phone] = begun = time.perf_counter()
    body = f'{{"to": "{line}"}}'
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /phones/{phone}/call HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    )
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    status = (await reader.read()).split(b" ", 2)[1:2]
    writer.close()
    application.outcome.accepted.append(time.perf_counter() - begun)
    if status != [b"201"]:
        application.outcome.refused += 1
        application.outcome.ended += 1
