"""What is wrong with a flow file, in sentences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from app.flow.steps import NAME, TARGET

PATTERNS = {
    f"^{NAME}$": "is no name: names have up to 40 small letters, digits, - and _, and begin with a letter",
    f"^{TARGET}$": "is no name of a step: write it as `menu`, or `sales.menu` for a step of another flow",
    r"^[0-9*#]$": "must be one key: 0 to 9, * or #",
    r"^[0-9*#]{1,10}$": "must be keys: 0 to 9, * and #",
    r"^[0-9]{4,12}$": "must have 4 to 12 digits",
    r"^[a-z]{2,3}(-[A-Z]{2})?$": "is no language such as en-GB",
    r"^(man|woman|alice|(Polly|Google)\.[A-Za-z0-9-]+)$": "is no voice such as Polly.Amy, Google.en-GB-Standard-A, man or woman",
}


@dataclass(frozen=True)
class Fault:
    """One fault: the file it is in, the place there ("step menu"; "" for the whole file), and a sentence without a full stop."""

    file: str
    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place + ': ' if self.place else ''}{self.sentence}."


class FlowError(Exception):
    """A flow file that cannot be used; `faults` are all of them, and the message says them line by line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(["The flow file cannot be used:", *map(str, self.faults)]))


def close_to(word: str, known: Iterable[str]) -> str:
    """A hint at the known word that was probably meant, or at all of them."""
    known = sorted(known)
    if close := get_close_matches(word, known, 1):
        return f"did you mean `{close[0]}`?"
    return f"known {'are' if len(known) > 1 else 'is'} {', '.join(f'`{name}`' for name in known)}" if known else "there are none"


def sentences(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """Each fault that pydantic found in a table, in plain words."""
    for fault in error.errors(include_url=False):
        where = ".".join(str(part) for part in fault["loc"] if part != "[key]")
        name = f"`{where}` " if where else ""
        yield name + _sentence(fault["type"], fault.get("ctx", {}), fault["input"], fault["msg"], where, model)


def _sentence(kind: str, context: dict[str, Any], given: object, message: str, where: str, model: type[BaseModel]) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            hint = close_to(where, model.model_fields) if "." not in where else ""
            return "is not known here" + (f"; {hint}" if hint else "")
        case "value_error":
            return message.removeprefix("Value error, ")
        case "string_pattern_mismatch":
            return f"is {given!r}, which {PATTERNS[context['pattern']]}"
        case "literal_error":
            return f"is {given!r}, but must be {context['expected']}"
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
        case "int_type" | "int_parsing" | "int_from_float":
            return "must be a whole number"
        case "bool_type" | "bool_parsing":
            return "must be true or false"
        case "dict_type" | "model_type":
            return "must be a table"
        case "tuple_type":
            return "must be a list"
        case _:
            return f"is not right: {message[:1].lower()}{message[1:]}"
