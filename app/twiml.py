"""TwiML as text: documents that are built once, with fields that each call or text fills in."""

import re
from collections.abc import Callable
from string import Formatter
from urllib.parse import quote
from xml.sax.saxutils import escape

from twilio.twiml import TwiML

from app.flow.prompts import MAX_FILLED

# What XML 1.0 (section 2.2) does not allow: a document with one of these is refused whole, with Twilio's error 12100.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# A field inside a document that is not filled in yet: characters for private use, which nothing written in a flow may hold.
_OPEN, _CLOSE = "\ue000", "\ue001"
_FIELD = re.compile(f"{_OPEN}(.)([^{_CLOSE}]*){_CLOSE}")
_WHOLE, _TEXT, _SPOKEN, _URL = "w", "t", "s", "u"


def xml_safe(text: str) -> str:
    """The text without the characters that XML cannot carry; emoji and right-to-left marks stay."""
    return NOT_XML.sub("", text)


def field(name: str) -> str:
    """A place in a text or an attribute that is filled in with the whole value of that name: whoever gives it knows its limit."""
    return f"{_OPEN}{_WHOLE}{name}{_CLOSE}"


def url_field(name: str) -> str:
    """A place in an address that is filled in with the value of that name, percent-encoded."""
    return f"{_OPEN}{_URL}{name}{_CLOSE}"


def with_fields(text: str, *, spoken: bool = False) -> str:
    """A text of the flow with its {names} as fields, of at most 250 characters each; `spoken` numbers are read digit by digit."""
    kind = _SPOKEN if spoken else _TEXT
    return "".join(
        literal + (f"{_OPEN}{kind}{name}{_CLOSE}" if name is not None else "") for literal, name, *_ in Formatter().parse(text)
    )


class Document:
    """A TwiML document; filling it in costs microseconds where building it costs hundreds."""

    def __init__(self, twiml: TwiML) -> None:
        self._parts = _FIELD.split(str(twiml))  # text, kind, name, text, kind, name, …, text
        self.is_constant = len(self._parts) == 1

    def fill(self, value: Callable[[str], str]) -> str:
        """The document as text, with `value` of each field's name in its place, whatever that holds."""
        if self.is_constant:
            return self._parts[0]
        filled = list(self._parts)
        for at in range(1, len(filled), 3):
            filled[at + 1] = _written(filled[at], value(filled[at + 1]))
            filled[at] = ""
        return "".join(filled)


def _written(kind: str, value: str) -> str:
    value = xml_safe(value)
    if kind == _SPOKEN:
        value = value.removeprefix("client:")
        value = " ".join(value.lstrip("+")) if value.lstrip("+").isdigit() else value
    if kind != _WHOLE:
        value = value[:MAX_FILLED]
    if kind == _URL:
        return quote(value, safe="")
    return escape(value, {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
