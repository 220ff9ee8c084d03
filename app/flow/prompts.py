"""What is heard: sentences, clips, silence."""

import re
from collections.abc import Callable, Collection, Iterable
from functools import partial
from string import Formatter
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from app.flow.names import LANGUAGE, VOICE

MAX_SAID = 3000  # characters: Polly's limit, the lowest of all voices (https://www.twilio.com/docs/api/errors/13521)
MAX_TEXTED = 1600  # characters (Twilio's error 21617)
MAX_FILLED = 250  # characters of what is filled in for one {name}
MAX_NOTICE = 600  # characters, so that what is filled in has room
CLIPS = {".mp3": "audio/mpeg", ".wav": "audio/wav", ".aif": "audio/aiff", ".aiff": "audio/aiff", ".gsm": "audio/x-gsm"}
PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}
FIELDS = {
    "caller": "From",
    "line": "To",
    "digits": "Digits",
    "speech": "SpeechResult",
    "position": "QueuePosition",
    "wait": "AvgQueueTime",
}
NOTICE_FIELDS = ("caller", "seconds", "transcription", "link")  # what the text about a message tells of it
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\uf900-\ufffd\U00010000-\U0010ffff]")  # what XML cannot carry, and private use: ours


class Model(BaseModel):
    """A table of the flow file: unknown keys are faults, and nothing changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def writable(text: str) -> str:
    """A text that TwiML can carry; ValueError otherwise."""
    if UNWRITABLE.search(text):
        raise ValueError("holds a character that cannot be sent (a control character, or one for private use)")
    return text


def _only_fields(known: Iterable[str]) -> AfterValidator:
    """A check that a text names no fields but those."""

    def check(text: str) -> str:
        try:
            fields = [(name, spec, how) for _, name, spec, how in Formatter().parse(text) if name is not None]
        except ValueError:
            raise ValueError("has a brace without its partner; write {{ for a brace") from None
        for name, spec, how in fields:
            if name in known and (spec or how):
                raise ValueError(f"has something behind the name in {{{name}}}; write {{{name}}} alone")
            if name not in known:
                listed = ", ".join(f"{{{each}}}" for each in known)
                raise ValueError(f"names {{{name[:40]}}}, which is not known; known are {listed}, and {{{{ for a brace")
        return text

    return AfterValidator(check)


def _with_room(most: int) -> AfterValidator:
    """A check that a text is not too long when its {names} are filled in."""

    def check(text: str) -> str:
        names = sum(name is not None for _, name, *_ in Formatter().parse(text))
        if names and len(text) + names * MAX_FILLED > most:
            raise ValueError(f"is too long: at most {most:,} characters, of which each name in braces may take {MAX_FILLED}")
        return text

    return AfterValidator(check)


def filled(text: str, value: Callable[[str], str]) -> str:
    """A text of the flow with the `value` of each name in its place: plain, for what is not TwiML."""
    return "".join(literal + (value(name) if name is not None else "") for literal, name, *_ in Formatter().parse(text))


def fields_in(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, *_ in Formatter().parse(text) if name is not None} if "{" in text else set()


def _is_url(text: str) -> bool:
    """Whether a text is an address that Twilio may fetch: https, or http."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def web_address(text: str) -> str:
    """A text that is an http or https address; ValueError otherwise."""
    if not _is_url(text) or re.search(r"\s", text):
        raise ValueError("must be an address that begins with https:// or http://")
    return writable(text)


def _file(endings: Collection[str], text: str) -> str:
    if _is_url(text):
        return web_address(text)
    if not text.lower().endswith(tuple(endings)):
        raise ValueError(f"must be a web address, or a file that ends with {', '.join(endings)}")
    return text


def _a_word(text: str) -> str:
    if not any(map(str.isalnum, text)):
        raise ValueError("must have a letter or a digit: it is compared with what was said")
    return writable(text)


Voice = Annotated[str, StringConstraints(pattern=VOICE)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Clip = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(partial(_file, CLIPS))]
Picture = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(partial(_file, PICTURES))]
Said = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_SAID), AfterValidator(writable), _only_fields(FIELDS), _with_room(MAX_SAID)
]
Texted = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXTED),
    AfterValidator(writable),
    _only_fields(FIELDS),
    _with_room(MAX_TEXTED),
]
Notice = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_NOTICE), AfterValidator(writable), _only_fields(NOTICE_FIELDS)
]
Spoken = Annotated[str, StringConstraints(max_length=100), AfterValidator(_a_word)]  # Twilio's limit a hint


class Part(Model):
    """One thing that is heard: `say` a sentence, `play` a clip, or `pause` for some seconds."""

    say: Said | None = None
    voice: Voice | None = None
    language: Language | None = None
    play: Clip | None = None
    loop: Annotated[int, Field(ge=1, le=100)] | None = None
    pause: Annotated[int, Field(ge=1, le=180)] | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [name for name in ("say", "play", "pause") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("must have one of `say`, `play` and `pause`" + (f", not {len(given)}" if given else ""))
        if self.say is None and (self.voice or self.language):
            raise ValueError("has a `voice` or `language` but nothing to say")
        if self.pause is not None and self.loop is not None:
            raise ValueError("has a `loop`, which a pause knows not; give it more seconds")
        return self


def _parts(given: Any) -> Any:
    """A sentence, a part, or a list of either, as a list of parts."""
    items = given if isinstance(given, list) else [given]
    return tuple({"say": item} if isinstance(item, str) else item for item in items)


Prompt = Annotated[tuple[Part, ...], BeforeValidator(_parts), Field(min_length=1)]
