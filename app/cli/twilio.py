"""flask twilio: what Twilio is asked from the command line."""

from collections.abc import Iterator
from datetime import timedelta

import click
from flask.cli import with_appcontext

from app import logs, reconcile, unheard
from app.errors import SwitchboardError
from app.ledger import unsettled
from app.models import Call, Message
from app.phone import masked
from app.reconcile import UNKNOWN_AFTER, Finding

SECONDS = click.FloatRange(0, 3650 * 86400)


@click.group("twilio")
def commands() -> None:
    """What Twilio is asked."""


@commands.command("reconcile")
@click.option("--unknown-after", type=SECONDS, help="Settle what has been unknown for so many seconds (600).")
@click.option("--quiet-after", type=SECONDS, help="Ask about what has been quiet for so many seconds; else by the usual pace.")
@click.option("--unheard-after", type=SECONDS, help="Keep what came so many seconds ago without a word to us (300).")
@with_appcontext
def command(unknown_after: float | None, quiet_after: float | None, unheard_after: float | None) -> None:
    """Ask Twilio what became of calls and texts, and what came, that nobody told us of, as the jobs do by themselves.

    Prints what was settled, and what is left for a person to look at; exit status 1 if anything is to be settled, or if Twilio
    cannot be asked. Incoming texts that got no answer are shown, too, until somebody has seen them, and need no settling.
    """
    unknown = UNKNOWN_AFTER if unknown_after is None else timedelta(seconds=unknown_after)
    came = unheard.AFTER if unheard_after is None else timedelta(seconds=unheard_after)
    problem = ""
    logs.begin()
    try:
        _print(reconcile.settle_unknown(unknown, again=timedelta(0)))
        _print(reconcile.ask_quiet(None if quiet_after is None else timedelta(seconds=quiet_after)))
        if kept := unheard.look(came):
            click.echo(f"From Twilio's lists: {kept}.")
    except SwitchboardError as error:
        problem = f"Not all could be asked: {error}"
    left: list[Call | Message] = [*unsettled.to_look_at(Call), *unsettled.to_look_at(Message)]
    for row in left:
        click.echo(f"To be looked at: {_shown(row)}: {row.remark}")
    click.echo(problem or (f"{len(left)} left for a person to look at." if left else "Nothing is left to look at."))
    is_open = any(isinstance(row, Call) or row.direction != "inbound" for row in left)
    raise SystemExit(1 if problem or is_open else 0)


def _print(findings: Iterator[Finding]) -> None:
    for finding in findings:
        if finding.is_settled:
            click.echo(f"{_shown(finding.row)}: {finding.words}")


def _shown(row: Call | Message) -> str:
    """Which it is, without its number."""
    kind = "Call" if isinstance(row, Call) else "Text"
    to_us = not row.direction.startswith("outbound")
    party = f"from {masked(row.from_number)}" if to_us else f"to {masked(row.to_number)}"
    return f"{kind} {row.attempt or row.sid} {party} of {row.created_at:%Y-%m-%d %H:%M:%S} UTC"
