"""The flow: what callers and texters meet, said in one TOML file and the files that it names. Read once, then never changed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from app.flow import paths
from app.flow.faults import FlowError, close_to
from app.flow.files import FlowFile, Read, dialable
from app.flow.prompts import CLIPS, PICTURES, Part
from app.flow.steps import Callers, Conference, Dial, Edge, Hours, Queue, Sms, Step, Take, Voicemail

__all__ = ["ANONYMOUS", "Flow", "FlowError", "Place"]

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


class Flow:
    """A flow that can be used: all its steps by full name. Raises FlowError, naming every fault, where it cannot."""

    def __init__(self, path: Path, shown: str | None = None) -> None:
        main = Read(path, shown or str(path))
        self._parts = {MAIN: main}
        for name, file in main.file.flows.items():
            self._parts[name] = Read(path.parent / file, str(Path(main.shown).parent / file))
        self.file = main.file
        self.places: Mapping[str, Place] = {
            full_name(step_name, flow): Place(full_name(step_name, flow), step, part.file, flow)
            for flow, part in self._parts.items()
            for step_name, step in part.steps.items()
        }
        self._files: dict[str, tuple[str, Path, str]] = {}  # what a flow calls a file -> its public name, place, media type
        self._check()
        if faults := [fault for part in self._parts.values() for fault in part.faults]:
            raise FlowError(faults)

    def start_for(self, number: str) -> str:
        """The full name of the step where calls to that number of ours begin."""
        flow = self.name_for(number)
        return full_name(self._parts[flow].file.start, flow)

    def name_for(self, number: str) -> str:
        """The name of the flow that belongs to that number of ours."""
        return self.file.numbers.get(number, MAIN)

    def file_for(self, number: str) -> FlowFile:
        """The flow that belongs to that number of ours."""
        return self._parts[self.name_for(number)].file

    @cached_property
    def entries(self) -> frozenset[str]:
        """The full names of the steps where placed calls may begin."""
        return frozenset(self._starts())

    @cached_property
    def published(self) -> dict[str, tuple[Path, str]]:
        """The clips and pictures that Twilio may fetch, by their public names, with their media types."""
        return {name: (path, media_type) for name, path, media_type in self._files.values()}

    def public_name(self, file: str, flow: str) -> str:
        """The public name of a clip or picture that a flow names: it changes with the content, for Twilio keeps what it fetched."""
        return self._files[f"{flow}/{file}"][0]

    def people(self, names: tuple[str, ...], flow: str) -> tuple[str, ...]:
        """What to dial for each of the names or numbers that a flow names."""
        known = self._parts[flow].file.people
        return tuple(number for name in names for number in known.get(name, (name,)))

    def _starts(self) -> Iterator[str]:
        for flow, part in self._parts.items():
            yield from (full_name(name, flow) for name in (part.file.start, *part.file.placed))

    def _check(self) -> None:
        for flow, part in self._parts.items():
            _check_file(part, flow, self._parts)
            self._publish(part, flow)
        if any(part.faults for part in self._parts.values()):
            return  # else what is wrong with one step would be said again of those around it
        ways = {
            name: tuple(Edge(edge.label, place.target(edge.to), edge.by_itself) for edge in place.step.edges())
            for name, place in self.places.items()
        }
        for name, edges in ways.items():
            for edge in edges:
                if edge.to not in self.places:
                    known = close_to(edge.to, self.places)
                    self._parts[self.places[name].flow].fault(
                        f"step {_local(name)}", f"leads to `{edge.to}`, a step that is not there; {known}"
                    )
        for flow, part in self._parts.items():
            for start in (part.file.start, *part.file.placed):
                if full_name(start, flow) not in self.places:
                    part.fault("", f"calls begin with the step `{start}`, which is not there; {close_to(start, part.steps)}")
        if not any(part.faults for part in self._parts.values()):
            for name, sentence in paths.faults({name: place.step for name, place in self.places.items()}, ways, self._starts()):
                self._parts[self.places[name].flow].fault(f"step {_local(name)}", sentence)

    def _publish(self, part: Read, flow: str) -> None:
        """Note each file that Twilio is to fetch, under a name that nobody guesses and that changes with its content."""
        for place, name, kinds in _named_files(part):
            path = part.path.parent / name
            if "://" in name:
                continue
            try:
                digest = sha256(path.read_bytes()).hexdigest()[:20]
            except OSError:
                part.fault(place, f"names the file {name!r}, which is missing: there is no {path.name} in {path.parent}")
                continue
            self._files[f"{flow}/{name}"] = (f"{digest}{path.suffix.lower()}", path, kinds[path.suffix.lower()])


def _local(name: str) -> str:
    return name.rpartition(".")[2]


def _check_file(part: Read, flow: str, parts: Mapping[str, Read]) -> None:
    """Everything that a file names, except steps, is there."""
    file = part.file
    if flow != MAIN and (file.flows or file.numbers):
        part.fault("", "only the flow file itself may have `flows` and `numbers`, not one that it names")
    if MAIN in file.flows:
        part.fault("", f"no flow may be called `{MAIN}`: that is the flow file itself")
    for number, named in file.numbers.items():
        if named not in parts:
            part.fault("", f"the number {number} has the flow `{named}`, which is not there; {close_to(named, parts)}")
    queues = {step.queue for each in parts.values() for step in each.steps.values() if isinstance(step, Queue)}
    for name, step in part.steps.items():
        for sentence in _unknown_names(step, file, queues):
            part.fault(f"step {name}", sentence)
    for place, reply in file.texts.replies():
        if reply.forward_to is not None and (fault := _not_dialable(reply.forward_to, file)):
            part.fault(place, f"`forward_to` {fault}")


def _unknown_names(step: Step, file: FlowFile, queues: set[str]) -> Iterator[str]:
    if isinstance(step, Hours) and step.hours not in file.hours:
        yield f"asks for the hours `{step.hours}`, which are not there; {close_to(step.hours, file.hours)}"
    if isinstance(step, Take) and step.queue not in queues:
        yield f"takes calls from the queue `{step.queue}`, where no step puts them; {close_to(step.queue, queues)}"
    named = {
        "to": step.to if isinstance(step, Dial) else (step.to,) if isinstance(step, Sms) and step.to != "caller" else (),
        "text_to": step.text_to if isinstance(step, Voicemail) else (),
        "numbers": step.numbers if isinstance(step, Callers) else (),
    }
    for field, names in named.items():
        for name in names:
            listed = field == "numbers" and (name == ANONYMOUS or BEGINNING.fullmatch(name))
            if not listed and (fault := _not_dialable(name, file)):
                yield f"`{field}` {fault}"


def _not_dialable(name: str, file: FlowFile) -> str | None:
    if name in file.people:
        return None
    if name.startswith(("+", "client:")) or any(letter.isdigit() for letter in name[:1]):
        try:
            dialable(name)
        except ValueError as error:
            return str(error)
        return None
    return f"names `{name}`, who is not in [people]; {close_to(name, file.people)}"


def _named_files(part: Read) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Each clip and picture that a file names: where it is named, its name, and the kinds of files that may stand there."""
    for name, step in part.steps.items():
        for value in (getattr(step, field) for field in type(step).model_fields):
            for item in value if isinstance(value, tuple) else ():
                if isinstance(item, Part) and item.play:
                    yield f"step {name}", item.play, CLIPS
        if isinstance(step, Conference) and step.music:
            yield f"step {name}", step.music, CLIPS
    for field in ("ask", "ask_to_acknowledge", "acknowledged"):
        for item in getattr(part.file.announcement, field):
            if item.play:
                yield f"announcement.{field}", item.play, CLIPS
    for place, reply in part.file.texts.replies():
        for picture in reply.pictures:
            yield place, picture, PICTURES
