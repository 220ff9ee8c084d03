"""The shape of the grammar's entries: what an element may hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from simulator.twiml.values import Kind, anything

SCHEMA = 12200

Rule = tuple[Kind, int]
Clash = Callable[[Mapping[str, str], str], tuple[int, str] | None]


@dataclass(frozen=True, eq=False)
class Element:
    """What one element may hold; `misplaced` is the code for a child that does not belong, `spoken` says that the
    text of all elements in it is said, `free` that nothing in it is looked at; `clash` gives a code, and what is wrong,
    where values and text are right one by one but not together."""

    attributes: Mapping[str, Rule] = field(default_factory=dict)
    children: Mapping[str, "Element"] = field(default_factory=dict)
    text: bool = False
    spoken: bool = False
    free: bool = False
    misplaced: int = SCHEMA
    clash: Clash | None = None


def names(text: str) -> dict[str, Rule]:
    """Make attributes that may hold anything."""
    return dict.fromkeys(text.split(), (anything, SCHEMA))


PARAMETER = Element(names("name value"))
