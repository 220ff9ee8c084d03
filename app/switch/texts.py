"""What texters are answered, as messaging TwiML."""

from twilio.twiml.messaging_response import MessagingResponse

from app import consent
from app.flow.prompts import FIELDS
from app.flow.texts import Reply
from app.ledger import NO_ANSWER, TextAnswer
from app.models import TEXT
from app.switch import relays
from app.switch.turns import Asked, Switch
from app.twiml import with_fields


def reply(switch: Switch, asked: Asked, *, silent: bool = False) -> TextAnswer:
    """What to answer to an incoming text; nothing that costs, where it is to be `silent`.

    Whether the texter has opted out is not looked up: each text would pay for it, and Twilio sends them no answer of ours anyway.
    """
    line, number = asked.value("To")[:TEXT], asked.value("From")[:TEXT]
    otherwise = NO_ANSWER if silent else _answer(switch, asked, line, number)
    return consent.heed(line, number, asked.value("Body"), asked.value("OptOutType"), otherwise)


def is_due(switch: Switch, asked: Asked) -> bool:
    """Whether a text is answered, or goes on to somebody, unless we are to be silent; what Twilio answers is not."""
    if consent.is_answered_by_twilio(asked.value("Body"), asked.value("OptOutType")):
        return False
    answer = _answer(switch, asked, asked.value("To")[:TEXT], asked.value("From")[:TEXT])
    return not isinstance(answer, str) or "<Message" in answer


def fallback(switch: Switch, asked: Asked, *, silent: bool = False) -> str:
    """What a texter is answered when there is no right answer; it needs no database."""
    if silent or switch.is_from_us(asked) or consent.is_answered_by_twilio(asked.value("Body"), asked.value("OptOutType")):
        return NO_ANSWER
    flow = switch.flow.name_for(asked.line)
    sorry = with_fields(switch.flow.file_for(asked.line).texts.sorry)
    document = switch.document(("sorry text", flow), lambda: _response(lambda response: response.message(sorry)))
    return document.fill(lambda name: asked.value(FIELDS[name]))


def _answer(switch: Switch, asked: Asked, line: str, number: str) -> TextAnswer:
    """By who texts, else by the words of the text, else the default, or nothing."""
    if switch.is_from_us(asked):
        return NO_ANSWER
    flow = switch.flow.name_for(line)
    if number in switch.flow.answering(flow):
        return relays.send_back(switch, asked, line, number)
    found = switch.flow.file_for(line).texts.match(asked.value("Body"))
    if found is None:
        return NO_ANSWER

    def add(response: MessagingResponse) -> None:
        _add(response, switch, found, flow)

    person = switch.flow.texted(found.forward_to, flow) if found.forward_to else line
    if person != line:  # no number can text itself
        return relays.forward(switch, asked, line, number, person, (flow, found), add)
    return switch.document(("text", flow, found), lambda: _response(add)).fill(lambda name: asked.value(FIELDS[name]))


def _response(add: relays.Add) -> MessagingResponse:
    response = MessagingResponse()
    add(response)
    return response


def _add(response: MessagingResponse, switch: Switch, reply: Reply, flow: str) -> None:
    """Add what the texter is answered, if anything."""
    body = with_fields(reply.reply) if reply.reply else None
    if reply.pictures:
        message = response.message()
        if body:
            message.body(body)
        for picture in reply.pictures:
            message.media(switch.file_url(picture, flow))
    elif body:
        response.message(body)
