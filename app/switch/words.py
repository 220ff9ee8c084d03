"""Steps that need nobody's answer: say, sms, redirect, hangup, reject."""

from twilio.twiml.voice_response import VoiceResponse

from app.flow.prompts import MAX_FILLED, filled
from app.flow.steps import Hangup, Redirect, Reject, Say, Sms
from app.switch.numbers import is_number
from app.switch.turns import Answer, Turn, on
from app.twiml import field, with_fields

MOST_HEARD = 8  # prompts of one document, which may have 64 kB


@on(Say)
def say(turn: Turn[Say]) -> Answer:
    """Heard in one document with the step that follows, which saves Twilio a request and the caller a pause."""
    said = turn.hear("say")
    if turn.step.next is None:
        return said.answer("", lambda response: None)
    if len(said.heard) >= MOST_HEARD:
        next_url = turn.switch.url(turn.place.target(turn.step.next))
        return said.answer("", lambda response: response.redirect(next_url))
    return said.go(turn.step.next)


@on(Sms)
def sms(turn: Turn[Sms]) -> Answer:
    """Sent by the verb, so that no request of ours can double it; whoever opted out, has no number, or costs too much gets none."""
    own = turn.step.to != "caller"
    to = turn.switch.flow.texted(turn.step.to, turn.place.flow) if own else turn.asked.party
    body = filled(turn.step.body, lambda name: turn.asked.field(name)[:MAX_FILLED])
    if not is_number(to) or not turn.asked.may_text(turn.asked.line, to):
        return turn.go(turn.step.next)
    if not turn.asked.may_send(turn.place.name, to, body, own):
        return turn.go(turn.step.next)

    def build(response: VoiceResponse) -> None:
        response.sms(
            with_fields(turn.step.body),
            to=to if own else field("caller"),
            from_=field("line"),
            status_callback=turn.switch.status_url("message"),
        )
        if turn.step.next:
            response.redirect(turn.switch.url(turn.place.target(turn.step.next)))

    return turn.answer("", build)


@on(Redirect)
def redirect(turn: Turn[Redirect]) -> Answer:
    to = turn.step.to if "://" in turn.step.to else turn.switch.url(turn.place.target(turn.step.to))
    return turn.answer("", lambda response: response.redirect(to))


@on(Hangup)
def hangup(turn: Turn[Hangup]) -> Answer:
    return turn.answer("", lambda response: response.hangup())


@on(Reject)
def reject(turn: Turn[Reject]) -> Answer:
    return turn.answer("", lambda response: response.reject(reason=turn.step.reason))
