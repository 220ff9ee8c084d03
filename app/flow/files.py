"""One flow file: its tables, read and validated."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError

from app import phone
from app.errors import InvalidNumber
from app.flow.faults import Fault, close_to, sentences
from app.flow.hours import OpeningHours, TimeZone
from app.flow.prompts import Language, Model, Prompt, Voice
from app.flow.steps import KINDS, NAME, Name, Step, Target, one_or_more
from app.flow.texts import Announcement, Missed, Texts

CLIENT = re.compile(r"client:[A-Za-z0-9_]{1,121}")  # an identity as access tokens allow it
SORRY = "We are sorry, something went wrong. Please call again later."


def dialable(text: str) -> str:
    """A number with its country (E.164), or a browser phone (client:name); ValueError otherwise."""
    if text.startswith("client:"):
        if not CLIENT.fullmatch(text):
            raise ValueError(f"has {text!r}; a browser phone is client: and letters, digits or _")
        return text
    try:
        if phone.parse(text).e164 == text:
            return text
    except InvalidNumber:
        pass
    raise ValueError(f"has {text!r}, which is no phone number; write it with its country and without spaces: '+15550002222'")


Dialable = Annotated[str, AfterValidator(dialable)]
Starts = Annotated[tuple[Target, ...], BeforeValidator(one_or_more)]


class FlowFile(Model):
    """A flow file but for its steps: how it speaks, who its people are, when it is open, what texters are answered."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
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
    """A flow file as it was read: `file` and `steps` as far as they are right, and the faults found so far."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.file = FlowFile()
        self.steps: dict[str, Step] = {}
        self.faults: list[Fault] = []
        document = self._document()
        steps = document.pop("steps", {})
        if isinstance(steps, dict):
            for name, table in steps.items():
                self._read_step(name, table)
        else:
            self.fault("", "`steps` must be a table for each step: [steps.start]")
        self._read_rest(document)

    def fault(self, place: str, sentence: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(self.shown, place, sentence))

    def _document(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.fault("", "there is no such file")
        except (OSError, UnicodeDecodeError):
            self.fault("", "it cannot be read as text")
        except tomllib.TOMLDecodeError as error:
            self.fault("", f"it is not TOML: {error}")
        return {}

    def _read_rest(self, document: dict[str, Any]) -> None:
        """Read the tables one by one: a fault in one hides none in another."""
        good = {}
        for name, given in document.items():
            try:
                FlowFile.model_validate({name: given})
                good[name] = given
            except ValidationError as error:
                self.faults += [Fault(self.shown, "", sentence) for sentence in sentences(error, FlowFile)]
        self.file = FlowFile.model_validate(good)

    def _read_step(self, name: str, table: Any) -> None:
        place = f"step {name}"
        if not re.fullmatch(NAME, name):
            self.fault(
                place, "has a name that is none: names have up to 40 small letters, digits, - and _, and begin with a letter"
            )
        if not isinstance(table, dict):
            self.fault(place, f"must be a table: [steps.{name}]")
            return
        kind = table.get("kind", "say")
        if kind not in KINDS:
            self.fault(place, f"has the kind {kind!r}, which is not known; {close_to(str(kind), KINDS)}")
            return
        try:
            self.steps[name] = KINDS[kind].model_validate(table)
        except ValidationError as error:
            hint = "" if "kind" in table else " (it has no `kind`, so it is taken for a `say`)"
            self.faults += [Fault(self.shown, place, sentence + hint) for sentence in sentences(error, KINDS[kind])]
