"""One flow file: its tables, read and validated."""

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError

from app import phone
from app.errors import InvalidNumber
from app.flow.faults import NAMES, Faults, close_to, sentences, shown
from app.flow.hours import OpeningHours, TimeZone
from app.flow.names import NAME, Name, Target, one_or_more
from app.flow.prompts import Language, Model, Prompt, Voice, writable
from app.flow.slips import explained
from app.flow.steps import KINDS, Step
from app.flow.texts import Announcement, Missed, Texts

CLIENT = re.compile(r"client:[A-Za-z0-9_]{1,121}")  # an identity as access tokens allow it
SORRY = "We are sorry, something went wrong. Please call again later."
NAMING = ("people", "hours")  # tables whose names steps name
LARGEST = 10_000_000  # bytes of a flow file; an office's has thousands


def dialable(text: str) -> str:
    """A number with its country (E.164), or a browser phone (client:name); ValueError otherwise."""
    if text.startswith("client:"):
        if not CLIENT.fullmatch(text):
            raise ValueError(f"has {shown(text)}; a browser phone is client: and up to 121 letters, digits or _")
        return text
    try:
        meant = phone.parse("+" + text[2:] if text.startswith("00") else text).e164
    except InvalidNumber:
        how = "write it with its country and without spaces: '+15550002222'"
        raise ValueError(f"has {shown(text)}, which is no phone number; {how}") from None
    if meant != text:
        raise ValueError(f"has {shown(text)}; write that number as '{meant}'")
    return text


Dialable = Annotated[str, AfterValidator(dialable)]
Starts = Annotated[tuple[Target, ...], BeforeValidator(one_or_more)]


class FlowFile(Model):
    """A flow file but for its steps: how it speaks, who its people are, when it is open, what texters are answered."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(writable)] | None = None
    voice: Voice | None = None
    language: Language | None = None
    time_zone: TimeZone = "UTC"
    start: Target = "start"
    placed: Starts = ()
    people: dict[Name, Annotated[tuple[Dialable, ...], BeforeValidator(one_or_more), Field(min_length=1, max_length=10)]] = Field(
        default_factory=dict
    )
    hours: dict[Name, OpeningHours] = Field(default_factory=dict)
    flows: dict[Name, str] = Field(default_factory=dict)
    numbers: dict[Dialable, Name] = Field(default_factory=dict)
    texts: Texts = Texts()
    missed: Missed | None = None
    announcement: Announcement = Announcement()
    sorry: Annotated[Prompt, Field(validate_default=True)] = SORRY  # type: ignore[assignment]  # validated: a Prompt by then


class Read:
    """A flow file as it was read: `file` and `steps` as far as they are right; what is not goes to `faults`.

    `names` are those of all steps that it has, right or not; None where the file as a whole could not be read. `broken` are the
    names of people and opening hours that it has, but wrong.
    """

    def __init__(self, path: Path, shown: str, faults: Faults) -> None:
        self.path = path
        self.shown = shown
        self.faults = faults
        self.file = FlowFile()
        self.steps: dict[str, Step] = {}
        self.names: frozenset[str] | None = None
        self.broken: set[str] = set()
        document = self._document()
        if document is None:
            return
        steps = document.pop("steps", {})
        if isinstance(steps, dict):
            self.names = frozenset(steps)
            for name, table in steps.items():
                self._read_step(name, table)
            if not steps:
                self.fault("", "it has no steps; write what callers hear first: [steps.start]")
        else:
            self.fault("", "`steps` must be a table for each step: [steps.start]")
        self._read_rest(document)

    def fault(self, place: str, sentence: str) -> None:
        """Note a fault of this file."""
        self.faults.add(self.shown, place, sentence)

    def step_fault(self, name: str, sentence: str) -> None:
        """Note a fault of a step."""
        self.fault(f"step {name if re.fullmatch(NAME, name) else shown(name)}", sentence)

    def _document(self) -> dict[str, Any] | None:
        try:
            return _tables(self.path)
        except ValueError as error:
            self.fault("", str(error))
            return None

    def _read_rest(self, document: dict[str, Any]) -> None:
        """Read the tables one by one: a fault in one hides none in another."""
        good = {}
        for name, given in document.items():
            try:
                FlowFile.model_validate({name: given})
                good[name] = given
            except ValidationError as error:
                for sentence in sentences(error, FlowFile, {name: given}):
                    self.fault("", sentence)
                if isinstance(given, dict) and get_close_matches(name, NAMING, 1):
                    self.broken |= set(given)
        self.file = FlowFile.model_validate(good)

    def _read_step(self, name: str, table: Any) -> None:
        if not re.fullmatch(NAME, name):
            hint = f"call it `{name.lower()}`: " if re.fullmatch(NAME, name.lower()) else ""
            self.step_fault(name, f"has a name that cannot be one: {hint}{NAMES}")
        if not isinstance(table, dict):
            self.step_fault(name, "must be a table: [steps.start]")
            return
        kind = table.get("kind", "say")
        if not isinstance(kind, str) or kind not in KINDS:
            hint = close_to(kind, KINDS) if isinstance(kind, str) else "it must be a text, in quotes"
            self.step_fault(name, f"has the kind {shown(kind)}, which is not known; {hint}")
            return
        try:
            self.steps[name] = KINDS[kind].model_validate(table)
        except ValidationError as error:
            hint = "" if "kind" in table else " (it has no `kind`, so it is taken for a `say`)"
            for sentence in sentences(error, KINDS[kind], table):
                self.step_fault(name, sentence + ("" if sentence.endswith(("?", "]")) else hint))


def _tables(path: Path) -> dict[str, Any]:
    """What stands in a TOML file; ValueError, with a sentence, where that cannot be told."""
    try:
        if not path.is_file():
            raise ValueError("it is a folder, not a file" if path.is_dir() else "there is no such file")
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it is too large: a flow file has at most {LARGEST // 1_000_000} MB")
        content = path.read_bytes()
    except OSError:
        raise ValueError("it cannot be read") from None
    try:
        text = content.decode("utf-8-sig")  # with the mark that Windows puts first, or without
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8: save the file as UTF-8") from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(explained(text, str(error))) from None
