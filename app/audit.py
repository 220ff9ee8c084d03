"""The audit: what people did with calls, texts and recordings, and what jobs deleted. Webhooks are not part of it.

What costs is written in the transaction that begins it (`noting`), all else before it is done (`note`): nothing is done without an
entry. Only what a job deleted is noted when its round is over, and what a person settled once it is, for it may be refused.
"""

import getpass
from collections.abc import Callable
from datetime import timedelta

from flask import has_request_context, request
from sqlalchemy import Connection

from app.auth import OPERATOR, SCRIPT, client_address
from app.database import write
from app.ledger import audit
from app.ledger.audit import Action

COMMAND_LINE = "command line"
JOB = "job"
ONE_LISTENING = timedelta(hours=1)  # a recording lasts no longer; players ask for it in many parts


def note(action: Action, subject: str = "", *, job: str | None = None) -> int:
    """Write who does what: whoever makes this request or typed this command, or else the `job`. Raises LedgerUnavailable.

    `subject` is an attempt, a SID, a masked number or a session. Returns the entry's id.
    """
    who, address = (job, JOB) if job else _whoever()
    return write(lambda connection: audit.add(connection, who, address, action, subject))


def noting(action: Action) -> Callable[[Connection, str], None]:
    """The same, to be done within another transaction: it is given that and the subject."""
    who, address = _whoever()

    def add(connection: Connection, subject: str) -> None:
        audit.add(connection, who, address, action, subject)

    return add


def note_listening(sid: str) -> None:
    """Write who listens to a recording, unless it is the same listening. Raises LedgerUnavailable."""
    who, address = _whoever()

    def work(connection: Connection) -> None:
        if not audit.is_known(connection, who, address, "listened", sid, ONE_LISTENING):
            audit.add(connection, who, address, "listened", sid)

    write(work)


def _whoever() -> tuple[str, str]:
    """Who does this, and from where."""
    if has_request_context():
        return SCRIPT if "Authorization" in request.headers else OPERATOR, client_address()
    try:
        return getpass.getuser(), COMMAND_LINE
    except (KeyError, OSError):  # a user without a name, as containers have them
        return "unknown", COMMAND_LINE
