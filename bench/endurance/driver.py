"""Who calls and texts: each deed once, to or from a number of its own, never repeated."""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Literal
from urllib.parse import quote

from bench.endurance.place import KIOSK, LINE, SHOP
from bench.server import PASSWORD

Kind = Literal["call out", "text out", "call in", "text in"]
KINDS: tuple[Kind, ...] = ("call out", "text out", "call in", "text in")
THREADS = 24
PATIENCE = 60.0  # seconds that an answer may take
ON_RING = ["answer"] * 5 + ["busy", "machine", "failed"]
PATIENT = ["no-answer", "ring"]  # those that let it ring for a minute
CALLED = [LINE] * 4 + [SHOP, KIOSK]
ON_TEXT = ["receive"] * 5 + ["off", "unknown", "landline", "filtered", "lost"]


@dataclass
class Deed:
    """A call or text to or from a number, what its phone does or which line it calls, and what the driver was answered.

    `answer` is the HTTP status, None where the connection broke; `error` the code in the answer.
    """

    kind: Kind
    number: str
    habit: str
    answer: int | None = None
    sid: str = ""
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the driver was told that it is done, or being done."""
        return self.answer in (200, 201, 202)


def deeds(count: int, random: Random, patient: bool) -> list[Deed]:
    """So many, a quarter of each kind, in any order; some are rung for a minute if there is time for that."""
    habits = {"call out": ON_RING + (PATIENT if patient else []), "text out": ON_TEXT, "call in": CALLED, "text in": [LINE]}
    found = [_deed(KINDS[number % 4], number // 4, random.choice(habits[KINDS[number % 4]])) for number in range(count)]
    random.shuffle(found)
    return found


def _deed(kind: Kind, number: int, habit: str) -> Deed:
    return Deed(kind, f"+1555{KINDS.index(kind) + 1}{number:06}", habit)


class Progress:
    """Whether enough of the deeds were answered since the last time that this was asked, and answered with yes."""

    def __init__(self, all_deeds: list[Deed], enough: int) -> None:
        self._deeds = all_deeds
        self._enough = enough
        self._seen = 0

    def __call__(self) -> bool:
        answered = sum(deed.answer is not None for deed in self._deeds)
        if answered - self._seen < self._enough:
            return False
        self._seen = answered
        return True


def drive(all_deeds: list[Deed], application: int, phones: int, deadline: float) -> list[Deed]:
    """Do them all, many at the same time. Raises TimeoutError at the deadline."""
    queue, lock = iter(all_deeds), threading.Lock()
    threads = [threading.Thread(target=_work, args=(queue, lock, application, phones, deadline)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if time.monotonic() > deadline:
        raise TimeoutError("Not everything was driven in time.")
    return all_deeds


def _work(queue: Iterator[Deed], lock: threading.Lock, application: int, phones: int, deadline: float) -> None:
    us, them = _Line(application), _Line(phones, keep=False)
    while time.monotonic() < deadline:
        with lock:
            deed = next(queue, None)
        if deed is None:
            break
        phone = f"/phones/{quote(deed.number, safe='')}"
        match deed.kind:
            case "call out":
                if deed.habit != "answer":
                    them.post(phone, {"on_ring": deed.habit})
                _note(deed, us.post("/make_call", {"to": deed.number}))
            case "text out":
                if deed.habit != "receive":
                    them.post(phone, {"on_text": deed.habit})
                _note(deed, us.post("/send_sms", {"to": deed.number, "body": f"Ahoy {deed.number[-7:]}"}))
            case "call in":
                _note(deed, them.post(f"{phone}/call", {"to": deed.habit}))
            case "text in":
                _note(deed, them.post(f"{phone}/text", {"to": LINE, "body": f"Ahoy from {deed.number[-7:]}"}))
    us.close()


def _note(deed: Deed, answer: tuple[int, dict[str, object]] | None) -> None:
    if answer is None:
        return
    deed.answer, document = answer
    deed.sid = str(document.get("sid") or "")
    error = document.get("error")
    deed.error = str(error.get("code")) if isinstance(error, dict) else ""


class _Line:
    """A connection, kept alive or not; a request whose answer does not come is never sent again."""

    def __init__(self, port: int, keep: bool = True) -> None:
        self._keep = keep
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        credentials = b64encode(f"operator:{PASSWORD}".encode()).decode()
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": f"Basic {credentials}"}

    def post(self, path: str, body: dict[str, str]) -> tuple[int, dict[str, object]] | None:
        """The status and the document of the answer; None where the connection broke."""
        try:
            self._connection.request("POST", path, json.dumps(body), self._headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self.close()
            return None
        if not self._keep:
            self.close()
        try:
            document = json.loads(content)
        except ValueError:
            document = {}
        return answer.status, document if isinstance(document, dict) else {}

    def close(self) -> None:
        self._connection.close()
