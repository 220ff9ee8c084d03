"""How many segments a text takes: GSM 03.38 where every character has a place in it, UCS-2 otherwise."""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")

GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67


def is_gsm(text: str) -> bool:
    """Tell whether every character has a place in the GSM alphabet or its extension table."""
    return all(character in GSM_BASIC or character in GSM_EXTENDED for character in text)


def count_segments(text: str) -> int:
    """Count the segments of a text; one of two code units is never split between two segments."""
    if is_gsm(text):
        return _count([2 if character in GSM_EXTENDED else 1 for character in text], GSM_SINGLE, GSM_PART)
    return _count([2 if ord(character) > 0xFFFF else 1 for character in text], UCS2_SINGLE, UCS2_PART)


def _count(units: list[int], single: int, part: int) -> int:
    if sum(units) <= single:
        return 1
    segments, room = 1, part
    for unit in units:
        if unit > room:
            segments, room = segments + 1, part
        room -= unit
    return segments
