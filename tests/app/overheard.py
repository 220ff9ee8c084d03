"""What the log of a test must not hold: secrets, phone numbers, texts. Looked through after every test of the application."""

import logging
import re
from contextlib import suppress

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import logs
from app.models import Call, Message, Recording

NUMBER = re.compile(r"(?:\+|%2B)[1-9][0-9]{6,14}|(?<![\w.])1?555[0-9]{7}(?!\w)", re.IGNORECASE)
OTHERS = ("simulator", "werkzeug", "httpx", "httpcore", "asyncio", "hypothesis")  # who writes in a test beside the application
DELIBERATE = "app.anything"  # the logger of tests that say what must be hidden
SHORTEST = 8  # characters; shorter texts, such as "ping", are words that a log may use by itself
TEXTS = (Message.body, Message.answer, Call.announcement, Recording.transcription)


class Overheard(logging.Handler):
    """Keeps what is logged, as it is written and, of the application's own lines, before the last net."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.raw: list[str] = []
        self.private: set[str] = set()
        self.setFormatter(logs.Lines())

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(OTHERS):
            return
        self.lines.append(self.format(record))
        if record.name.startswith("app.") and record.name != DELIBERATE:
            self.raw.append(record.getMessage())

    def learn(self, app: Flask) -> None:
        """Take down what is private to an application: its secrets, and the texts that its database holds."""
        self.private.update(filter(None, app.extensions["settings"].secrets))
        with suppress(SQLAlchemyError), app.extensions["engine"].connect() as connection:
            for column in TEXTS:
                self.private.update(text for text in connection.scalars(select(column)) if text and len(text) >= SHORTEST)

    def leaks(self) -> list[str]:
        """What was written and should not have been."""
        said = "\n".join((*self.lines, *self.raw))
        found = [number[0] for number in NUMBER.finditer(said)]
        return found + [text for text in self.private if text in said and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", said)]
