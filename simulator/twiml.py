"""TwiML: from an HTTP answer to verbs, with the error codes that Twilio gives to what is wrong with it.

Facts: https://www.twilio.com/docs/api/twiml/your_response for content types, https://www.twilio.com/docs/api/errors
for codes, and Twilio's voice schema (twiml_v20100401) for names and attributes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

XML_TYPES = frozenset({"text/xml", "application/xml", "text/html", "application/xhtml+xml"})
VERSIONS = frozenset({"2010-04-01", "2008-08-01"})

# Attributes by verb. A verb without an entry in `verbs.VERBS` is Twilio's, but not simulated yet.
VOICE_VERBS: dict[str, frozenset[str]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Play": frozenset({"loop", "digits"}),
    "Pause": frozenset({"length"}),
    "Redirect": frozenset({"method"}),
    "Reject": frozenset({"reason"}),
    "Hangup": frozenset(),
    "Sms": frozenset({"to", "from", "action", "method", "statusCallback"}),
}
VOICE_VERBS_TO_COME = frozenset(
    {"Connect", "Dial", "Echo", "Enqueue", "Gather", "Leave", "Pay", "Prompt", "Queue", "Record", "Refer", "Start"} | {"Stop"}
)
MESSAGE_VERBS: dict[str, frozenset[str]] = {
    "Message": frozenset({"to", "from", "action", "method", "statusCallback"}),
    "Sms": frozenset({"to", "from", "action", "method", "statusCallback"}),
    "Redirect": frozenset({"method"}),
}

Alarm = Callable[[int, str, str], None]


class TwimlError(Exception):
    """A document that cannot be carried out; `code` is Twilio's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Verb:
    """One element: its name, attributes, all text in it (SSML read as text), nested elements and its own text."""

    name: str
    attributes: dict[str, str]
    text: str
    children: tuple["Verb", ...] = ()
    own_text: str = ""

    def get(self, attribute: str, default: str = "") -> str:
        """Read an attribute."""
        return self.attributes.get(attribute, default)

    def parts(self, name: str) -> list["Verb"]:
        """List the nested elements of one name."""
        return [child for child in self.children if child.name == name]


@dataclass(frozen=True)
class Document:
    """The verbs of a TwiML document and the URL its relative addresses start from."""

    verbs: tuple[Verb, ...]
    base_url: str = ""


def read_document(body: bytes, content_type: str | None, url: str, plain_verb: str = "Say") -> Document:
    """Read an HTTP answer as Twilio does: XML is TwiML, plain text is said or sent, audio played; else TwimlError."""
    if not body:
        raise TwimlError(11770, "Empty response body")
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind in XML_TYPES:
        return Document(parse(body), url)
    if kind == "text/plain":
        text = body.decode("utf-8", "replace").strip()
        return Document((Verb(plain_verb, {}, text, own_text=text),), url)
    if kind.startswith("audio/"):
        return Document((Verb("Play", {}, url),), url)
    raise TwimlError(12300, f"Invalid Content-Type: {content_type or 'none'}")


def parse(text: bytes | str) -> tuple[Verb, ...]:
    """Parse a document into its verbs, refusing any DOCTYPE and with it every entity."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise TwimlError(12100, f"Document parse failure: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise TwimlError(12100, "Document parse failure: a document type is not allowed")
    if root.tag != "Response":
        raise TwimlError(12100, f"Document parse failure: the root element is {root.tag}, not Response")
    if root.get("version", "2010-04-01") not in VERSIONS:
        raise TwimlError(12101, "Invalid Twilio Markup XML version")
    return tuple(_verb(element) for element in root)


def _verb(element: Any) -> Verb:
    text = "".join(str(piece) for piece in element.itertext())
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    own = "".join([element.text or ""] + [child.tail or "" for child in element])
    return Verb(str(element.tag), attributes, text.strip(), tuple(_verb(child) for child in element), own.strip())


def known_verbs(document: Document, allowed: dict[str, frozenset[str]], alarm: Alarm) -> list[Verb]:
    """Leave out what the schema does not know, as Twilio does: a warning (12200) each, and the rest goes on."""
    kept = []
    for verb in document.verbs:
        if verb.name not in allowed and not (allowed is VOICE_VERBS and verb.name in VOICE_VERBS_TO_COME):
            alarm(12200, f"Schema validation warning: {verb.name} is not a verb here", "warning")
            continue
        strange = sorted(set(verb.attributes) - allowed.get(verb.name, frozenset(verb.attributes)))
        if strange:
            alarm(12200, f"Schema validation warning: {verb.name} has no {', '.join(strange)}", "warning")
        kept.append(verb)
    return kept
