"""Passwords that were tried: what the limit on sign-in attempts counts."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from app.clock import now
from app.database import lately, read, take_turns, write
from app.ledger import audit
from app.models import SignInTry

KNOWN = timedelta(days=30)  # for which an address is known after somebody signed in from there
DAY = timedelta(days=1)

# Built once: each request of a script asks for it.
TRIED = select(SignInTry.guess, SignInTry.wrong).where(
    SignInTry.address == bindparam("address"), SignInTry.at.between(bindparam("since"), bindparam("until"))
)


@dataclass(frozen=True)
class Guess:
    """A password that may be compared: how many `others` of its address count, and whether it `was_right` lately."""

    others: int
    was_right: bool


def begin(address: str, guess: str, within: timedelta, *, at_most: int, in_all: int) -> Guess | None:
    """Count a password before it is compared; None if it may not be, as too many that were not right came lately.

    What came `in_all` does not count against an address from which somebody has signed in.

    Many at once are counted one after the other, whichever worker they come to. One that is being compared already, or was right
    lately, is counted already, and costs no write: so a script may ask for many things at once.
    """
    tried = {"address": address, "since": now() - within, "until": now() + within}

    def judge(connection: Connection) -> tuple[Guess | None, bool]:
        rows = [(row.guess, row.wrong) for row in connection.execute(TRIED, tried)]
        own = [wrong for known, wrong in rows if known == guess and not wrong]
        others = sum(1 for known, wrong in rows if wrong or (wrong is None and known != guess))
        return (Guess(others, False in own) if others < at_most else None), bool(own)

    with read() as session:
        found, is_known = judge(session.connection())
    if found is None or is_known:
        return found

    def work(connection: Connection) -> Guess | None:
        take_turns(connection, "sign in")
        found, is_known = judge(connection)
        if found is None or is_known:
            return found
        all_lately = connection.scalar(select(func.count()).select_from(SignInTry).where(lately(SignInTry.at, within))) or 0
        if all_lately >= in_all and not audit.has_signed_in(connection, address, KNOWN):
            return None
        connection.execute(delete(SignInTry).where(~lately(SignInTry.at, within)))
        connection.execute(insert(SignInTry).values(address=address, guess=guess, wrong=None, at=now()))
        return found

    return write(work)


def note_wrong(address: str, guess: str) -> None:
    """Write that it was wrong: to try it again counts again."""
    tried = SignInTry.address == address, SignInTry.guess == guess
    write(lambda connection: connection.execute(update(SignInTry).where(*tried).values(wrong=True)))


def note_right(address: str, guess: str, *, script: str | None) -> None:
    """Write that it was right, and start the count for `address` anew.

    That a `script` of that name came in with it is in the audit once a day: nobody else's guesses lock its address out then.
    """
    own = SignInTry.guess == guess

    def work(connection: Connection) -> None:
        connection.execute(delete(SignInTry).where(SignInTry.address == address, ~own))
        connection.execute(update(SignInTry).where(SignInTry.address == address, own).values(wrong=False))
        if script and not audit.is_known(connection, script, address, "signed in", "", DAY):
            audit.add(connection, script, address, "signed in")

    write(work)
