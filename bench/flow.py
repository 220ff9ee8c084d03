"""What it costs to answer at each step of flows/office.toml, beside the network, the signature and the database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from timeit import repeat
from typing import Any

from app.flow import Flow
from app.flow.steps import Callers, Hours
from app.settings import ROOT
from app.switch import Asked, Switch
from app.switch.turns import ACTS

CONSTANT, FILLED = 50.0, 150.0  # µs: the most that a document may cost that is always the same, and one that is filled in
CALL = {
    "From": "+15550002222",
    "To": "+15550001111",
    "CallSid": "CA00000000000000000000000000000001",
    "Direction": "inbound",
    "Digits": "1",
    "QueuePosition": "3",
    "QueueTime": "30",
    "DialCallStatus": "no-answer",
    "DialBridged": "false",
    "RecordingDuration": "12",
}
ROUNDS, EACH = 7, 500


def measure() -> int:
    """Print a table; returns 1 where a step costs more than it may."""
    switch = Switch(Flow(ROOT / "flows/office.toml"), "https://phone.example.com")
    asked = Asked(
        value=lambda name: CALL.get(name, ""),
        now=datetime(2026, 6, 16, 10, tzinfo=UTC),
        number=CALL["To"],
        may_text=lambda line, number: True,
        may_ring=lambda step, numbers: numbers,
        may_send=lambda step, number, body, own: True,
    )
    other = replace(asked, value=lambda name: CALL.get(name, "") + "7")
    worst = {True: (0.0, ""), False: (0.0, "")}
    print(f"{'':28} {'µs':>6}  document")
    for name, place in switch.flow.places.items():
        for kind, event in ACTS:
            if kind is not type(place.step):
                continue
            step = f"{name}/{event}" if event else name
            answer = switch.answer(name, event, asked).twiml
            decides = isinstance(place.step, Callers | Hours)  # what is answered there is not always the same
            constant = not decides and answer == switch.answer(name, event, other).twiml
            cost = _micros(_asking(switch, name, event, asked))
            worst[constant] = max(worst[constant], (cost, step))
            how = "constant" if constant else "decided" if decides else "filled in"
            print(f"{step:28} {cost:6.1f}  {len(answer):5} characters, {how}")
    print()
    for constant, limit in ((True, CONSTANT), (False, FILLED)):
        cost, step = worst[constant]
        verdict = "within" if cost < limit else "above"
        print(
            f"worst, {'constant' if constant else 'not constant':12}: {cost:5.1f} µs ({step}), {verdict} the limit: {limit:.0f} µs"
        )
    return int(worst[True][0] >= CONSTANT or worst[False][0] >= FILLED)


def _asking(switch: Switch, name: str, event: str, asked: Asked) -> Callable[[], Any]:
    return lambda: switch.answer(name, event, asked)


def _micros(do: Callable[[], object]) -> float:
    return min(repeat(do, number=EACH, repeat=ROUNDS)) / EACH * 1e6
