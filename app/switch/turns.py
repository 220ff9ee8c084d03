"""One webhook of a call, and what is answered to it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Gather, VoiceResponse

from app.errors import NoSuchStep
from app.flow import ANONYMOUS, Flow, Place
from app.flow.files import FlowFile
from app.flow.prompts import FIELDS, Prompt
from app.flow.steps import Step
from app.ledger import Outcome
from app.switch.numbers import is_anonymous
from app.twiml import Document, url_field, with_fields

S = TypeVar("S", bound=Step)


@dataclass(frozen=True)
class Asked:
    """What a webhook says: `value` of a parameter ("" where it is not there), which `turn` at the step it is, and when it came.

    `number` is ours, for those who called none: browser phones. `may_text` says whether a number (the second) may be sent texts
    from one of ours (the first); `may_ring` which of the numbers may be rung from a step, and `may_send` whether a step may text a
    number those words, which is `own` if the flow file names it: what they allow is counted. Where they are not given, nothing is.
    """

    value: Callable[[str], str]
    now: datetime
    turn: int = 1
    number: str = ""
    may_text: Callable[[str, str], bool] = lambda line, number: False
    may_ring: Callable[[str, Collection[str]], Collection[str]] = lambda step, numbers: ()
    may_send: Callable[[str, str, str, bool], bool] = lambda step, number, body, own: False

    @property
    def party(self) -> str:
        """The other end of the call: who called us, or whom we called."""
        return self.value("caller") or self.value("To" if self.is_placed else "From")

    @property
    def line(self) -> str:
        """Our own number in the call."""
        if not self.is_placed and self.value("From").startswith("client:"):
            return self.value("line") or self.number  # what a browser phone asks for need be no number of ours
        return self.value("line") or self.value("From" if self.is_placed else "To")

    @property
    def is_placed(self) -> bool:
        """Whether we placed the call. Not so a leg to somebody who is asked to take one: it carries both numbers in its address."""
        return self.value("Direction").startswith("outbound")

    def field(self, name: str) -> str:
        """What stands in a field of a document about this call."""
        if name == "caller":
            return ANONYMOUS if is_anonymous(self.party) else self.party
        return self.line if name == "line" else self.value(FIELDS.get(name, name))


@dataclass(frozen=True)
class Answer:
    """What Twilio is told, and what is known by now of the call."""

    twiml: str
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Turn(Generic[S]):
    """A step that is asked what to do: where it stands, what was asked, and what will be heard before it."""

    switch: "Switch"
    place: Place
    step: S
    asked: Asked
    heard: tuple[tuple[str, str], ...] = ()  # step and field of each prompt that this answer begins with

    def hear(self, field: str) -> "Turn[S]":
        """The same, but that prompt of this step is heard first, if there is one."""
        prompt = getattr(self.step, field)
        return replace(self, heard=(*self.heard, (self.place.name, field))) if prompt else self

    def go(self, target: str | None, outcome: Outcome | None = None) -> Answer:
        """Go on with another step, in this same answer; without one, hang up."""
        if target is None:
            return self.answer("end", lambda response: response.hangup(), outcome)
        answer = self.switch.begin(self.place.target(target), replace(self.asked, turn=1), self.heard)
        return replace(answer, outcome=answer.outcome or outcome)

    def answer(
        self,
        variant: str,
        build: Callable[[VoiceResponse], object],
        outcome: Outcome | None = None,
        *,
        speak_before: bool = True,
    ) -> Answer:
        """The document of that variant, built the first time that it is asked for: a step has few, and they never change.

        With `speak_before`, it begins with the prompts that are to be heard first; otherwise `build` places them.
        """

        def built() -> TwiML:
            response = VoiceResponse()
            if speak_before:
                self.speak(response)
            build(response)
            return response

        document = self.switch.document((self.heard, self.place.name, variant), built)
        return Answer(document.fill(self.asked.field), outcome)

    def speak(self, verb: VoiceResponse | Gather) -> None:
        """Add the prompts that are to be heard first."""
        for name, field in self.heard:
            place = self.switch.flow.places[name]
            self.switch.speak(verb, getattr(place.step, field), place.file, place.flow)

    def url(self, event: str, turn: int = 1) -> str:
        """Where Twilio tells what became of something that this step began."""
        return self.switch.url(self.place.name, event, turn)

    def leg_url(self, event: str) -> str:
        """The same for another leg of the call, which knows its own two numbers only."""
        return f"{self.url(event)}?caller={url_field('caller')}&line={url_field('line')}"

    def people(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The numbers and browser phones of people whom this step names."""
        return self.switch.flow.people(names, self.place.flow)


class Switch:
    """Answers the webhooks of calls by the flow. Safe to share between threads."""

    def __init__(self, flow: Flow, base_url: str) -> None:
        self.flow = flow
        self.base_url = base_url
        self.documents: dict[object, Document] = {}  # by steps, prompts and counts; no text from outside is part of a key: bounded

    def begin(self, name: str, asked: Asked, heard: tuple[tuple[str, str], ...] = ()) -> Answer:
        """A step from its beginning. Raises NoSuchStep."""
        return self.answer(name, "", asked, heard)

    def answer(self, name: str, event: str, asked: Asked, heard: tuple[tuple[str, str], ...] = ()) -> Answer:
        """What a step does after an event of its own. Raises NoSuchStep."""
        place = self.flow.places.get(name)
        act = ACTS.get((type(place.step), event)) if place else None
        if place is None or act is None:
            raise NoSuchStep(f"The flow has no step {name!r} that could answer {event!r}.")
        return act(Turn(self, place, place.step, asked, heard))

    def is_from_us(self, asked: Asked) -> bool:
        """Whether it is a number of ours that calls or texts, or seems to: it would answer what it is answered, and so on."""
        return asked.party in (asked.number, *self.flow.file.numbers)

    def sorry(self, line: str) -> str:
        """What a caller to that number of ours hears when there is no right answer."""
        flow, file = self.flow.name_for(line), self.flow.file_for(line)

        def build() -> TwiML:
            response = VoiceResponse()
            self.speak(response, file.sorry, file, flow)
            return response

        return self.document(("sorry", flow), build).fill(lambda name: "")

    def refusal(self) -> str:
        """What ends the call of somebody who was rung, and who is not to be connected."""

        def build() -> TwiML:
            response = VoiceResponse()
            response.hangup()
            return response

        return self.document("refusal", build).fill(lambda name: "")

    def document(self, key: object, build: Callable[[], TwiML]) -> Document:
        """The document of that key, built the first time that it is asked for."""
        document = self.documents.get(key)
        if document is None:
            document = self.documents[key] = Document(build())
        return document

    def url(self, name: str, event: str = "", turn: int = 1) -> str:
        """The address of a step, or of an event at it."""
        address = f"{self.base_url}/voice_url/{name}" + (f"/{event}" if event else "")
        return f"{address}?turn={turn}" if turn > 1 else address

    def status_url(self, kind: str, **query: str) -> str:
        """Where Twilio tells how a call, message, recording or transcription goes on."""
        return f"{self.base_url}/status/{kind}" + (f"?{urlencode(query)}" if query else "")

    def speak(self, verb: VoiceResponse | Gather, prompt: Prompt, file: FlowFile, flow: str) -> None:
        """Add what is heard to a verb that can hold it."""
        for part in prompt:
            if part.pause:
                verb.pause(length=part.pause)
            elif part.play:
                verb.play(self.file_url(part.play, flow), loop=part.loop)
            else:
                voice, language = part.voice or file.voice, part.language or file.language
                verb.say(with_fields(part.say or "", spoken=True), voice=voice, language=language, loop=part.loop)

    def file_url(self, name: str, flow: str) -> str:
        """Where Twilio fetches a clip or picture."""
        return name if "://" in name else f"{self.base_url}/files/{self.flow.public_name(name, flow)}"


ACTS: dict[tuple[type[Step], str], Callable[[Turn[Any]], Answer]] = {}


def on(kind: type[S], event: str = "") -> Callable[[Callable[[Turn[S]], Answer]], Callable[[Turn[S]], Answer]]:
    """Mark a function as what steps of that kind do after an event; without one, when they begin."""

    def mark(act: Callable[[Turn[S]], Answer]) -> Callable[[Turn[S]], Answer]:
        ACTS[kind, event] = act
        return act

    return mark
