"""What goes wrong, and how probably: target and kind as in docs/simulator.md."""

from typing import Any

LATE = 6.0  # simulated seconds
TOO_LATE = 11.0  # real seconds; the application waits ten

FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("webhook", "duplicate", {"rate": 0.04}),
    ("webhook", "drop", {"rate": 0.03}),
    ("webhook", "timeout", {"rate": 0.02}),
    ("webhook", "delay", {"rate": 0.03, "seconds": LATE}),
    ("webhook", "reorder", {"rate": 0.04}),
    ("webhook", "refuse", {"rate": 0.01}),
    ("webhook", "status", {"rate": 0.01, "status": 502}),
    ("rest", "refuse", {"rate": 0.02}),
    ("rest", "error", {"rate": 0.01}),
    ("rest", "status", {"rate": 0.01, "status": 503}),
    ("rest", "reset", {"rate": 0.01}),
    ("rest", "lost", {"rate": 0.01}),
    ("rest", "head", {"rate": 0.01}),
    ("rest", "half", {"rate": 0.01}),
    ("rest", "gateway", {"rate": 0.01, "status": 502}),
    ("rest", "delay", {"rate": 0.02, "seconds": LATE}),
    ("message", "undeliver", {"rate": 0.03}),
    ("message", "fail", {"rate": 0.03}),
]


def faults(speed: float) -> list[tuple[str, str, dict[str, Any]]]:
    """All of them, where the simulator's clock runs so fast."""
    return [*FAULTS, ("rest", "delay", {"rate": 0.001, "seconds": TOO_LATE * speed})]
