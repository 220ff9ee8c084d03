"""The manual is held to the simulator: no option, fault or verb is missing in it, and none is made up."""

import re
from pathlib import Path

from simulator.__main__ import build_parser
from simulator.phones import HABITS
from simulator.voice.verbs import VERBS
from simulator.web.faults import KINDS

MANUAL = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()


def test_every_option_is_explained() -> None:
    known = {option for action in build_parser({})._actions for option in action.option_strings if option.startswith("--")}
    known -= {"--help", *(f"--{name}-method" for name in ("voice-fallback", "sms-fallback", "status"))}  # "…" in the manual
    table = MANUAL[: MANUAL.index("Each may come from the environment")]
    told = set(re.findall(r"`(--[a-z-]+)`", table))
    assert told == known


def test_every_fault_is_explained() -> None:
    table = MANUAL[MANUAL.index("## Faults") : MANUAL.index("`match` is a part")]
    assert set(re.findall(r"`([a-z]+)`", table)) >= {*KINDS, *(kind for kinds in KINDS.values() for kind in kinds)}


def test_every_verb_and_habit_is_named() -> None:
    assert [verb for verb in VERBS if f"`{verb}`" not in MANUAL] == []
    assert [habit for habit in HABITS if habit not in MANUAL] == []
