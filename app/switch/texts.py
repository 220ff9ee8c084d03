"""What texters are answered, as messaging TwiML."""

from twilio.twiml.messaging_response import MessagingResponse

from app.flow.prompts import FIELDS
from app.flow.texts import Reply
from app.switch.turns import Asked, Switch
from app.twiml import Document, with_fields

NOTHING = str(MessagingResponse())


def reply(switch: Switch, asked: Asked) -> str:
    """What to answer to an incoming text: by its words, else the default, or nothing."""
    number = asked.value("To")
    found = switch.flow.file_for(number).texts.match(asked.value("Body"))
    if found is None:
        return NOTHING
    key = ("text", switch.flow.name_for(number), found)
    document = switch.documents.get(key)
    if document is None:
        document = switch.documents[key] = _document(switch, found, switch.flow.name_for(number))
    return document.fill(lambda name: asked.value(FIELDS.get(name, name)))


def sorry(switch: Switch, line: str) -> str:
    """What a texter to that number of ours is answered when there is no right answer."""
    response = MessagingResponse()
    response.message(with_fields(switch.flow.file_for(line).texts.sorry))
    return Document(response).fill(lambda name: "")


def _document(switch: Switch, reply: Reply, flow: str) -> Document:
    response = MessagingResponse()
    body = with_fields(reply.reply) if reply.reply else None
    if reply.pictures:
        message = response.message()
        if body:
            message.body(body)
        for picture in reply.pictures:
            message.media(switch.file_url(picture, flow))
    elif body:
        response.message(body)
    return Document(response)
