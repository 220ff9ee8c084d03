"""The flow: what callers and texters meet, said in one TOML file and the files that it names. Read once, then never changed."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from app.flow import check
from app.flow.faults import Faults, FlowError
from app.flow.files import FlowFile, Read
from app.flow.places import ANONYMOUS, MAIN, Place, full_name
from app.flow.published import PublicFile, publish

__all__ = ["ANONYMOUS", "MAIN", "Flow", "FlowError", "Place"]


class Flow:
    """A flow that can be used: all its steps by full name. Raises FlowError, naming every fault, where it cannot."""

    def __init__(self, path: Path, shown: str | None = None) -> None:
        faults = Faults()
        main = Read(path, shown or str(path), faults)
        self._parts = {MAIN: main}
        for name, sub, sub_shown in check.flow_files(main):
            self._parts[name] = Read(sub, sub_shown, faults)
        self.file = main.file
        self.places: Mapping[str, Place] = {
            full_name(step_name, flow): Place(full_name(step_name, flow), step, part.file, flow)
            for flow, part in self._parts.items()
            for step_name, step in part.steps.items()
        }
        check.files(self._parts)
        self._files = {flow: publish(part) for flow, part in self._parts.items()}
        check.targets(self._parts, self.places, self._starts)
        if faults:
            raise FlowError(faults)

    def start_for(self, number: str) -> str:
        """The full name of the step where calls to that number of ours begin."""
        return self.start_of(self.name_for(number))

    def start_of(self, flow: str) -> str:
        """The full name of the step where calls to that flow begin."""
        return full_name(self._parts[flow].file.start, flow)

    def name_for(self, number: str) -> str:
        """The name of the flow that belongs to that number of ours."""
        return self.file.numbers.get(number, MAIN)

    def file_for(self, number: str) -> FlowFile:
        """The flow that belongs to that number of ours."""
        return self._parts[self.name_for(number)].file

    @property
    def files(self) -> Mapping[str, FlowFile]:
        """The flow file itself (`main`), and those that it names."""
        return {name: part.file for name, part in self._parts.items()}

    @cached_property
    def entries(self) -> frozenset[str]:
        """The full names of the steps where placed calls may begin."""
        return frozenset(full_name(name, flow) for flow, name in self._starts)

    @cached_property
    def published(self) -> dict[str, PublicFile]:
        """The clips and pictures that Twilio may fetch, by their public names."""
        return {file.name: file for files in self._files.values() for file in files.values()}

    def public_name(self, file: str, flow: str) -> str:
        """The public name of a clip or picture that a flow names: it changes with the content, for Twilio keeps what it fetched."""
        return self._files[flow][file].name

    def people(self, names: tuple[str, ...], flow: str) -> tuple[str, ...]:
        """What to dial for each of the names or numbers that a flow names."""
        known = self._parts[flow].file.people
        return tuple(number for name in names for number in known.get(name, (name,)))

    def texted(self, name: str, flow: str) -> str:
        """The number that gets the texts to somebody whom a flow names: the first one that is no browser phone."""
        return next(number for number in self.people((name,), flow) if not number.startswith("client:"))

    def answering(self, flow: str) -> frozenset[str]:
        """The numbers of those who answer texts that the flow forwards."""
        return self._answering[flow]

    @cached_property
    def _answering(self) -> dict[str, frozenset[str]]:
        return {
            flow: frozenset(self.texted(reply.forward_to, flow) for _, reply in part.file.texts.replies() if reply.forward_to)
            for flow, part in self._parts.items()
        }

    @property
    def _starts(self) -> list[tuple[str, str]]:
        """Flow and step wherever a call may begin."""
        return [(flow, name) for flow, part in self._parts.items() for name in (part.file.start, *part.file.placed)]
