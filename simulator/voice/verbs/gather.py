"""Gather: keys and speech. Facts: https://www.twilio.com/docs/voice/twiml/gather"""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from simulator.addresses import Target
from simulator.twiml.document import Verb
from simulator.voice.calls import Input, Instructions
from simulator.voice.parameters import partial_speech_params
from simulator.voice.stage import HangUp, Outcome, Stage, speaking_seconds
from simulator.web.webhooks import Hook

AUTOMATIC_SPEECH_SECONDS = 1.0
CONFIDENCE = "0.9"


@dataclass(frozen=True)
class Rules:
    """What a Gather listens for, and when it has enough; times are seconds."""

    keys: bool
    speech: bool
    most_keys: float
    finish_on: frozenset[str]
    timeout: float
    speech_timeout: float
    barge_in: bool

    @classmethod
    def read(cls, verb: Verb) -> Self:
        """Read a Gather's attributes."""
        kinds = verb.get("input", "dtmf").split()
        timeout = _seconds(verb.get("timeout", "5"))
        return cls(
            keys="dtmf" in kinds,
            speech="speech" in kinds,
            most_keys=verb.number("numDigits", 0) or math.inf,
            finish_on=frozenset(verb.get("finishOnKey", "#")),
            timeout=timeout,
            speech_timeout=_seconds(verb.get("speechTimeout", str(timeout))),
            barge_in=verb.flag("bargeIn", True),
        )

    def sentence(self) -> str:
        """Say what is waited for, for people who look."""
        keys = "keys" if math.isinf(self.most_keys) else "1 key" if self.most_keys == 1 else f"up to {self.most_keys:.0f} keys"
        finish = f", {' or '.join(sorted(self.finish_on))} ends" if self.finish_on and self.most_keys != 1 else ""
        wanted = [f"{keys}{finish}"] * self.keys + ["speech"] * self.speech
        return f"waits {self.timeout:g} s for {' or '.join(wanted)}"


def _seconds(text: str) -> float:
    return AUTOMATIC_SPEECH_SECONDS if text == "auto" else float(text)


@dataclass
class Ear:
    """What has been heard so far; the first input decides whether keys or speech count."""

    rules: Rules
    digits: str = ""
    words: list[str] = field(default_factory=list)
    finished: bool = False
    finish_key: str = ""
    last_at: datetime | None = None
    speech_ends: datetime | None = None

    @property
    def begun(self) -> bool:
        """Tell whether something that counts was heard."""
        return self.last_at is not None

    def hear(self, stage: Stage) -> list[Input]:
        """Take in what the caller has entered; returns the speech that is new."""
        inputs, new = stage.call.inputs, []
        while inputs and not self.finished:
            item = inputs.popleft()
            if item.kind == "digits" and self.rules.keys and not self.words:
                self.last_at = stage.clock.now()
                self._press(item.text)
            elif item.kind == "speech" and self.rules.speech and not self.digits:
                self.last_at = stage.clock.now()
                self.speech_ends = stage.clock.after(item.seconds or speaking_seconds(item.text))
                self.words.append(item.text)
                new.append(item)
        return new

    def _press(self, keys: str) -> None:
        for key in keys:
            if key in self.rules.finish_on:
                self.finished, self.finish_key = True, key
                return
            self.digits += key
            if len(self.digits) >= self.rules.most_keys:
                self.finished = True
                return

    def deadline(self, start: datetime, stage: Stage) -> float:
        """Count the seconds that are left until silence ends the listening."""
        if self.speech_ends is not None:
            return self.rules.speech_timeout + stage.clock.until(self.speech_ends)
        return self.rules.timeout + stage.clock.until(self.last_at or start)

    def params(self) -> dict[str, str]:
        """List what the action is told; the names beside Digits are as captured from Twilio."""
        if self.words:
            return {"SpeechResult": " ".join(self.words), "Confidence": CONFIDENCE}
        if self.rules.speech and not self.digits:
            return {"SpeechResult": ""} if not self.rules.keys else {"Digits": ""}
        return {"Digits": self.digits, "FinishedOnKey": self.finish_key, "msg": "Gather End"}


async def gather(stage: Stage, verb: Verb) -> Outcome:
    """Listen while the nested verbs are performed and until there is enough, then go on with the action.

    Nothing heard, or the finishing key first: the next verb, unless actionOnEmptyResult says otherwise.
    """
    rules = Rules.read(verb)
    action = stage.action(verb)
    if action is None:
        return HangUp()
    ear = Ear(rules)
    partial = Partial(stage, stage.target(verb, "partialResultCallback", "partialResultCallbackMethod"))

    def enough() -> bool:
        partial.report(ear.hear(stage), ear)
        return ear.begun and rules.barge_in

    stage.await_input(rules.sentence())
    await stage.call.unless(enough, stage.perform(verb.children))
    start = stage.clock.now()
    partial.report(ear.hear(stage), ear)
    while not ear.finished and (left := ear.deadline(start, stage)) > 0:
        await stage.hold_until(lambda: bool(stage.call.inputs), left)
        partial.report(ear.hear(stage), ear)
    stage.call.inputs.clear()
    if ear.digits or ear.words or verb.flag("actionOnEmptyResult"):
        return Instructions(action, params=tuple(ear.params().items()))
    return None


class Partial:
    """Tells a callback each piece of speech as it is heard."""

    def __init__(self, stage: Stage, target: Target | None) -> None:
        self._stage = stage
        self._target = target
        self._sequence = 0

    def report(self, new: list[Input], ear: Ear) -> None:
        """Post what is new."""
        if self._target is None:
            return
        for _ in new:
            call, text = self._stage.call, " ".join(ear.words)
            params = partial_speech_params(call, text, self._sequence)
            self._stage.telephony.callbacks.post(Hook("partial-speech", call.sid, self._target.url, self._target.method, params))
            self._sequence += 1
