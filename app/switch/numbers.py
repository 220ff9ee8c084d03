"""Who is on the line: a number, a browser phone, or somebody who does not say."""

import re

# What carriers send in place of a number that is withheld (https://help.twilio.com/articles/223179988): words on a keypad, or none.
WITHHELD = ("+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+464")
KNOWN = re.compile(r"\+[0-9]{5,15}|client:.+|sips?:.+")
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def is_anonymous(caller: str) -> bool:
    """Whether a caller withheld the number."""
    return caller in WITHHELD or not KNOWN.fullmatch(caller)


def is_number(caller: str) -> bool:
    """Whether a caller has a number that can be called back, sent a text, and shown to others."""
    return caller not in WITHHELD and NUMBER.fullmatch(caller) is not None
