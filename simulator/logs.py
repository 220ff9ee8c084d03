"""What the simulator's log may hold: no phone number in full."""

import logging
import re

from simulator.numbering import mask_number

_NUMBER = re.compile(r"(?:\+|%2B)[1-9][0-9]{6,14}", re.IGNORECASE)


class MaskingFormatter(logging.Formatter):
    """Writes a line, with its traceback, and hides all but the last two digits of every phone number in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        return _NUMBER.sub(lambda found: mask_number(found.group()), super().format(record))


def start_logging() -> None:
    """Log warnings and errors of everything to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
