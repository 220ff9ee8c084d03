"""Webhooks and operator requests of somebody who wants in, against two workers of a real gunicorn: is there a breach?

What counts as one: an answer of 500 and up, or none where HTTP wants one; a page, JSON or TwiML for whoever has no right to it; a
text or number from the database, a secret, a stack trace or an injected header in such an answer; a redirect to another host; a row
in the database that a forged request wrote, or a text that was accepted and is not there exactly once; a worker that died; a
traceback, a number or a secret in the log.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, select

from app import create_app
from app.flow import Flow
from app.models import Base, Message
from app.settings import Settings
from bench.hostile import Attack, Attacker
from bench.load import TOKEN
from bench.payloads import EVIL, FORGED, FORM, VICTIM
from bench.server import PASSWORD, Server, environment, serving

COUNT = 100_000
SENDERS = 24
WORKERS = 2
ANSWERED_WITHIN = 20.0  # seconds
SHOWN = 10  # breaches in full
CANARY, CANARY_NUMBER = "c4narysings", "+15550007788"
SECRETS = (TOKEN, PASSWORD, "a-key-that-signs-nothing")
FLOW = "flows/office.toml"
NOT_HTTP = "Invalid request from ip="  # gunicorn's own line, with what it could not read


@dataclass
class Verdict:
    """What came of it: answers by class of attack and status, and the breaches, each with its request."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    texts: Counter[str] = field(default_factory=Counter)
    duration: float = 0.0


@dataclass(frozen=True)
class Answer:
    """An answer as it came; `leftover` is what came after its end. `status` 0 is none: the connection was closed."""

    status: int
    head: bytes
    body: bytes
    leftover: bytes = b""


def measure(count: int = COUNT, seed: int | None = None) -> int:
    """Run it, print a summary, and return the exit status."""
    seed = time.time_ns() if seed is None else seed
    print(f"{count} requests to {WORKERS} workers, seed {seed}.")
    with TemporaryDirectory() as folder:
        verdict = attack(count, Path(folder) / "server", seed)
    classes = sorted({kind for kind, _ in verdict.answers})
    statuses = sorted({status for _, status in verdict.answers})
    print(
        f"{sum(verdict.answers.values())} sent in {verdict.duration:.0f} s.\n\n{'':18}"
        + "".join(f"{status:>8}" for status in statuses)
    )
    for kind in classes:
        print(f"{kind:18}" + "".join(f"{verdict.answers[kind, status] or '':>8}" for status in statuses))
    print(f"\nBreaches: {len(verdict.breaches)}.")
    for breach in verdict.breaches[:SHOWN]:
        print(f"\nseed {seed}: {breach}")
    return 1 if verdict.breaches else 0


def attack(count: int, folder: Path, seed: int, database_url: str | None = None) -> Verdict:
    """Send so many hostile requests to a server of our own, and judge what it answered, wrote and logged.

    The database is a fresh one of SQLite in `folder`, which is made, or else the one at `database_url`.
    """
    verdict = Verdict()
    more = {"FLOW_FILE": FLOW} | ({"DATABASE_URL": database_url} if database_url else {})
    with serving("wsgi:app", folder, WORKERS, settings=more, is_private=False) as server:
        settings = Settings.load(environment(server.port, server.database, WORKERS) | more, folder / "none")
        app = create_app(settings)
        app.extensions["engine"].dispose()
        attacker = Attacker(Random(seed), server.port, app.url_map, Flow(settings.flow_path), _sign_in(server))
        _plant_canary(attacker, server)
        before = set(server.workers())
        started = time.perf_counter()
        asyncio.run(_send(attacker.attacks(count), server.port, verdict))
        verdict.duration = time.perf_counter() - started
        if set(server.workers()) != before:
            verdict.breaches.append("a worker died")
    verdict.breaches += _written(settings.database_url.get_secret_value(), verdict.texts)
    verdict.breaches += _logged((folder / "log").read_text(errors="replace"))
    return verdict


def judge(attack: Attack, answer: Answer) -> str | None:
    """What is wrong with an answer, in words; None if it is as it should be."""
    status, head, body = answer.status, answer.head, answer.body
    trusted = attack.signed or attack.operator
    if not status:
        return None if attack.broken else "no answer"
    if status >= 500 and not _is_said(attack, answer):
        return "an error of ours"
    if attack.signed and status == 403 and b"bodySHA256" not in attack.request:
        return "a refusal of what Twilio signed"
    if answer.leftover and b"\r\nConnection: close" not in head and not attack.broken:
        return "more than one answer"
    if b"x-injected" in head.lower() or (EVIL.encode() in head and not attack.operator):
        return "a header from outside"
    if b"Traceback" in body or any(secret.encode() in head + body for secret in SECRETS):
        return "a stack trace or a secret"
    if not trusted and (CANARY.encode() in body or CANARY_NUMBER.encode() in body):
        return "what is in the database, for nobody who may see it"
    if not attack.signed and b"<Response" in body:
        return "TwiML for a request that Twilio did not sign"
    if not trusted and not attack.public and status < 300:
        return "an answer for whoever has no right to one"
    if status in (301, 302, 303, 307, 308) and not trusted and b"\r\nlocation: /" not in head.lower():
        return "a redirect to elsewhere"
    return None


def _is_said(attack: Attack, answer: Answer) -> bool:
    """Whether an answer of 500 and up is due: nobody listens where Twilio should be, and some of what is sent is no HTTP."""
    if attack.operator and answer.status == 503:
        return b"Twilio could not be reached" in answer.body or attack.request.startswith(b"HEAD ")
    return attack.broken and answer.status in (501, 505)


async def _send(attacks: Iterator[Attack], port: int, verdict: Verdict) -> None:
    async with asyncio.TaskGroup() as senders:
        for _ in range(SENDERS):
            senders.create_task(_send_from(attacks, port, verdict))


async def _send_from(attacks: Iterator[Attack], port: int, verdict: Verdict) -> None:
    """Send what is left of the attacks, which all senders share, one at a time; a broken one on a connection of its own."""
    kept = _Connection(port)
    for attack in attacks:
        connection = _Connection(port) if attack.broken else kept
        answer = await connection.exchange(attack)
        if not answer.status and not attack.broken:  # the server may end an idle connection just when we use it: not twice
            answer = await connection.exchange(attack)
        if attack.broken or answer.leftover:
            await connection.close()
        verdict.answers[attack.kind, str(answer.status or "closed")] += 1
        if attack.text and answer.status == 200:
            verdict.texts[attack.text] += 1
        if problem := judge(attack, answer):
            shown = f"{attack.request[:1500]!r}\n  answered {answer.head[:300]!r} {answer.body[:300]!r}"
            verdict.breaches.append(f"{attack.kind}: {problem}\n  {shown}")
    await kept.close()


class _Connection:
    """A connection that is kept while the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, attack: Attack) -> Answer:
        """The answer, and what came after it."""
        try:
            async with asyncio.timeout(ANSWERED_WITHIN):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
                reader, writer = self._streams
                writer.write(attack.request)
                if attack.broken:
                    writer.write_eof()
                return await self._read(reader, attack)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            await self.close()
            return Answer(0, b"", b"")

    async def _read(self, reader: asyncio.StreamReader, attack: Attack) -> Answer:
        head = await reader.readuntil(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        if attack.broken:
            return Answer(status, head, await reader.read())
        lines = head.lower().split(b"\r\n")
        length = next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), None)
        if attack.request.startswith(b"HEAD ") or status in (204, 304):
            body = b""
        elif length is not None:
            body = await reader.readexactly(length)
        elif b"transfer-encoding: chunked" in lines:
            body = await _chunks(reader)
        else:
            body = await reader.read()
        leftover = bytes(reader._buffer)  # type: ignore[attr-defined]  # nothing else tells what is there without waiting
        if b"connection: close" in lines:
            await self.close()
        return Answer(status, head, body, leftover)

    async def close(self) -> None:
        streams, self._streams = self._streams, None
        if streams:
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def _once(server: Server, attack: Attack) -> Answer:
    connection = _Connection(server.port)
    try:
        return await connection.exchange(attack)
    finally:
        await connection.close()


def _sign_in(server: Server) -> str:
    """The cookie of the operator's session."""
    body = f"password={PASSWORD}"
    head = f"POST /sign_in HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = asyncio.run(_once(server, Attack("", (head + body).encode(), operator=True)))
    lines = answer.head.decode("latin-1").split("\r\n")
    return next(line.partition(": ")[2].partition(";")[0] for line in lines if line.lower().startswith("set-cookie:"))


def _plant_canary(attacker: Attacker, server: Server) -> None:
    """A text whose words and number nobody but the operator may ever see."""
    body = f"MessageSid=SM{'c' * 32}&From=%2B{CANARY_NUMBER[1:]}&To=%2B15550001111&Body={CANARY}"
    answer = asyncio.run(_once(server, attacker.signed("POST", "/sms_url", body.encode())))
    if answer.status != 200:
        raise RuntimeError(f"The first text was answered with {answer.status}.")


def _written(url: str, texts: Counter[str]) -> list[str]:
    """What stands in the database that should not, and does not that should."""
    engine = create_engine(url)
    with engine.connect() as database:
        rows = [(table.name, str(row)) for table in Base.metadata.sorted_tables for row in database.execute(select(table))]
        kept = Counter(database.scalars(select(Message.sid)))
    engine.dispose()
    wrong = [f"a forged request wrote into {table}: {row[:300]}" for table, row in rows if FORGED in row]
    wrong += [
        f"somebody without a right dialled: {row[:300]}" for table, row in rows if VICTIM in row and table in ("calls", "spendings")
    ]
    return wrong + [f"text {sid} was accepted and stands {kept[sid]} times in the ledger" for sid in texts if kept[sid] != 1]


def _logged(log: str) -> list[str]:
    """What stands in the log that should not, where it stands first."""
    wanted = ("Traceback", CANARY, CANARY_NUMBER[1:], "15550002222", *SECRETS)
    lines = [line for line in log.splitlines() if NOT_HTTP not in line]
    found = {word: next((at for at, line in enumerate(lines) if word in line), None) for word in wanted}
    found["\\nforged"] = next(
        (at for at, line in enumerate(lines) if line.startswith("2026-01-01 00:00:00 ERROR forged line")), None
    )
    return [
        f"the log holds {word}: " + "\n".join(lines[max(0, at - 1) : at + 40])[:3000]
        for word, at in found.items()
        if at is not None
    ]
