"""What callers and texters are told, as TwiML."""

import re
from functools import cache

from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

GREETING = "Hello Monkey!"
REPLY = "Hey, thanks for the ping! Twilio and Azure rock!"
SORRY = "We are sorry, something went wrong. Please call again later."

# What XML 1.0 (section 2.2) does not allow: a document with one of these is refused whole, with Twilio's error 12100.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_safe(text: str) -> str:
    """The text without the characters that XML cannot carry; emoji and right-to-left marks stay."""
    return NOT_XML.sub("", text)


@cache
def say(text: str) -> str:
    """A voice document that says `text` and hangs up."""
    response = VoiceResponse()
    response.say(xml_safe(text))
    return str(response)


@cache
def reply(text: str) -> str:
    """A messaging document that answers with `text`."""
    response = MessagingResponse()
    response.message(xml_safe(text))
    return str(response)
