"""Faults that a tester asks for: what goes wrong, where, and how often."""

import itertools
from dataclasses import dataclass
from typing import Any

KINDS = {
    "webhook": ("drop", "delay", "duplicate", "reorder", "refuse"),
    "message": ("undeliver", "fail"),
    "rest": ("refuse", "error", "lost", "delay"),
}

UNREACHABLE = 30003


@dataclass
class Fault:
    """One kind of failure, still to happen `count` times to requests whose address holds `match`."""

    id: int
    target: str
    kind: str
    match: str | None
    count: int
    seconds: float
    code: int = UNREACHABLE


class Faults:
    """The faults that have not happened yet, in the order they were asked for."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._ids = itertools.count(1)

    def add(
        self, target: str, kind: str, match: str | None = None, count: int = 1, seconds: float = 0.0, code: int = UNREACHABLE
    ) -> Fault:
        """Ask for a fault; ValueError says what is wrong with it."""
        if target not in KINDS:
            raise ValueError(f"target must be one of {', '.join(KINDS)}")
        if kind not in KINDS[target]:
            raise ValueError(f"kind must be one of {', '.join(KINDS[target])}")
        if count < 1:
            raise ValueError("count must be at least 1")
        if not 0 <= seconds <= 86_400:
            raise ValueError("seconds must be between 0 and 86400")
        if kind == "delay" and seconds == 0:
            raise ValueError("a delay needs seconds")
        if not 10_000 <= code <= 99_999:
            raise ValueError("code must be one of Twilio's, with five digits")
        fault = Fault(next(self._ids), target, kind, match, count, seconds, code)
        self._pending.append(fault)
        return fault

    def take(self, target: str, address: str, kinds: tuple[str, ...] | None = None) -> Fault | None:
        """Use up one occurrence of the first fault that fits a request's URL or path."""
        for fault in self._pending:
            fits = fault.target == target and (fault.match is None or fault.match in address)
            if fits and (kinds is None or fault.kind in kinds):
                fault.count -= 1
                if fault.count == 0:
                    self._pending.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        self._pending.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Render what is pending."""
        return [dict(vars(fault)) for fault in self._pending]
