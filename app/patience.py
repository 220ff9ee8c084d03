"""How long anybody waits for the database: a request has one stock of patience, and hardly any while waiting is in vain."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import ceil
from threading import Lock
from time import monotonic

from flask import has_request_context, request

from app.errors import LedgerUnavailable

PATIENCE: float = 5  # seconds for one piece of work, and outside of requests for each of its statements
IN_ALL: float = 8  # seconds for all that a request does; Twilio waits 15 for its answer, which may need Twilio's own as well
BRIEF = 0.2  # seconds for one piece of work after somebody waited in vain …
REST = 1  # … and seconds after which one is patient again, for all
WAITED = "switchboard.waited"  # where a request counts the seconds, in its environ

_until: ContextVar[float | None] = ContextVar("until", default=None)


def left() -> float:
    """Seconds that may still be waited for what is under way."""
    until = _until.get()
    return PATIENCE if until is None else max(0.0, until - monotonic())


def left_roughly() -> float:
    """The same, but only ever so many different: for limits that cost something to set."""
    seconds = left()
    return min(PATIENCE, ceil(seconds)) if seconds > 1 else round(seconds, 1)


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Wait until then, for others who may."""
    token = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(token)


class Fuse:
    """After somebody waited in vain nobody waits for more than a moment, until one who is patient now and then comes through.

    A worker has 16 threads. Were each to wait its time in a queue of a hundred webhooks, the last would be answered after half a
    minute, and Twilio gives up after 15 s. A database that is well again answers in that moment. What fails fast holds up nobody,
    and blows no fuse.
    """

    def __init__(self) -> None:
        self._blown_until = 0.0
        self._worked_at = 0.0
        self._lock = Lock()

    @contextmanager
    def work(self) -> Iterator[None]:
        """A piece of work with the database, within the patience that there is. Raises LedgerUnavailable, at once if blown."""
        began = monotonic()
        environ = request.environ if has_request_context() else None
        waited = environ.get(WAITED, 0.0) if environ is not None else 0.0
        if waited >= IN_ALL:
            raise LedgerUnavailable("The database was waited for long enough.")
        patience = min(IN_ALL - waited, self._patience(began) if self._blown_until else PATIENCE)
        token = _until.set(began + patience if environ is not None or patience < PATIENCE else None)
        try:
            yield
        except LedgerUnavailable:
            self._failed(began, patience)
            raise
        except Exception:  # of the work, not of the database
            self._worked()
            raise
        else:
            self._worked()
        finally:
            _until.reset(token)
            if environ is not None:
                environ[WAITED] = waited + monotonic() - began

    def _patience(self, now: float) -> float:
        with self._lock:
            if now < self._blown_until:
                return BRIEF
            if self._blown_until:
                self._blown_until = now + PATIENCE  # while this one waits, the others need not
            return PATIENCE

    def _failed(self, began: float, patience: float) -> None:
        """Whoever began before somebody else came through has learnt nothing of how it is now."""
        with self._lock:
            now = monotonic()
            if patience <= BRIEF or began <= self._worked_at:
                return
            in_vain = now - began >= min(PATIENCE / 5, patience / 2)
            self._blown_until = now + REST if in_vain else 0.0

    def _worked(self) -> None:
        self._worked_at = monotonic()
        self._blown_until = 0.0
