"""The conference room, and the PIN at its door."""

from hmac import compare_digest

from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import Gather, VoiceResponse

from app.flow.steps import Conference
from app.switch.turns import Answer, Turn, on

PIN_TIMEOUT = 8  # seconds between two keys


@on(Conference)
def conference(turn: Turn[Conference]) -> Answer:
    return _ask(turn.hear("say"), 1) if turn.step.pin else _join(turn.hear("say"))


@on(Conference, "pin")
def pin(turn: Turn[Conference]) -> Answer:
    given = turn.asked.value("Digits").encode(errors="replace")
    if turn.step.pin is None or compare_digest(given, turn.step.pin.encode()):  # none: it was taken away while the caller was asked
        return _join(turn)
    if turn.asked.turn >= turn.step.tries:
        return turn.hear("wrong").go(turn.step.otherwise)
    return _ask(turn.hear("wrong").hear("say"), turn.asked.turn + 1)


@on(Conference, "left")
def left(turn: Turn[Conference]) -> Answer:
    return turn.go(turn.step.next)


@on(Conference, "waiting")
def waiting(turn: Turn[Conference]) -> Answer:
    """What is heard by whoever is alone there: the music, a thousand times or until somebody comes."""
    clip = turn.switch.file_url(turn.step.music, turn.place.flow) if turn.step.music else ""
    return turn.answer("waiting", lambda response: response.play(clip, loop=0) if clip else None)


def _ask(turn: Turn[Conference], number: int) -> Answer:
    def build(response: VoiceResponse) -> None:
        gather = Gather(
            action=turn.url("pin", number),
            input="dtmf",
            timeout=PIN_TIMEOUT,
            num_digits=len(turn.step.pin or ""),
            action_on_empty_result=True,
        )
        turn.speak(gather)
        response.append(gather)

    return turn.answer(f"try {number}", build, speak_before=False)


def _join(turn: Turn[Conference]) -> Answer:
    step = turn.step
    music = {"wait_url": turn.url("waiting")} if step.music else {}

    def build(response: VoiceResponse) -> None:
        dial = DialVerb(action=turn.url("left"), hangup_on_star=True)
        dial.conference(step.room, max_participants=step.max_participants, **music)
        response.append(dial)

    return turn.hear("welcome").answer("join", build, "connected")
