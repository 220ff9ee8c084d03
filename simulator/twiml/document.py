"""TwiML: from an HTTP answer to elements, with the error codes that Twilio gives to what cannot be read.

Facts: https://www.twilio.com/docs/api/twiml/your_response for content types, https://www.twilio.com/docs/api/errors
for codes. What the elements may hold is in `grammar`, and compared in `schema`.

Expat reads the XML: it refuses a DOCTYPE before any entity is read, keeps no stack of its own, and takes a name with an
undeclared prefix (`amazon:effect`) as it is written.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

XML_TYPES = frozenset({"text/xml", "application/xml", "text/html", "application/xhtml+xml"})
VERSIONS = frozenset({"2010-04-01", "2008-08-01"})
MAX_DEPTH = 50  # real documents stay under ten; each level costs a copy of the text in it

# Seconds of silence by strength, as Amazon Polly has them; a `time` counts up to ten seconds.
BREAKS = {"none": 0.0, "x-weak": 0.0, "weak": 0.2, "medium": 0.4, "strong": 0.6, "x-strong": 1.0}
LONGEST_BREAK = 10.0
APART = frozenset({"break", "p", "s"})  # between these and their neighbours words end
CODECS = re.compile(
    r"utf-8(-sig)?|utf-16(-[lb]e)?|ascii|iso8859-[0-9]+|cp125[0-8]|koi8-[ru]|mac-roman"
    r"|shift_jis|euc_jp|iso2022_jp|gb2312|gbk|gb18030|big5|euc_kr"
)
DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)

Alarm = Callable[[int, str, str], None]


class TwimlError(Exception):
    """A document that cannot be carried out; `code` is Twilio's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)  # frozen ones take three times as long to make, and a document may hold 16,000
class Verb:
    """One element: its name, attributes, all text in it (SSML read as text), nested elements and its own text.

    `line` is where it begins, `silence` the seconds that the breaks in it last. Nobody changes one.
    """

    name: str
    attributes: dict[str, str]
    text: str
    children: tuple["Verb", ...] = ()
    own_text: str = ""
    line: int = 0
    silence: float = 0.0

    def get(self, attribute: str, default: str = "") -> str:
        """Read an attribute."""
        return self.attributes.get(attribute, default)

    def number(self, attribute: str, default: int) -> int:
        """Read an attribute that counts, which the grammar has checked."""
        return int(self.attributes.get(attribute, default))

    def flag(self, attribute: str, default: bool = False) -> bool:
        """Read an attribute that is true or false, which the grammar has checked."""
        return self.attributes.get(attribute, str(default).lower()) == "true"

    def parts(self, name: str) -> list["Verb"]:
        """List the nested elements of one name."""
        return [child for child in self.children if child.name == name]


@dataclass(frozen=True)
class Document:
    """The verbs of a TwiML document, the URL its relative addresses start from, and what else its root holds."""

    verbs: tuple[Verb, ...]
    base_url: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    own_text: str = ""


def read_document(body: bytes, content_type: str | None, url: str, plain_verb: str = "Say") -> Document:
    """Read an HTTP answer as Twilio does: XML is TwiML, plain text is said or sent, audio played; else TwimlError."""
    if not body:
        raise TwimlError(11770, "Empty response body")
    kind = (content_type or "").partition(";")[0].strip().lower()
    named = CHARSET.search(content_type or "")
    charset = named[1] if named else ""
    if kind in XML_TYPES:
        return read_markup(body, url, charset)
    if kind == "text/plain":
        text = body.decode(_codec(charset) or "utf-8", "replace").strip()
        return Document((Verb(plain_verb, {}, text, own_text=text),), url)
    if kind.startswith("audio/"):
        return Document((Verb("Play", {}, url, own_text=url),), url)
    raise TwimlError(12300, f"Invalid Content-Type: {content_type[:80] if content_type else 'none'}")


def read_markup(text: bytes | str, url: str = "", charset: str = "") -> Document:
    """Read a document, refusing any DOCTYPE and with it every entity; TwimlError says what is wrong with it.

    Its encoding is that of its byte order mark, or of its declaration, or else of the HTTP header (`charset`).
    """
    root = _Reader().read(*_as_utf8(text, charset))
    if root.name != "Response":
        raise TwimlError(12100, f"Document parse failure: the root element is {root.name[:40]}, not Response")
    if root.get("version", "2010-04-01") not in VERSIONS:
        raise TwimlError(12101, "Invalid Twilio Markup XML version")
    return Document(root.children, url, root.attributes, root.own_text)


def parse(text: bytes | str) -> tuple[Verb, ...]:
    """Read a document's verbs."""
    return read_markup(text).verbs


def _codec(name: str) -> str | None:
    """Find Python's name of an encoding that text comes in; None for others, as UTF-7, and for what is none."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if CODECS.fullmatch(found) else None


def _as_utf8(text: bytes | str, charset: str) -> tuple[bytes, str | None]:
    """Give bytes for expat, and their encoding where that is not for expat to find out (UTF-16 by its mark)."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass"), "utf-8"
    if text.startswith(codecs.BOM_UTF8):
        return text, "utf-8"
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text, None
    declared = DECLARATION.match(text)
    name = declared[1].decode("ascii", "replace") if declared else charset
    codec = _codec(name)
    if declared and codec is None:
        raise TwimlError(12100, f"Document parse failure: the encoding {name} is not known")
    if codec in {None, "utf-8"}:
        return text, codec
    try:
        return text.decode(codec or "").encode(), "utf-8"
    except UnicodeError as error:
        raise TwimlError(12100, f"Document parse failure: it is not encoded as {name}") from error


class _Open:
    """An element whose end is not read yet."""

    __slots__ = ("attributes", "children", "line", "name", "own", "silence", "words")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name, self.attributes, self.line = name, attributes, line
        self.words: list[str] = []
        self.own: list[str] = []
        self.children: list[Verb] = []
        self.silence = 0.0


class _Reader:
    """Builds the elements while expat reads."""

    def __init__(self) -> None:
        self._stack = [_Open("", {}, 0)]

    def read(self, raw: bytes, encoding: str | None) -> Verb:
        """Read a whole document and return its root."""
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        try:
            self._parser.Parse(raw, True)
        except expat.ExpatError as error:
            problem = expat.ErrorString(error.code)
            text = f"Document parse failure: {problem} (line {error.lineno}, column {error.offset + 1})"
            raise TwimlError(12100, text) from error
        except (ValueError, LookupError) as error:
            raise TwimlError(12100, "Document parse failure: its encoding cannot be read") from error
        finally:
            del self._parser  # it holds us, and we hold it
        return self._stack[0].children[0]

    def _refuse(self, *_: object) -> None:
        raise TwimlError(12100, "Document parse failure: a document type is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) > MAX_DEPTH:
            raise TwimlError(12100, f"Document parse failure: elements are nested more than {MAX_DEPTH} deep")
        self._stack.append(_Open(name, attributes, self._parser.CurrentLineNumber))

    def _text(self, text: str) -> None:
        self._stack[-1].words.append(text)
        self._stack[-1].own.append(text)

    def _end(self, name: str) -> None:
        done, parent = self._stack.pop(), self._stack[-1]
        if not (done.words or done.children or done.attributes) and name not in APART:  # most of a document made to hurt
            parent.children.append(Verb(name, done.attributes, "", line=done.line))
            return
        words = "".join(done.words)
        if name == "sub" and "alias" in done.attributes:
            words = done.attributes["alias"]
        elif name == "break":
            done.silence += _break_seconds(done.attributes)
        own = "".join(done.own).strip()
        parent.children.append(
            Verb(name, done.attributes, words.strip(), tuple(done.children), own, done.line, min(done.silence, 3600.0))
        )
        parent.words.append(f" {words} " if name in APART else words)
        parent.silence += done.silence


def _break_seconds(attributes: dict[str, str]) -> float:
    timed = re.fullmatch(r"\s*([0-9]{1,5}(?:\.[0-9]{1,4})?)(ms|s)\s*", attributes.get("time", ""), re.ASCII)
    if timed is None:
        return BREAKS.get(attributes.get("strength", "medium"), BREAKS["medium"])
    return min(float(timed[1]) / (1000 if timed[2] == "ms" else 1), LONGEST_BREAK)
