"""flask flow check | draw | call: they read a flow file and nothing else, so none of them needs settings."""

from datetime import datetime
from pathlib import Path

import click

from app import phone
from app.cli.rehearsal import CannotCall, rehearse
from app.errors import InvalidNumber
from app.flow import Flow, FlowError, picture
from app.settings import ROOT, given_flow_file

FILE = click.argument("file", required=False, type=click.Path(path_type=Path))


@click.group("flow")
def commands() -> None:
    """What callers and texters meet. FILE is a flow file; without it, the one of FLOW_FILE."""


@commands.command()
@FILE
def check(file: Path | None) -> None:
    """Say what is wrong with a flow file; exit status 1 if anything is."""
    flow = _read(file)
    steps, lines = len(flow.places), len(flow.file.numbers)
    files = f" in {len(flow.files)} files" if len(flow.files) > 1 else ""
    numbers = f", {_count(lines, 'number')}" if lines else ""
    keywords = sum(len(part.texts.keywords) for part in flow.files.values())
    click.echo(
        f"{_shown(file)} is right: {_count(steps, 'step')}{files}{numbers}, {_count(keywords, 'keyword')}"
        f", {_count(len(flow.published), 'clip or picture', 'clips and pictures')}. Calls begin with `{flow.start_of('main')}`."
    )


@commands.command()
@FILE
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it; else to standard output.")
def draw(file: Path | None, output: Path | None) -> None:
    """Draw a flow file as a picture (SVG)."""
    try:
        drawn = picture.draw_file(_read(file))
        if output:
            output.write_text(drawn, encoding="utf-8")
        else:
            click.echo(drawn.encode(), nl=False)
    except picture.TooLarge as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None


@commands.command()
@FILE
@click.option("--from", "caller", default="+15550002222", show_default=True, help="The number of the phone that calls.")
@click.option("--to", "line", help="The number that is called; else the first of [numbers], or +15550001111.")
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]), help="When it is, in the flow's time zone.")
@click.option(
    "--others",
    type=click.Choice(["answer", "busy", "no-answer", "machine"]),
    default="answer",
    show_default=True,
    help="What the phones do that the flow rings.",
)
@click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0, help="How many times faster time goes.")
def call(file: Path | None, caller: str, line: str | None, at: datetime | None, others: str, speed: float) -> None:
    """Call a flow file from here, on the simulator.

    Type keys to press them, `say` and words to speak them, `hangup` to hang up.
    """
    flow = _read(file)
    line = line or next(iter(flow.file.numbers), "+15550001111")
    try:
        rehearse(_path(file), flow, _number(caller, "--from"), _number(line, "--to"), at=at, others=others, speed=speed)
    except CannotCall as error:
        raise click.ClickException(str(error)) from None


def _read(file: Path | None) -> Flow:
    try:
        return Flow(_path(file), _shown(file))
    except FlowError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None


def _path(file: Path | None) -> Path:
    return Path.cwd() / file if file else ROOT / given_flow_file()


def _shown(file: Path | None) -> str:
    return str(file) if file else given_flow_file()


def _number(text: str, option: str) -> str:
    try:
        return phone.parse(text).e164
    except InvalidNumber as error:
        raise click.ClickException(f"{option}: {error}") from None


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
