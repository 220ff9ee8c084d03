"""How many segments a text takes: GSM 03.38 where every character has a place in it, UCS-2 otherwise.

Facts: https://www.twilio.com/docs/glossary/what-sms-character-limit, and github.com/TwilioDevEd/message-segment-calculator:
what is read as one character (an accent on its letter, a family of emoji) is not parted between two segments.
"""

import unicodedata
from collections.abc import Iterable, Iterator

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")

GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67

ZERO_WIDTH_JOINER = "\u200d"
MARKS = frozenset({"Mn", "Mc", "Me"})


def is_gsm(text: str) -> bool:
    """Tell whether every character has a place in the GSM alphabet or its extension table."""
    return all(character in GSM_BASIC or character in GSM_EXTENDED for character in text)


def count_segments(text: str) -> int:
    """Count the segments of a text; an empty one takes one, too."""
    if is_gsm(text):
        return _count([2 if character in GSM_EXTENDED else 1 for character in text], GSM_SINGLE, GSM_PART)
    return _count(_cluster_units(text), UCS2_SINGLE, UCS2_PART)


def _count(units: Iterable[int], single: int, part: int) -> int:
    units = list(units)
    if sum(units) <= single:
        return 1
    segments, room = 1, part
    for unit in units:
        if unit > room:
            segments, room = segments + 1, part
        room -= unit
    return segments


def _cluster_units(text: str) -> Iterator[int]:
    """Give the UTF-16 units of each readable character; one that no segment can hold is parted after all."""
    for cluster in _clusters(text):
        units = [2 if ord(character) > 0xFFFF else 1 for character in cluster]
        if sum(units) > UCS2_PART:
            yield from units
        else:
            yield sum(units)


def _clusters(text: str) -> Iterator[str]:
    cluster = ""
    for character in text:
        if cluster and _belongs(cluster, character):
            cluster += character
            continue
        if cluster:
            yield cluster
        cluster = character
    if cluster:
        yield cluster


def _belongs(cluster: str, character: str) -> bool:
    """Tell whether a character is read as one with those before it."""
    category, code = unicodedata.category(character), ord(character)
    if category in MARKS or character in "\u200c\u200d" or 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:
        return True
    if cluster[-1] == ZERO_WIDTH_JOINER:
        return category == "So"
    if _is_flag_letter(character):
        return len(cluster) == 1 and _is_flag_letter(cluster)
    return cluster == "\r" and character == "\n"


def _is_flag_letter(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF
