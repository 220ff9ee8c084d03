"""How many segments a text takes: what Twilio charges for.

GSM 03.38 where each character has a place in that alphabet, some of them two, else UCS-2, in which an emoji takes two
(https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding). A part of a longer text has a header, and less room;
what takes two places is never parted.
"""

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED = frozenset("\f^{}\\[~]|€")
ALONE_AND_PART = {"GSM": (160, 153), "UCS-2": (70, 67)}


def count(text: str) -> int:
    """The segments of a text; an empty one takes one, too."""
    if all(character in GSM or character in GSM_ESCAPED for character in text):
        places, (alone, part) = [2 if character in GSM_ESCAPED else 1 for character in text], ALONE_AND_PART["GSM"]
    else:
        places, (alone, part) = [2 if ord(character) > 0xFFFF else 1 for character in text], ALONE_AND_PART["UCS-2"]
    if sum(places) <= alone:
        return 1
    segments, room = 1, part
    for taken in places:
        if taken > room:
            segments, room = segments + 1, part
        room -= taken
    return segments
