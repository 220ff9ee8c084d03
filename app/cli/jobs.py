"""flask jobs: the process that does what is due beside the requests."""

import logging
import signal
from threading import Event, Thread, main_thread

import click
from flask import current_app
from flask.cli import with_appcontext

from app import jobs

log = logging.getLogger(__name__)

ENDS = (signal.SIGINT, signal.SIGTERM)


@click.command("jobs")
@click.option("--once", is_flag=True, help="Do every job once, due or not, and end; exit status 1 if one could not be done.")
@with_appcontext
def command(once: bool) -> None:
    """Do what is due beside the requests, until Ctrl-C. Several such processes do no harm."""
    if once:
        raise SystemExit(0 if jobs.run_all() else 1)
    app, stop = current_app._get_current_object(), Event()  # type: ignore[attr-defined]

    def run() -> None:
        try:
            jobs.run_until(stop, app)
        finally:
            signal.pthread_kill(main_thread().ident or 0, signal.SIGTERM)

    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # taken below, between two requests to Twilio: none is broken off
    worker = Thread(target=run, name="jobs")
    worker.start()
    log.info("looking for what is due")
    signal.sigwait(ENDS)
    stop.set()
    worker.join()
