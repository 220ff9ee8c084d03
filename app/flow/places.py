"""Where a step stands: its full name, in the flow file itself or in a flow that the file names."""

import re
from dataclasses import dataclass

from app.flow.files import FlowFile
from app.flow.steps import Step

ANONYMOUS = "anonymous"
BEGINNING = re.compile(r"\+[0-9]{1,14}\*")  # "+1900*"
MAIN = "main"  # the name of the flow file itself, for steps of the flows that it names: main.menu


@dataclass(frozen=True)
class Place:
    """A step where it stands: its full name ("menu", or "sales.menu" in a flow that the file names), and its file."""

    name: str
    step: Step
    file: FlowFile
    flow: str

    def target(self, name: str) -> str:
        """The full name of a step that is named here."""
        return full_name(name, self.flow)


def full_name(name: str, flow: str) -> str:
    """What the step is called from outside that a flow names so."""
    if "." in name:
        return name.removeprefix(f"{MAIN}.")
    return name if flow == MAIN else f"{flow}.{name}"
