"""Steps that only decide: by the hour, by who calls."""

from app.flow import ANONYMOUS
from app.flow.steps import Callers, Hours
from app.switch.numbers import is_anonymous
from app.switch.turns import Answer, Turn, on


@on(Hours)
def hours(turn: Turn[Hours]) -> Answer:
    file = turn.place.file
    state = file.hours[turn.step.hours].state(turn.asked.now, file.time_zone)
    ways = {"open": turn.step.open, "closed": turn.step.closed, "holiday": turn.step.holiday or turn.step.closed}
    return turn.go(ways[state])


@on(Callers)
def callers(turn: Turn[Callers]) -> Answer:
    listed = any(_is(turn.asked.party, each) for each in turn.people(turn.step.numbers))
    return turn.go(turn.step.listed if listed else turn.step.others)


def _is(number: str, listed: str) -> bool:
    if listed == ANONYMOUS:
        return is_anonymous(number)
    return number.startswith(listed[:-1]) if listed.endswith("*") else number == listed
