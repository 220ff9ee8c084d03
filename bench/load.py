"""Twilio's side: signed messages, made before the clock starts and sent over kept-alive connections."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from urllib.parse import urlencode

from simulator.web.signature import sign

ACCOUNT = "AC" + "1" * 32
TOKEN = "key-of-the-bench"
CONNECTIONS = 16
LIMIT = 30.0  # seconds that one load may take


@dataclass(frozen=True)
class Message:
    """A text message and the request that brings it."""

    sid: str
    request: bytes


@dataclass
class Outcome:
    """What came of a load: times in seconds, SIDs that got a 200, other statuses, connections that broke."""

    duration: float = 0.0
    latencies: list[float] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    broken: int = 0


def signed_messages(port: int, count: int, token: str = TOKEN) -> list[Message]:
    """So many different messages, as Twilio sends them, to the `/sms_url` of a port."""
    return [_signed_message(f"127.0.0.1:{port}", token) for _ in range(count)]


def _signed_message(host: str, token: str) -> Message:
    sid = "SM" + token_hex(16)
    params = {
        "ToCountry": "US", "ToState": "CA", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "94514",
        "SmsSid": sid, "FromState": "CA", "SmsStatus": "received", "FromCity": "BRENTWOOD", "Body": "Ahoy there",
        "FromCountry": "US", "To": "+15550001111", "ToZip": "", "NumSegments": "1", "ReferralNumMedia": "0",
        "MessageSid": sid, "AccountSid": ACCOUNT, "From": "+15550002222", "ApiVersion": "2010-04-01",
    }  # fmt: skip
    body = urlencode(params)
    headers = [
        "POST /sms_url HTTP/1.1",
        f"Host: {host}",
        "User-Agent: TwilioProxy/1.1",
        "Accept: */*",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        f"Content-Length: {len(body)}",
        f"X-Twilio-Signature: {sign(token, f'http://{host}/sms_url', params.items())}",
    ]
    return Message(sid, "\r\n".join([*headers, "", body]).encode())


def send(port: int, messages: list[Message], retry: bool = False, limit: float = LIMIT) -> Outcome:
    """Send them over 16 connections, each with one request at a time.

    With `retry`, a message whose connection breaks is sent again, as often as it takes: Twilio cannot know whether it arrived.
    Raises TimeoutError after `limit` seconds, and without `retry` an ExceptionGroup when a connection breaks.
    """
    return asyncio.run(_send(port, messages, retry, limit))


async def _send(port: int, messages: list[Message], retry: bool, limit: float) -> Outcome:
    outcome, queue = Outcome(), iter(messages)
    started = time.perf_counter()
    async with asyncio.timeout(limit), asyncio.TaskGroup() as senders:
        for _ in range(CONNECTIONS):
            senders.create_task(_send_from(queue, _Connection(port), outcome, retry))
    outcome.duration = time.perf_counter() - started
    return outcome


async def _send_from(queue: Iterator[Message], connection: "_Connection", outcome: Outcome, retry: bool) -> None:
    """Send what the queue, which all senders share, still holds."""
    try:
        for message in queue:
            started = time.perf_counter()
            while (status := await connection.exchange(message.request)) is None:
                outcome.broken += 1
                if not retry:
                    raise ConnectionError("The server closed a connection without an answer.")
            outcome.latencies.append(time.perf_counter() - started)
            if status == 200:
                outcome.accepted.append(message.sid)
            else:
                outcome.refused[status] += 1
    finally:
        connection.close()


class _Connection:
    """A connection that is kept alive, and made again once it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    async def exchange(self, request: bytes) -> int | None:
        """The status of the answer, once it is read to its end; None if the connection broke before that."""
        loop = asyncio.get_running_loop()
        try:
            if self._socket is None:
                self._socket = socket.socket()
                self._socket.setblocking(False)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(self._socket, ("127.0.0.1", self._port))
            await loop.sock_sendall(self._socket, request)
            answer = b""
            while not _is_whole(answer):
                if not (part := await loop.sock_recv(self._socket, 65536)):
                    raise ConnectionError
                answer += part
        except ConnectionError:
            self.close()
            return None
        if b"\r\nconnection: close" in answer.lower():
            self.close()
        return int(answer[9:12])

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    _, _, length = head.lower().partition(b"\r\ncontent-length: ")  # all four programs' answers have one
    return len(body) >= int(length.split(b"\r\n")[0])
