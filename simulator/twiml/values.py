"""What an attribute of TwiML may hold: a kind reads a value as the verbs want it, or says that it is none.

A kind returns the value to go on with (None: none of it is usable, the attribute's default holds) and whether all of
it was as it should be. Case does not matter, nor do blanks around a value: the helper libraries of other languages
write `True` and `post`.
"""

import re
from collections.abc import Callable

from simulator.addresses import is_web_address, resolve

Reading = tuple[str | None, bool]
Kind = Callable[[str], Reading]

MOST = 999_999_999
NOWHERE = "http://document.invalid/"


def _told(value: str | None) -> Reading:
    return value, value is not None


def anything(text: str) -> Reading:
    """Take a value as it is written: a name, an address, a list with rules of its own."""
    return text, True


def boolean(text: str) -> Reading:
    """Read `true` or `false`."""
    value = text.strip().lower()
    return _told(value if value in {"true", "false"} else None)


def method(text: str) -> Reading:
    """Read an HTTP method: Twilio asks by GET or POST only."""
    value = text.strip().upper()
    return _told(value if value in {"GET", "POST"} else None)


def whole(lowest: int = 0, highest: int = MOST) -> Kind:
    """Make the kind of a whole number between two bounds; an unseemly long one is none."""

    def read(text: str) -> Reading:
        found = re.fullmatch(r"\s*\+?0{0,99}([0-9]{1,9})\s*", text, re.ASCII)
        return _told(str(int(found[1])) if found and lowest <= int(found[1]) <= highest else None)

    return read


def number_or(word: str, lowest: int = 0) -> Kind:
    """Make the kind of a whole number, or a word that stands for one."""
    counted = whole(lowest)
    return lambda text: (word, True) if text.strip().lower() == word else counted(text)


def one_of(*names: str) -> Kind:
    """Make the kind of one name out of some."""
    known = {name.lower(): name for name in names}
    return lambda text: _told(known.get(text.strip().lower()))


def some_of(*names: str) -> Kind:
    """Make the kind of several names with blanks (or commas) between: those that are known are kept."""
    known = {name.lower(): name for name in names}

    def read(text: str) -> Reading:
        words = text.replace(",", " ").lower().split()
        kept = dict.fromkeys(known[word] for word in words if word in known)
        return " ".join(kept) or None, bool(words) and all(word in known for word in words)

    return read


def matching(pattern: str) -> Kind:
    """Make the kind of a text in which a pattern finds all; blanks around it are left out, case does not matter."""
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)
    return lambda text: _told(text.strip() if compiled.fullmatch(text.strip()) else None)


def address(text: str) -> Reading:
    """Read a web address, absolute or relative to the document."""
    return _told(text if is_web_address(resolve(NOWHERE, text)) else None)


KEYS = matching(r"[0-9#*]*")
TONES = matching(r"[0-9A-D#*w]*")
VOICE = matching(r"man|woman|male|female|eve|brian|alice|(polly|google|amazon|elevenlabs)\.[\w.:-]{1,80}")
SPOKEN_LANGUAGE = matching(r"arb|[a-z]{2}|[a-z]{2,3}(-[a-z]{4})?-[a-z0-9]{2,3}(-[a-z]{2,3})?")
HEARD_LANGUAGE = matching(r"multi|[a-z]{2,3}(-[a-z]{4})?-[a-z0-9]{2,3}")
SPEECH_MODEL = matching(
    r"default|numbers_and_commands|phone_call|experimental_(conversations|utterances)|(googlev2|deepgram|google)_[\w-]{1,60}"
)
SPEED = matching(r"x-slow|slow|medium|fast|x-fast|default|[+-]?[0-9]{1,4}(\.[0-9]{1,4})?%?")
TRIMMED = one_of("trim-silence", "do-not-trim")
RECORDING_EVENTS = some_of("in-progress", "completed", "absent")
