"""What must not stand in a log: secrets, phone numbers, texts."""

import re
from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from app.models import Call, Message, Recording

NUMBER = re.compile(r"(?:\+|%2B)[1-9][0-9]{6,14}|(?<![\w.])1?555[0-9]{7}(?!\w)", re.IGNORECASE)
SHORTEST = 8  # characters; shorter texts, such as "ping", are words that a log may use by itself
MANY = 200  # whoever logs one of ten thousand logs these, too; to look for each in a long log takes minutes
TEXTS = (Message.body, Message.answer, Call.announcement, Recording.transcription)


def texts_in(engine: Engine) -> set[str]:
    """Texts that a database holds, MANY of each kind at most; none where it is gone, or another program's."""
    found: set[str] = set()
    with suppress(SQLAlchemyError), engine.connect() as connection:
        for column in TEXTS:
            found.update(text for text in connection.scalars(select(column).limit(MANY)) if text and len(text) >= SHORTEST)
    return found


def find(said: str, private: Iterable[str]) -> list[str]:
    """What stands in a log and should not: phone numbers, and of what is `private` that which is more than a part of a word."""
    found = [number[0] for number in NUMBER.finditer(said)]
    return found + [text for text in private if text and text in said and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", said)]
