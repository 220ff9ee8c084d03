"""flask data export | erase: what is kept of a number."""

import json
import os
from pathlib import Path

import click
from flask.cli import AppGroup

from app import erasure
from app.errors import SwitchboardError
from app.ledger import parties
from app.settings import current_settings

NUMBER = click.argument("number")
commands = AppGroup(
    "data", help="What is kept of a NUMBER, written as people do, or of a name as Twilio has it (client:anna, Anonymous)."
)


@commands.command("export")
@NUMBER
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it; else to standard output.")
def export_number(number: str, output: Path | None) -> None:
    """Write all that is kept of a number as JSON; a file is for its owner's eyes only."""
    try:
        document = erasure.export(erasure.party_of(number))
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from None
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        _write(output, text)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None
    click.echo(f"{output}: {_summary(parties.known(document['party']))}.")


@commands.command("erase")
@NUMBER
@click.option("--at-twilio", is_flag=True, help="Delete its calls and texts at Twilio, too, as DELETE_AT_TWILIO=yes does.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_number(number: str, at_twilio: bool, yes: bool) -> None:
    """Erase all that is kept of a number, after asking; exit status 1 if something stays that should not."""
    at_twilio = at_twilio or current_settings().delete_at_twilio
    try:
        party = erasure.party_of(number)
        known = parties.known(party)
        click.echo(f"{party}: {_summary(known)}.")
        if at_twilio:
            click.echo("It is deleted at Twilio, too.")
        else:
            click.echo(
                "Recordings are deleted at Twilio, too, where their sound is; calls and texts stay there without --at-twilio."
            )
        if known.opt_outs:
            click.echo(f"That it wants no texts from {', '.join(known.opt_outs)} is kept: forgotten, it would get texts again.")
        if not yes:
            click.confirm("Nothing brings it back. Erase it?", abort=True)
        erased = erasure.erase(party, at_twilio=at_twilio)
        left = parties.known(party)
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Erased: {_summary(known)}." if not erased.stayed else "Erased in part.")
    if erased.named:
        click.echo(f"{_count(erased.named, 'text')} to or from others named it: their words are erased.")
    if erased.in_journal:
        click.echo("The database's journal was in use: what it holds of it is written over soon.")
    for sentence in erased.stayed:
        click.echo(sentence, err=True)
    if left.is_anything:
        click.echo(f"Still there: {_summary(left)}. Do it again later.", err=True)
        raise SystemExit(1)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(handle, 0o600)  # where the file was there before
        file.write(text)


def _summary(known: parties.Known) -> str:
    counts = (
        _count(known.calls, "call"),
        _count(known.texts, "text"),
        _count(known.recordings, "recording"),
        _count(known.relays, "relay of texts", "relays of texts"),
        _count(known.spendings, "entry of spending", "entries of spending"),
    )
    return ", ".join(counts)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
