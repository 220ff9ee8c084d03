"""What is done again and again beside the requests: each job finds in the tables what is due, so nothing is queued or lost.

A job may run twice at once, and be broken off anywhere: what it does must be harmless then.
"""

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import NamedTuple

from flask import Flask

from app import logs, missed, outbound, reconcile, retention, unheard, voicemail
from app.errors import SwitchboardError
from app.ledger import jobs

LOOK = 2  # seconds between two looks at what is due

log = logging.getLogger(__name__)


class Job(NamedTuple):
    """Every so many `seconds`; `work` returns what it did, in words for the log, or "" for nothing."""

    name: str
    seconds: float
    work: Callable[[], str]


JOBS = (  # each is a function of the room that knows about it
    Job("texts", 5, outbound.send_due),
    Job("voicemail", 60, voicemail.follow_up_late),
    Job("reconcile", 60, reconcile.job),
    Job("unheard", 300, unheard.look),
    Job("missed", 60, missed.text_late),
    Job("retention", retention.SECONDS, retention.delete_what_is_old),
)


def run_until(stop: Event, app: Flask, periodic: Sequence[Job] = JOBS) -> None:
    """Do what is due, again and again, until somebody sets `stop`; a database that is gone is waited for."""
    while not stop.is_set():
        for job in periodic:
            if stop.is_set():
                break
            with app.app_context():
                _run_due(job)
        stop.wait(LOOK)


def run_all(periodic: Sequence[Job] = JOBS) -> bool:
    """Do every job once, due or not; whether each could be done."""
    return [_run(job) for job in periodic].count(False) == 0


def _run_due(job: Job) -> None:
    try:
        is_due = jobs.claim(job.name, job.seconds)
    except SwitchboardError as error:
        log.warning("job=%s not looked at cause=%s", job.name, error.code)
        return
    if is_due:
        _run(job)


def _run(job: Job) -> bool:
    outcome, is_done = "failed", False
    logs.begin()
    try:
        outcome, is_done = job.work(), True
        logs.turn_to()
        if outcome:
            log.info("job=%s %s", job.name, outcome)
    except SwitchboardError as error:
        outcome = error.code
        log.warning("job=%s broke off cause=%s", job.name, error.code)
    except Exception:  # one job must not keep the others from being done
        log.exception("job=%s failed", job.name)
    logs.end()
    try:
        jobs.note_end(job.name, outcome)
    except SwitchboardError as error:
        log.warning("job=%s not noted cause=%s", job.name, error.code)
    return is_done
