"""The queue: callers who wait with music, and those who take them out of it."""

from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import VoiceResponse

from app.flow.steps import Queue, Take
from app.switch.dial import is_connected
from app.switch.turns import Answer, Turn, on


@on(Queue)
def queue(turn: Turn[Queue]) -> Answer:
    def build(response: VoiceResponse) -> None:
        response.enqueue(turn.step.queue, action=turn.url("left"), wait_url=turn.url("waiting"))

    return turn.hear("say").answer("", build, "missed")


@on(Queue, "waiting")
def waiting(turn: Turn[Queue]) -> Answer:
    """What is heard in the queue; Twilio asks again when it is over (https://www.twilio.com/docs/voice/twiml/enqueue#waiturl)."""
    seconds = turn.asked.value("QueueTime")
    if seconds.isdecimal() and int(seconds[:9]) >= turn.step.max_wait:
        return turn.answer("leave", lambda response: response.leave())
    return turn.hear("waiting").answer("waiting", lambda response: None)


@on(Queue, "left")
def left(turn: Turn[Queue]) -> Answer:
    """How it went: https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action-parameters."""
    if turn.asked.value("QueueResult") in ("bridged", "redirected-from-bridged"):
        return turn.go(turn.step.answered, "connected")
    return turn.go(turn.step.otherwise)


@on(Take)
def take(turn: Turn[Take]) -> Answer:
    def build(response: VoiceResponse) -> None:
        dial = DialVerb(action=turn.url("dialled"), timeout=turn.step.timeout)
        dial.queue(turn.step.queue, url=turn.url("found"))
        response.append(dial)

    return turn.hear("say").answer("", build)


@on(Take, "found")
def found(turn: Turn[Take]) -> Answer:
    """Asked for the call that waited, before the two speak: `left` comes after the talk, when it may be too late to know of it."""
    return turn.answer("found", lambda response: None, "connected")


@on(Take, "dialled")
def dialled(turn: Turn[Take]) -> Answer:
    return turn.go(turn.step.next, "connected" if is_connected(turn.asked) else None)
