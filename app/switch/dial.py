"""Connecting a caller to people: all at once or one after another, with a whisper to whoever answers."""

from collections.abc import Callable

from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import Gather, VoiceResponse

from app.flow.steps import Dial
from app.ledger import Outcome
from app.switch.numbers import is_number
from app.switch.turns import Answer, Asked, Turn, on
from app.twiml import field

ACCEPT_WITHIN = 8  # seconds after the whisper in which the key must be pressed; voicemail of a mobile presses none


@on(Dial)
def dial(turn: Turn[Dial]) -> Answer:
    return _ring(turn.hear("say"), 1)


@on(Dial, "dialled")
def dialled(turn: Turn[Dial]) -> Answer:
    """How it went: https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus-values."""
    step = turn.step
    if is_connected(turn.asked):
        return turn.go(step.answered, "connected")
    return _ring_on(turn, turn.asked.turn, busy=turn.asked.value("DialCallStatus") == "busy")


@on(Dial, "whisper")
def whisper(turn: Turn[Dial]) -> Answer:
    """Heard by whoever answers, before the caller: what this is about, and which key takes the call."""

    def build(response: VoiceResponse) -> None:
        if turn.step.accept is None:
            turn.hear("whisper").speak(response)
            return
        gather = Gather(action=turn.leg_url("accepted"), input="dtmf", num_digits=1, timeout=ACCEPT_WITHIN, finish_on_key="")
        turn.hear("whisper").speak(gather)
        response.append(gather)
        response.hangup()

    return turn.answer("whisper", build)


@on(Dial, "accepted")
def accepted(turn: Turn[Dial]) -> Answer:
    """An empty document connects the two; any other key leaves the call to the others."""
    if turn.asked.value("Digits") == turn.step.accept:
        return turn.answer("accepted", lambda response: None, "connected")
    return turn.answer("declined", lambda response: response.hangup())


def is_connected(asked: Asked) -> bool:
    """Whether the two spoke. Twilio calls a Dial completed, too, when somebody answered but would not press the key."""
    bridged = asked.value("DialBridged")
    return bridged == "true" if bridged else asked.value("DialCallStatus") in ("completed", "answered")


def _ring_on(turn: Turn[Dial], number: int, *, busy: bool, outcome: Outcome | None = None) -> Answer:
    """Ring the next one, if it goes in turn and there is one."""
    step = turn.step
    if step.order == "in turn" and number < len(step.to):
        return _ring(turn, number + 1)
    return turn.go(step.busy if busy and step.busy else step.otherwise, outcome)


def _ring(turn: Turn[Dial], number: int) -> Answer:
    """Ring those whose turn it is; a phone that is in this call already is busy, and so is one that the spend guard refuses."""
    step, asked = turn.step, turn.asked
    named = turn.people(step.to[number - 1 : number] if step.order == "in turn" else step.to)
    rung = [each for each in named if each not in (asked.party, asked.line)]
    numbers = [each for each in rung if not each.startswith("client:")]
    refused = set(numbers).difference(asked.may_ring(f"{turn.place.name} {number}", numbers))
    rung = [each for each in rung if each not in refused]
    if not rung:
        return _ring_on(turn, number, busy=True, outcome="missed" if refused else None)
    absent = [each for each in named if each not in rung]
    shows_line = step.caller_id == "line" or asked.is_placed or not is_number(asked.party)  # others are refused: 13214

    def build(response: VoiceResponse) -> None:
        dial = DialVerb(
            action=turn.url("dialled", number),
            timeout=step.timeout,
            time_limit=step.time_limit,
            answer_on_bridge=True,
            caller_id=field("line") if shows_line else None,
            **(
                {
                    "record": "record-from-answer-dual",
                    "recording_status_callback": turn.switch.status_url("recording", step=turn.place.name),
                }
                if step.record
                else {}
            ),
        )
        for each in rung:
            is_client = each.startswith("client:")
            noun: Callable[..., object] = dial.client if is_client else dial.number
            noun(
                each.removeprefix("client:"),
                url=turn.leg_url("whisper") if step.whisper else None,
                status_callback=turn.switch.status_url("call", **({} if step.accept else {"connects": "yes"})),
                status_callback_event="initiated ringing answered completed",
            )
        response.append(dial)

    return turn.answer(f"ring {number}{' as line' if shows_line else ''} without {absent}", build, "missed")
