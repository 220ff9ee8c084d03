"""What the log of a test must not hold: secrets, phone numbers, texts. Looked through after every test of the application."""

import logging

from flask import Flask

from app import logs
from bench import leaks

OTHERS = ("simulator", "werkzeug", "httpx", "httpcore", "asyncio", "hypothesis")  # who writes in a test beside the application
DELIBERATE = "app.anything"  # the logger of tests that say what must be hidden


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
        self.private |= leaks.texts_in(app.extensions["engine"])

    def leaks(self) -> list[str]:
        """What was written and should not have been."""
        return leaks.find("\n".join((*self.lines, *self.raw)), self.private)
