"""Faults that a tester asks for: what goes wrong, where, and how often, or how probably."""

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from random import Random
from typing import Any

MAX_SECONDS = 86_400.0


@dataclass(frozen=True)
class Kind:
    """What one kind of fault does, in a sentence, and which fields it needs beside match, sid and count."""

    about: str
    fields: tuple[str, ...] = ()


KINDS: dict[str, dict[str, Kind]] = {
    "webhook": {
        "drop": Kind("The request is lost on its way: 11205 after 15 seconds."),
        "timeout": Kind("The application gets the request, its answer is lost: 11205 after 15 seconds."),
        "refuse": Kind("Nobody listens: 11205 at once."),
        "tls": Kind("The encryption cannot be agreed on: 11220."),
        "dns": Kind("The host's name is not found: 11210."),
        "status": Kind("A proxy answers with this HTTP status, and the application never hears of it.", ("status",)),
        "delay": Kind("The request is sent later; a late status callback holds up no other.", ("seconds",)),
        "duplicate": Kind("The request is sent twice; the second answer counts."),
        "reorder": Kind("A status callback waits for the next one of the same call or text, or for the end of all."),
    },
    "message": {
        "undeliver": Kind("A text that was sent ends as undelivered, with this code (30003).", ("code",)),
        "fail": Kind("A text is not sent and ends as failed, with this code (30003).", ("code",)),
    },
    "rest": {
        "refuse": Kind("429, code 20429; nothing was done."),
        "error": Kind("500, code 20500; nothing was done."),
        "status": Kind("This HTTP status; nothing was done.", ("status",)),
        "reset": Kind("The connection breaks instead of an answer; nothing was done."),
        "lost": Kind("It was done, then the connection breaks without an answer."),
        "head": Kind("It was done, then the connection breaks within the headers of the answer."),
        "half": Kind("It was done, then the connection breaks after half of the answer's body."),
        "gateway": Kind("It was done, and a proxy answers with this HTTP status.", ("status",)),
        "delay": Kind("It is done and answered later.", ("seconds",)),
    },
}
ON_THE_WAY = frozenset(KINDS["webhook"]) - {"reorder"}

UNREACHABLE = 30003


@dataclass
class Fault:
    """One kind of failure, still to happen `count` times to requests whose address holds `match` and that are about `sid`.

    One with a `rate` happens until it is forgotten, each time with that probability. `happened` counts.
    """

    id: int
    target: str
    kind: str
    match: str | None
    count: int
    seconds: float
    code: int
    status: int
    sid: str | None
    rate: float
    random: Random
    happened: int = 0

    def fits(self, target: str, address: str, sid: str | None) -> bool:
        """Tell whether this fault is meant for a request."""
        if self.target != target or (self.match is not None and self.match not in address):
            return False
        return self.sid is None or self.sid == sid or (sid is None and self.sid in address)

    def strikes(self) -> bool:
        """Tell whether it happens this time."""
        return self.rate == 0 or self.random.random() < self.rate

    def as_json(self) -> dict[str, Any]:
        """Render what was asked for, and how often it happened."""
        return {name: value for name, value in vars(self).items() if name != "random"}


class Faults:
    """The faults that have not happened yet, in the order they were asked for."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._ids = itertools.count(1)

    def add(
        self,
        target: str,
        kind: str,
        match: str | None = None,
        count: int = 1,
        seconds: float = 0.0,
        code: int = UNREACHABLE,
        status: int = 0,
        sid: str | None = None,
        rate: float = 0.0,
        seed: int = 0,
    ) -> Fault:
        """Ask for a fault; ValueError says what is wrong with it."""
        if target not in KINDS:
            raise ValueError(f"target must be one of {', '.join(KINDS)}")
        if kind not in KINDS[target]:
            raise ValueError(f"kind must be one of {', '.join(KINDS[target])}")
        if count < 1:
            raise ValueError("count must be at least 1")
        if not 0 <= rate <= 1:
            raise ValueError("rate must be a probability, from 0 to 1")
        if not 0 <= seconds <= MAX_SECONDS:
            raise ValueError(f"seconds must be between 0 and {MAX_SECONDS:.0f}")
        needed = KINDS[target][kind].fields
        if "seconds" in needed and seconds == 0:
            raise ValueError("a delay needs seconds")
        if not 10_000 <= code <= 99_999:
            raise ValueError("code must be one of Twilio's, with five digits")
        if "status" in needed and not 400 <= status <= 599:
            raise ValueError("status must be between 400 and 599")
        random = Random(seed)  # noqa: S311 - faults keep no secret
        fault = Fault(next(self._ids), target, kind, match, count, seconds, code, status, sid, rate, random)
        self._pending.append(fault)
        return fault

    def take(self, target: str, address: str, kinds: Collection[str] | None = None, sid: str | None = None) -> Fault | None:
        """Use up one occurrence of the first fault that fits a request's URL or path, and what it is about."""
        for fault in self._pending:
            if fault.fits(target, address, sid) and (kinds is None or fault.kind in kinds) and fault.strikes():
                fault.happened += 1
                if fault.rate:
                    return fault
                fault.count -= 1
                if fault.count == 0:
                    self._pending.remove(fault)
                return fault
        return None

    def take_on_the_way(self, address: str, sid: str) -> Fault | None:
        """Use up what is to happen to one webhook on its way."""
        return self.take("webhook", address, ON_THE_WAY, sid)

    def clear(self) -> None:
        """Forget every fault."""
        self._pending.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Render what is pending."""
        return [fault.as_json() for fault in self._pending]


def kinds_as_json() -> dict[str, dict[str, Any]]:
    """Render the kinds of faults, for a form."""
    return {target: {name: vars(kind) for name, kind in kinds.items()} for target, kinds in KINDS.items()}
