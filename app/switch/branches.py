"""Steps that only decide: by the hour, by who calls."""

import re

from app.flow import ANONYMOUS
from app.flow.steps import Callers, Hours
from app.switch.turns import Answer, Turn, on

# What carriers send in place of a number that is withheld (https://help.twilio.com/articles/223179988): words on a keypad, or none.
WITHHELD = ("+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+464")
NUMBER = re.compile(r"\+[0-9]{5,15}|client:.+|sips?:.+")


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


def is_anonymous(number: str) -> bool:
    """Whether a caller withheld the number."""
    return number in WITHHELD or not NUMBER.fullmatch(number)


def _is(number: str, listed: str) -> bool:
    if listed == ANONYMOUS:
        return is_anonymous(number)
    return number.startswith(listed[:-1]) if listed.endswith("*") else number == listed
