"""What texters are answered, and the words around calls that are no steps of a flow."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from app.flow.names import Key, one_or_more
from app.flow.prompts import Model, Picture, Prompt, Texted

# What Twilio acts on when a text is one of these words: https://help.twilio.com/articles/223134027
STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})

Words = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)], ...], BeforeValidator(one_or_more)
]


class Reply(Model):
    """What becomes of a text: it is answered, with pictures or without, and may be forwarded to a person."""

    reply: Texted | None = None
    pictures: Annotated[tuple[Picture, ...], BeforeValidator(one_or_more), Field(max_length=10)] = ()  # Twilio's limit a message
    forward_to: str | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.reply is None and not self.pictures and self.forward_to is None:
            raise ValueError("must have a `reply`, `pictures`, or `forward_to`")
        return self


class Keyword(Reply):
    """A reply to texts that are one of the words of `exactly`, or begin with one of `starts_with`; in any case."""

    exactly: Words = ()
    starts_with: Words = ()

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not self.exactly and not self.starts_with:
            raise ValueError("must have words: `exactly` or `starts_with`")
        for word in self.exactly:
            if word.upper() in STOP | HELP:
                raise ValueError(f"has {word!r} in `exactly`: Twilio answers that word itself (STOP, HELP and their kin)")
        return self

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """The words of `starts_with` as texts are compared with them."""
        return tuple(map(_folded, self.starts_with))


class Texts(Model):
    """The answers to texts: the first keyword that fits, else the default; none where neither is. `sorry` is for faults."""

    default: Annotated[Reply, BeforeValidator(lambda given: {"reply": given} if isinstance(given, str) else given)] | None = None
    keywords: tuple[Keyword, ...] = ()
    sorry: Texted = "We are sorry, something went wrong. Please text again later."

    @cached_property
    def _exactly(self) -> dict[str, Keyword]:
        return {_folded(word): keyword for keyword in reversed(self.keywords) for word in keyword.exactly}

    def match(self, body: str) -> Reply | None:
        """The reply to a text of that body; words that stand alone come before those that only begin it."""
        folded = _folded(body)
        if exact := self._exactly.get(folded):
            return exact
        for keyword in self.keywords:
            if any(folded.startswith(word) and not folded[len(word) : len(word) + 1].isalnum() for word in keyword.beginnings):
                return keyword
        return self.default

    def replies(self) -> Iterator[tuple[str, Reply]]:
        """Every reply, and where it stands in the file."""
        if self.default:
            yield "texts.default", self.default
        for number, keyword in enumerate(self.keywords, 1):
            yield f"texts.keywords {number}", keyword


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


class Missed(Model):
    """The text to a caller who wanted to speak to somebody and did not."""

    text: Texted


def _prompt(text: str) -> Any:
    return Field(default=text, validate_default=True)


class Announcement(Model):
    """The words around an announcement (/make_call with `say`): what is asked, and the keys that answer it."""

    repeat_key: Key = "2"
    acknowledge_key: Key = "1"
    ask: Prompt = _prompt("To hear this again, press 2.")
    ask_to_acknowledge: Prompt = _prompt("To confirm that you heard this, press 1. To hear it again, press 2.")
    acknowledged: Prompt = _prompt("Thank you. Goodbye.")
    timeout: Annotated[int, Field(ge=1, le=60)] = 5
    tries: Annotated[int, Field(ge=1, le=10)] = 3

    @model_validator(mode="after")
    def _says_which_key(self) -> Self:
        if self.repeat_key == self.acknowledge_key:
            raise ValueError("has the same key in `repeat_key` and `acknowledge_key`")
        changed = {"repeat_key": ("ask", "ask_to_acknowledge"), "acknowledge_key": ("ask_to_acknowledge",)}
        for key, words in changed.items():
            for name in words:
                if getattr(self, key) != type(self).model_fields[key].default and name not in self.model_fields_set:
                    raise ValueError(f"changes `{key}`, but not the words that name it: give `{name}`, too")
        return self
