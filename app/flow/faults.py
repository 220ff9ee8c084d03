"""What is wrong with a flow file, in sentences."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from app.flow.names import KEY, KEYS, LANGUAGE, NAME, PIN, TARGET, VOICE

MOST = 100  # faults that are said at once
COMPARED = 500  # known words that a wrong one is compared with: the more, the slower
LISTED = 12  # known words that are listed where none is close
SHOWN = 60  # characters that are shown of what was given

NAMES = "names have up to 40 small letters, digits, - and _, and begin with a letter"
PATTERNS = {
    f"^{NAME}$": f"is no name: {NAMES}",
    f"^{TARGET}$": "is no name of a step: write it as `menu`, or `sales.menu` for a step of another flow",
    KEY: "must be one key: 0 to 9, * or #",
    KEYS: "must be keys: 0 to 9, * and #",
    PIN: "must have 4 to 12 digits",
    LANGUAGE: "is no language such as en-GB",
    VOICE: "is no voice such as Polly.Amy, Google.en-GB-Standard-A, man or woman",
}


@dataclass(frozen=True)
class Fault:
    """One fault: the file it is in, the place there ("step menu"; "" for the whole file), and a sentence without a full stop."""

    file: str
    place: str
    sentence: str

    def __str__(self) -> str:
        end = "" if self.sentence.endswith("?") else "."
        return f"{self.file}: {self.place + ': ' if self.place else ''}{self.sentence}{end}"


class FlowError(Exception):
    """A flow file that cannot be used; `faults` are all of them, and the message says them line by line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        more = ["There may be more: mend these first."] if len(self.faults) >= MOST else []
        super().__init__("\n".join(["The flow file cannot be used:", *map(str, self.faults), *more]))


class Faults(list[Fault]):
    """The faults found so far, in all files of a flow. When there are `MOST`, the search ends with FlowError."""

    def add(self, file: str, place: str, sentence: str) -> None:
        """Note a fault, once."""
        fault = Fault(file, place, sentence)
        if fault not in self:
            self.append(fault)
        if len(self) >= MOST:
            raise FlowError(self)


def shown(given: object) -> str:
    """What was given, as it is shown in a sentence: in quotes, on one line, cut where it is long."""
    if isinstance(given, dict | list | tuple):
        return "a table" if isinstance(given, dict) else "a list"
    text = repr(given[: SHOWN + 1] if isinstance(given, str) else given)
    return text if len(text) <= SHOWN + 2 else f"{text[:SHOWN]}…"


def close_to(word: str, known: Iterable[str]) -> str:
    """A hint at the known word that was probably meant, or at all of them."""
    words = list(known)
    if not words:
        return "there are none"
    if len(words) > COMPARED:
        return f"there are {len(words):,} others"
    words.sort()
    if len(word) <= SHOWN and (close := get_close_matches(word, words, 1)):
        return f"did you mean `{close[0]}`?"
    listed = [f"`{each}`" for each in words[:LISTED]] + (["…"] if len(words) > LISTED else [])
    return f"known {'are' if len(words) > 1 else 'is'} {', '.join(listed)}"


def sentences(error: ValidationError, model: type[BaseModel], given: Mapping[str, Any]) -> Iterator[str]:
    """Each fault that pydantic found in a table, in plain words; `given` is the table as it stands in the file."""
    for fault in error.errors(include_url=False):
        where = _where(fault["loc"], given)
        known = _table_at(model, fault["loc"][:-1]).model_fields
        yield (f"`{where}` " if where else "") + _sentence(
            fault["type"], fault.get("ctx", {}), fault["input"], fault["msg"], str(fault["loc"][-1]) if fault["loc"] else "", known
        )


def _where(path: Iterable[int | str], given: Any) -> str:
    """Where a fault stands in the file, where one thing may stand for a list of one, and a text for a table."""
    names = ""
    for part in path:
        if isinstance(given, dict) and isinstance(part, str) and part != "[key]":
            key = part if part.isprintable() and len(part) <= SHOWN else shown(part)
            names += f".{key}" if names else key
            given = given.get(part)
        elif isinstance(given, list) and isinstance(part, int):
            names += f" {part + 1}"
            given = given[part]
    return names


def _table_at(model: type[BaseModel], path: Iterable[int | str]) -> type[BaseModel]:
    """The model of a table inside another one."""
    for part in path:
        if field := model.model_fields.get(str(part)):
            model = next(_models(field.annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _sentence(kind: str, context: dict[str, Any], given: object, message: str, key: str, known: Iterable[str]) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            if "next" in known and re.fullmatch("[0-9*#]+", key):
                return "is not known here; a key to press belongs to a menu, below its [steps.….choices]"
            return f"is not known here; {close_to(key, ('steps', *known) if 'start' in known else known)}"
        case "value_error":
            return message.removeprefix("Value error, ")
        case "string_pattern_mismatch":
            return f"is {shown(given)}, which {PATTERNS.get(context['pattern'], 'is not written as it must be')}"
        case "literal_error":
            return f"is {shown(given)}, but must be {context['expected']}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "too_long":
            return f"has too many entries: at most {context['max_length']}"
        case "string_too_long":
            return f"is too long: at most {context['max_length']:,} characters"
        case "string_type":
            return "must be a text, in quotes"
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            return "must be a whole number"
        case "bool_type" | "bool_parsing":
            return "must be true or false"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "must be a text in quotes, or a table" if key.isdigit() else "must be a table"
        case "tuple_type":
            return "must be a list"
        case _:
            return f"is not right: {message[:1].lower()}{message[1:]}"
