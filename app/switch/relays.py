"""Texts that go on to a person, and the person's answers back: both see our number only, never each other's.

The person knows each texter by a number of their own, "#3: their words", which stays for good, and answers "#3 as you like".
Without one, the answer goes to whoever the person last had a text from or answered. All is sent by TwiML, so that no request of
ours can double it, and the answer that is kept with the text is given again when Twilio asks again. Whoever texts are forwarded to
is no ordinary texter on that line any more: all that they text there are answers.
"""

import logging
import re
from collections.abc import Callable

from twilio.twiml.messaging_response import MessagingResponse

from app.flow.prompts import FIELDS, MAX_TEXTED
from app.ledger import TextAnswer, relays
from app.ledger.relays import Texter
from app.phone import masked
from app.switch.turns import Asked, Switch
from app.twiml import field

MAX_MEDIA = 10  # files of one message, at Twilio
TAGGED = re.compile(r"\s*#\s?([0-9]+)(?::|[.,]?(?:\s|$))(.*)", re.DOTALL)
MANY = 9  # digits of a tag: nobody has so many texters, and no column so large a number
TEXTER = re.compile(r"\+?[0-9]{3,15}")  # a number or short code; a sender that is a name ("BANK") takes no texts

NOBODY = "Nothing was sent: nobody has texted you here yet."
UNKNOWN = "Nothing was sent: there is no #{tag}. Begin with the number of a text that you got here, for example #1."
NO_WORDS = "Nothing was sent. Write your answer behind the number: #{tag} and your words."
STOPPED = "Nothing was sent: #{tag} wants no more texts from this number."
TEXTLESS = "Nothing was sent: #{tag} takes no texts."

log = logging.getLogger(__name__)

Add = Callable[[MessagingResponse], object]


def forward(switch: Switch, asked: Asked, line: str, texter: str, person: str, key: tuple[object, ...], add: Add) -> TextAnswer:
    """The answer to a text that goes on to a person; `add` adds to it what the texter is answered, and `key` is its name."""

    def answer(tag: int | None) -> str:
        if tag is None:
            log.warning("a text was not forwarded: person=%s wants no texts", masked(person))
            return _send(switch, asked, person, [], [], key, add)
        return _send(switch, asked, person, _cut(asked.value("Body"), f"#{tag}: "), _media(asked), key, add)

    return relays.forward(line, person, texter, answer)


def send_back(switch: Switch, asked: Asked, line: str, person: str) -> TextAnswer:
    """The answer to a text of somebody whom texts are forwarded to."""
    body, media = asked.value("Body"), _media(asked)
    tagged = TAGGED.fullmatch(body)
    tag, words = (tagged[1], tagged[2].strip()) if tagged else (None, body)
    if not words.strip() and not media:
        return _tell(switch, NO_WORDS, tag[:MANY] if tag else "1")
    if tag and len(tag) > MANY:
        return _tell(switch, UNKNOWN, f"{tag[:MANY]}…")

    def answer(texter: Texter | None) -> str:
        if texter is None:
            return _tell(switch, UNKNOWN if tag else NOBODY, tag or "")
        if texter.has_stopped:
            return _tell(switch, STOPPED, str(texter.tag))
        if not TEXTER.fullmatch(texter.number):
            return _tell(switch, TEXTLESS, str(texter.tag))
        return _send(switch, asked, texter.number, _cut(words), media)

    return relays.send_back(line, person, int(tag) if tag else None, answer)


def _send(
    switch: Switch,
    asked: Asked,
    to: str,
    bodies: list[str],
    media: list[str],
    key: tuple[object, ...] = (),
    add: Add = lambda response: None,
) -> str:
    """The document that sends those words and files to a number, as many messages as it takes, and what `add` adds."""

    def build() -> MessagingResponse:
        response = MessagingResponse()
        for number in range(len(bodies) or min(len(media), 1)):
            message = response.message(to=field("to"))
            if bodies:
                message.body(field(f"body {number}"))
            for each in range(len(media) if number == 0 else 0):
                message.media(field(f"media {each}"))
        add(response)
        return response

    values = {"to": to} | {f"body {n}": body for n, body in enumerate(bodies)} | {f"media {n}": url for n, url in enumerate(media)}
    document = switch.document(("relay", len(bodies), len(media), *key), build)
    return document.fill(lambda name: values[name] if name in values else asked.value(FIELDS[name]))


def _tell(switch: Switch, sentence: str, tag: str) -> str:
    """A sentence to the person who texts."""

    def build() -> MessagingResponse:
        response = MessagingResponse()
        response.message(sentence.format(tag=field("tag")))
        return response

    return switch.document(("tell", sentence), build).fill(lambda name: tag)


def _cut(text: str, prefix: str = "") -> list[str]:
    """A text as messages that are not too long, each with the prefix; a blank one is none, unless it has a prefix."""
    room = MAX_TEXTED - len(prefix)
    pieces = [text[start : start + room] for start in range(0, max(len(text), 1), room)]
    return [prefix + piece for piece in pieces if (prefix + piece).strip()]


def _media(asked: Asked) -> list[str]:
    """Where the files are that came with a text."""
    return [url for number in range(MAX_MEDIA) if (url := asked.value(f"MediaUrl{number}"))]
