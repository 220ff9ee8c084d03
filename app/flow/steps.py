"""The steps of a flow, by kind; each knows which steps can follow it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from app.flow.names import KEYS, PIN, TARGET, Key, Name, Seconds, Target, one_or_more
from app.flow.prompts import Clip, Model, Notice, Prompt, Spoken, Texted, web_address

MAX_TRANSCRIBED = 120  # seconds (Twilio's error 13615)


def _step_or_address(text: str) -> str:
    return text if re.fullmatch(TARGET, text) else web_address(text)


@dataclass(frozen=True)
class Edge:
    """A way from one step to another: `label` says when it is taken; `by_itself`, if nobody has to do anything for it."""

    label: str
    to: str
    by_itself: bool = True


class Step(Model):
    """What all steps have in common.

    `waits`: other people may end it, so that coming back to it is no endless loop. `answers`: it picks up the call, after which
    that cannot be rejected any more.
    """

    waits: ClassVar[bool] = False
    answers: ClassVar[bool] = True

    def edges(self) -> Iterator[Edge]:
        """Every way on from here; a step without one can end the call."""
        if target := getattr(self, "next", None):
            yield Edge("then", target)

    @property
    def ends(self) -> bool:
        """Whether the call can end here."""
        return getattr(self, "next", None) is None


class Say(Step):
    """Say or play something, then go on, or hang up."""

    kind: Literal["say"] = "say"
    say: Prompt
    next: Target | None = None


class Choice(Model):
    """One entry of a menu: where it leads, and by which words, where a caller may speak."""

    go: Target
    speech: Annotated[tuple[Spoken, ...], BeforeValidator(one_or_more)] = ()


def _choice(given: Any) -> Any:
    return {"go": given} if isinstance(given, str) else given


class Menu(Step):
    """Ask for a key or a word; ask again after a wrong one or none, then give up."""

    kind: Literal["menu"] = "menu"
    say: Prompt
    choices: Annotated[
        dict[Annotated[str, StringConstraints(pattern=KEYS)], Annotated[Choice, BeforeValidator(_choice)]],
        Field(min_length=1),
    ]
    wrong: Prompt | None = None
    silent: Prompt | None = None
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    timeout: Seconds = 5
    otherwise: Target | None = None

    def edges(self) -> Iterator[Edge]:
        for key, choice in self.choices.items():
            words = f" or “{choice.speech[0]}”" if choice.speech else ""
            yield Edge(f"{key}{words}", choice.go, by_itself=False)
        if self.otherwise:
            yield Edge(f"after {self.tries} tries", self.otherwise)

    @property
    def ends(self) -> bool:
        return self.otherwise is None


class Hours(Step):
    """Branch by the opening hours of that name."""

    kind: Literal["hours"] = "hours"
    hours: str
    open: Target
    closed: Target
    holiday: Target | None = None
    answers: ClassVar[bool] = False

    def edges(self) -> Iterator[Edge]:
        yield Edge("open", self.open)
        yield Edge("closed", self.closed)
        if self.holiday:
            yield Edge("holiday", self.holiday)

    @property
    def ends(self) -> bool:
        return False


class Callers(Step):
    """Branch by who calls: numbers, beginnings of numbers ("+1900*"), people, or "anonymous"."""

    kind: Literal["callers"] = "callers"
    numbers: Annotated[tuple[str, ...], BeforeValidator(one_or_more), Field(min_length=1)]
    listed: Target
    others: Target
    answers: ClassVar[bool] = False

    def edges(self) -> Iterator[Edge]:
        yield Edge("listed", self.listed)
        yield Edge("others", self.others)

    @property
    def ends(self) -> bool:
        return False


class Reject(Step):
    """Refuse the call, unanswered and so free of charge."""

    kind: Literal["reject"] = "reject"
    reason: Literal["busy", "rejected"] = "rejected"


class Dial(Step):
    """Connect the caller to people, all at once or one after another; `accept` is the key they press to take the call."""

    kind: Literal["dial"] = "dial"
    to: Annotated[
        tuple[str, ...],
        BeforeValidator(one_or_more),
        Field(min_length=1, max_length=10),  # numbers in one Dial (https://www.twilio.com/docs/voice/twiml/number)
    ]
    order: Literal["together", "in turn"] = "together"
    say: Prompt | None = None
    timeout: Seconds = 20
    time_limit: Annotated[int, Field(ge=1, le=14400)] = 3600  # seconds of talk
    whisper: Prompt | None = None
    accept: Key | None = None
    caller_id: Literal["caller", "line"] = "caller"
    record: bool = False
    answered: Target | None = None
    busy: Target | None = None
    otherwise: Target | None = None
    waits: ClassVar[bool] = True

    @model_validator(mode="after")
    def _asks_before_it_waits(self) -> Self:
        if self.accept and not self.whisper:
            raise ValueError("has an `accept` key, but no `whisper` that tells whoever answers to press it")
        return self

    def edges(self) -> Iterator[Edge]:
        if self.answered:
            yield Edge("after the talk", self.answered, by_itself=False)
        if self.busy:
            yield Edge("busy", self.busy)
        if self.otherwise:
            yield Edge("nobody", self.otherwise)

    @property
    def ends(self) -> bool:
        return self.answered is None or self.otherwise is None


class Queue(Step):
    """Let the caller wait, with music, until somebody takes the call or `max_wait` seconds are over."""

    kind: Literal["queue"] = "queue"
    queue: Name
    say: Prompt | None = None
    waiting: Prompt
    max_wait: Annotated[int, Field(ge=10, le=14400)] = 600
    answered: Target | None = None
    otherwise: Target | None = None
    waits: ClassVar[bool] = True

    def edges(self) -> Iterator[Edge]:
        if self.answered:
            yield Edge("after the talk", self.answered, by_itself=False)
        if self.otherwise:
            yield Edge("waited too long", self.otherwise)

    @property
    def ends(self) -> bool:
        return self.answered is None or self.otherwise is None


class Take(Step):
    """Connect to the first who waits in a queue; for those who work here."""

    kind: Literal["take"] = "take"
    queue: Name
    say: Prompt | None = None
    timeout: Seconds = 30
    next: Target | None = None
    waits: ClassVar[bool] = True


class Conference(Step):
    """Join a room, after a PIN where it has one."""

    kind: Literal["conference"] = "conference"
    room: Name
    pin: Annotated[str, StringConstraints(pattern=PIN)] | None = None
    say: Prompt | None = None
    wrong: Prompt | None = None
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    welcome: Prompt | None = None
    music: Clip | None = None
    max_participants: Annotated[int, Field(ge=2, le=250)] = 50
    next: Target | None = None
    otherwise: Target | None = None
    waits: ClassVar[bool] = True

    @model_validator(mode="after")
    def _asks_for_its_pin(self) -> Self:
        if self.pin and not self.say:
            raise ValueError("has a `pin`, but nothing in `say` that asks for it")
        return self

    def edges(self) -> Iterator[Edge]:
        yield from super().edges()
        if self.otherwise:
            yield Edge("no PIN", self.otherwise)


class Voicemail(Step):
    """Record a message, keep it for the operator, and text `text_to` that it is there."""

    kind: Literal["voicemail"] = "voicemail"
    say: Prompt
    max_length: Annotated[int, Field(ge=1, le=3600)] = 120
    timeout: Seconds = 5
    finish_on_key: Key = "#"
    transcribe: bool = False
    text_to: Annotated[tuple[str, ...], BeforeValidator(one_or_more)] = ()
    text: Notice = "Voicemail from {caller}, {seconds} seconds.\n{transcription}\n{link}"
    next: Target | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.transcribe and self.max_length > MAX_TRANSCRIBED:
            raise ValueError(f"has `transcribe`, which Twilio does for up to {MAX_TRANSCRIBED} seconds: lower its `max_length`")
        if "text" in self.model_fields_set and not self.text_to:
            raise ValueError("has a `text`, but nobody in `text_to` who would get it")
        return self


class Sms(Step):
    """Text the caller, or somebody else, while the call goes on."""

    kind: Literal["sms"] = "sms"
    to: str = "caller"
    body: Texted
    next: Target | None = None


class Redirect(Step):
    """Hand the call over to another flow's step, or to an address that answers with TwiML of its own."""

    kind: Literal["redirect"] = "redirect"
    to: Annotated[str, AfterValidator(_step_or_address)]
    answers: ClassVar[bool] = False

    def edges(self) -> Iterator[Edge]:
        if "://" not in self.to:
            yield Edge("then", self.to)

    @property
    def ends(self) -> bool:
        return "://" in self.to


class Hangup(Step):
    """End the call."""

    kind: Literal["hangup"] = "hangup"


KINDS: dict[str, type[Step]] = {
    step.model_fields["kind"].default: step
    for step in (Say, Menu, Hours, Callers, Reject, Dial, Queue, Take, Conference, Voicemail, Sms, Redirect, Hangup)
}
