"""The menu: a key or a word, asked for again a few times."""

import re

from twilio.twiml.voice_response import Gather, VoiceResponse

from app.flow.steps import Menu
from app.switch.turns import Answer, Turn, on

NOT_A_WORD = re.compile(r"[^\w\s]|_")


@on(Menu)
def menu(turn: Turn[Menu]) -> Answer:
    """What was to be heard before is part of it: a caller who knows the way may press a key at once."""
    return _ask(turn.hear("say"), 1)


@on(Menu, "chosen")
def chosen(turn: Turn[Menu]) -> Answer:
    digits, speech = turn.asked.value("Digits"), turn.asked.value("SpeechResult")
    if target := choice(turn.step, digits, speech):
        return turn.go(target)
    if turn.asked.turn >= turn.step.tries:
        return turn.go(turn.step.otherwise)
    return _ask(turn.hear("wrong" if digits or speech else "silent").hear("say"), turn.asked.turn + 1)


def choice(step: Menu, digits: str, speech: str) -> str | None:
    """The step that a caller chose; spoken words count wherever they stand in what was said."""
    if digits:
        return step.choices[digits].go if digits in step.choices else None
    said = f" {_words(speech)} "
    for each in step.choices.values():
        if any(known and f" {known} " in said for known in map(_words, each.speech)):
            return each.go
    return None


def _words(text: str) -> str:
    return " ".join(NOT_A_WORD.sub(" ", text.casefold()).split())


def _ask(turn: Turn[Menu], number: int) -> Answer:
    step = turn.step
    spoken = [words for each in step.choices.values() for words in each.speech]
    longest = max(map(len, step.choices))
    finishes = longest > 1 and not any("#" in keys for keys in step.choices)  # else "#" is a key like others, right or wrong

    def build(response: VoiceResponse) -> None:
        gather = Gather(
            action=turn.url("chosen", number),
            input="dtmf speech" if spoken else "dtmf",
            timeout=step.timeout,
            num_digits=longest,
            finish_on_key="#" if finishes else "",
            action_on_empty_result=True,
            **({"hints": ", ".join(spoken), "speech_timeout": "auto", "language": turn.place.file.language} if spoken else {}),
        )
        turn.speak(gather)
        response.append(gather)

    return turn.answer(f"try {number}", build, speak_before=False)
