"""Whether everything that a flow names is there: steps, people, hours, queues, flows; and what stands where it cannot work."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any

from app.flow import paths
from app.flow.faults import COMPARED, close_to, shown
from app.flow.files import Read, dialable
from app.flow.places import ANONYMOUS, BEGINNING, MAIN, Place, full_name
from app.flow.prompts import Part, fields_in
from app.flow.steps import Callers, Conference, Dial, Edge, Hours, Menu, Queue, Say, Sms, Step, Take, Voicemail
from app.flow.texts import Keyword

RESERVED = {"announcement": "/voice_url/announcement says the announcements of /make_call"}  # as steps of the flow file itself
AT_ONCE = 10  # phones that one Dial rings (https://www.twilio.com/docs/voice/twiml/number)

EVERYWHERE = frozenset({"caller", "line"})
PRESSED = frozenset({"digits", "speech"})
WAITING = frozenset({"position", "wait"})


def flow_files(main: Read) -> Iterator[tuple[str, Path, str]]:
    """The flows that the flow file names: name, path and how the path is shown. What is wrong with them is noted."""
    for name, file in main.file.flows.items():
        path = main.path.parent / file
        try:
            if name == MAIN:
                main.fault("flows", f"no flow may be called `{MAIN}`: that is the flow file itself")
            elif path.is_dir():
                main.fault("flows", f"`{name}` names {shown(file)}, which is a folder")
            elif not path.is_file():
                main.fault("flows", f"`{name}` names the file {shown(file)}, which is missing")
            elif path.samefile(main.path):
                main.fault("flows", f"`{name}` names this file itself; its own steps need no name of a flow")
            else:
                yield name, path, str(Path(main.shown).parent / file)
        except (OSError, ValueError):
            main.fault("flows", f"`{name}` names the file {shown(file)}, which cannot be read")


def files(parts: Mapping[str, Read]) -> None:
    """Note what is wrong with each file by itself, and with the names in it that are no steps."""
    for flow, part in parts.items():
        if flow == MAIN:
            for name, why in RESERVED.items():
                if name in (part.names or ()):
                    part.step_fault(name, f"may not have this name: {why}")
        elif part.file.flows or part.file.numbers:
            part.fault("", "only the flow file itself may have `flows` and `numbers`, not one that it names")
        for number, named in part.file.numbers.items():
            if named != MAIN and named not in part.file.flows:
                known = (MAIN, *part.file.flows)
                part.fault("numbers", f"{number} has the flow `{named}`, which is not there; {close_to(named, known)}")
        for name, step in part.steps.items():
            for sentence in chain(_hours_and_queues(step, part, parts.values()), _phones(step, part), _words(step)):
                part.step_fault(name, sentence)
        _texts(part)


def targets(parts: Mapping[str, Read], places: Mapping[str, Place], starts: Iterable[tuple[str, str]]) -> None:
    """Note the steps that are named and not there, then the ways that cannot work. `starts` are flow and step."""
    ways: dict[str, tuple[Edge, ...]] = {}
    for name, place in places.items():
        ways[name] = tuple(Edge(edge.label, place.target(edge.to), edge.by_itself) for edge in place.step.edges())
        for edge in ways[name]:
            if edge.to not in places and (hint := _unknown(edge.to, place.flow, parts)):
                parts[place.flow].step_fault(_local(name), f"leads to `{edge.to}`, a step that is not there; {hint}")
    for flow, start in starts:
        name = full_name(start, flow)
        if name not in places and parts[flow].names and (hint := _unknown(name, flow, parts)):
            parts[flow].fault("", f"calls begin with the step `{start}`, which is not there; {hint}")
    is_whole = all(part.names is not None and len(part.names) == len(part.steps) for part in parts.values())
    if not is_whole or any(edge.to not in places for edges in ways.values() for edge in edges):
        return  # else what is wrong with one step would be said again of those around it
    begun = [name for flow, start in starts if (name := full_name(start, flow)) in places]
    if len(begun) == len(list(starts)):
        for name, sentence in paths.faults({name: place.step for name, place in places.items()}, ways, begun):
            parts[places[name].flow].step_fault(_local(name), sentence)
    _fields(parts, places, ways)


def _local(name: str) -> str:
    return name.rpartition(".")[2]


def _unknown(name: str, flow: str, parts: Mapping[str, Read]) -> str | None:
    """A hint for a step that is not there; None where it is there but has a fault, or where its flow could not be read."""
    owner, _, step = name.rpartition(".")
    part = parts.get(owner or MAIN)
    if part is None and owner in parts[MAIN].file.flows:
        return None
    if part is not None and (part.names is None or step in part.names or step in map(str.lower, part.names)):
        return None
    known = {full_name(each, of): each for of, part in parts.items() for each in part.names or ()}
    if len(known) < COMPARED and "." not in name.removeprefix(f"{flow}.") and get_close_matches(name, known, 1):
        return close_to(name, known)
    near = {full_name(each, owner or MAIN) for each in (part or parts[flow]).names or ()}
    return close_to(name, near if part else known)


def _hours_and_queues(step: Step, part: Read, parts: Iterable[Read]) -> Iterator[str]:
    if isinstance(step, Hours) and step.hours not in {*part.file.hours, *part.broken}:
        yield f"asks for the hours `{step.hours}`, which are not there; {close_to(step.hours, part.file.hours)}"
    if isinstance(step, Take):
        queues = {each.queue for each_part in parts for each in each_part.steps.values() if isinstance(each, Queue)}
        if step.queue not in queues:
            yield f"takes calls from the queue `{step.queue}`, where no step puts them; {close_to(step.queue, queues)}"


def _phones(step: Step, part: Read) -> Iterator[str]:
    if isinstance(step, Callers):
        for name in step.numbers:
            if name != ANONYMOUS and not BEGINNING.fullmatch(name) and (fault := _not_dialable(name, part)):
                yield f"`numbers` {fault}"
    elif isinstance(step, Sms) and step.to != "caller":
        yield from _not_textable("to", step.to, part)
    elif isinstance(step, Voicemail):
        for name in step.text_to:
            yield from _not_textable("text_to", name, part)
    elif isinstance(step, Dial):
        faults = [fault for name in step.to if (fault := _not_dialable(name, part))]
        yield from (f"`to` {fault}" for fault in faults)
        rung = [[*part.file.people.get(name, (name,))] for name in step.to]
        for number in {number for each in rung for number in each if sum(each.count(number) for each in rung) > 1}:
            yield f"`to` has {number} more than once"
        if sum(map(len, rung)) > AT_ONCE and step.order == "together":
            yield f"`to` has {sum(map(len, rung))} phones, which cannot ring together: Twilio rings at most {AT_ONCE}"


def _not_dialable(name: str, part: Read) -> str | None:
    if name in part.file.people or name in part.broken:
        return None
    if name.startswith(("+", "client:", "(")) or name[:1].isdigit():
        try:
            dialable(name)
        except ValueError as error:
            return str(error)
        return None
    return f"names {shown(name)}, who is not in [people]; {close_to(name, part.file.people)}"


def _not_textable(field: str, name: str, part: Read) -> Iterator[str]:
    if fault := _not_dialable(name, part):
        yield f"`{field}` {fault}"
    elif all(number.startswith("client:") for number in part.file.people.get(name, (name,))):
        yield f"`{field}` names {shown(name)}, who has only a browser phone, which gets no texts"


def _words(step: Step) -> Iterator[str]:
    """A word leads one way."""
    if isinstance(step, Menu):
        ways: dict[str, str] = {}
        for choice in step.choices.values():
            for word in choice.speech:
                if ways.setdefault(word.casefold(), choice.go) != choice.go:
                    yield f"has the word {shown(word)} for `{ways[word.casefold()]}` and for `{choice.go}`; keep one"


def _texts(part: Read) -> None:
    """Persons whom texts go to are there; a word has one answer; fields are those that a text, or a fault, has."""
    words: dict[str, str] = {}
    for place, reply in part.file.texts.replies():
        if reply.forward_to is not None:
            for sentence in _not_textable("forward_to", reply.forward_to, part):
                part.fault(place, sentence)
        for word in reply.exactly if isinstance(reply, Keyword) else ():
            if words.setdefault(word.casefold(), place) != place:
                part.fault(place, f"has the word {shown(word)}, which {words[word.casefold()]} answers already; keep one")
        _only(part, place, "reply", reply.reply, EVERYWHERE)
    _only(part, "texts", "sorry", part.file.texts.sorry, frozenset())
    _only(part, "", "sorry", part.file.sorry, frozenset())
    if part.file.missed:
        _only(part, "missed", "text", part.file.missed.text, EVERYWHERE)
    for field in ("ask", "ask_to_acknowledge", "acknowledged"):
        _only(part, "announcement", field, getattr(part.file.announcement, field), EVERYWHERE)


def _only(part: Read, place: str, field: str, value: object, allowed: frozenset[str]) -> None:
    for sentence in _misplaced(field, value, allowed):
        part.fault(place, sentence)


def _fields(parts: Mapping[str, Read], places: Mapping[str, Place], ways: Mapping[str, tuple[Edge, ...]]) -> None:
    """Note the {fields} that would always be empty where they stand."""
    asking = [
        edge.to for name, edges in ways.items() if isinstance(places[name].step, Menu | Conference | Voicemail) for edge in edges
    ]
    # Those that say nothing of their own, or go on in the same answer: what was pressed before is known behind them.
    same_answer = {
        name: [edge.to for edge in ways[name]] if isinstance(place.step, Say | Hours | Callers) else []
        for name, place in places.items()
    }
    told = paths.reach(asking, same_answer)
    for name, place in places.items():
        for field in type(place.step).model_fields:
            allowed = _allowed(place.step, field, name in told)
            for sentence in _misplaced(field, getattr(place.step, field), allowed):
                parts[place.flow].step_fault(_local(name), sentence)


def _allowed(step: Step, field: str, told: bool) -> frozenset[str]:
    match step, field:
        case Queue(), "waiting":
            return EVERYWHERE | WAITING
        case ((Menu() | Conference()), "wrong"):
            return EVERYWHERE | PRESSED
        case (Dial(), "whisper") | (Menu(), "silent"):
            return EVERYWHERE
        case _:
            return EVERYWHERE | PRESSED if told else EVERYWHERE


def _misplaced(field: str, value: Any, allowed: frozenset[str]) -> Iterator[str]:
    """Each field of a text, or of what is heard, that has no value there."""
    said = [part.say for part in value if isinstance(part, Part) and part.say] if isinstance(value, tuple) else []
    texts = [value] if isinstance(value, str) and field in ("body", "reply", "text", "sorry") else said
    for name in sorted({name for text in texts for name in fields_in(text)} - allowed):
        if name in WAITING:
            yield f"`{field}` has {{{name}}}, which is known only in the `waiting` of a queue"
        elif name in PRESSED and allowed:
            yield f"`{field}` has {{{name}}}, but nothing has been pressed or said by then: only a menu can lead to it"
        elif name in EVERYWHERE:
            yield f"`{field}` has {{{name}}}, which may not be known when something went wrong; leave it out"
        elif name in PRESSED:
            yield f"`{field}` has {{{name}}}, which is not known there"
