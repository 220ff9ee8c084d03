"""flask spending show | stop | resume: what was spent lately, and the kill switch."""

from getpass import getuser

import click
from flask.cli import AppGroup

from app import audit, limits
from app.errors import LedgerUnavailable
from app.settings import current_settings

commands = AppGroup("spending", help="What calls and texts cost, and the switch that stops them.")


@commands.command()
def show() -> None:
    """Say what was spent lately, what is left, and who may be called and texted."""
    settings, now = current_settings(), _overview()
    if now.stopped:
        who, why, at = now.stopped
        click.echo(f"STOPPED by {who} on {at:%Y-%m-%d at %H:%M} UTC: {why}")
    for name, used, limit, setting in (
        ("in the last hour", now.hour, settings.hourly_limit, "HOURLY_LIMIT"),
        ("in 24 hours", now.day, settings.daily_limit, "DAILY_LIMIT"),
    ):
        click.echo(f"Calls and texts {name}: {used:,} of {limit:,}, {max(0, limit - used):,} left ({setting})")
    left = max(0.0, settings.daily_budget - now.dollars)
    click.echo(f"Spent in 24 hours: ${now.dollars:,.2f} of ${settings.daily_budget:,.2f}, ${left:,.2f} left (DAILY_BUDGET)")
    each = ", ".join(f"{limit.number:,} in {limits.span(limit.seconds)}" for limit in settings.destination_limits)
    click.echo(f"To one number, calls and texts apart: {each} (DESTINATION_LIMITS)")
    click.echo(f"Countries: {' '.join(limits.countries(settings)) or 'none'} (ALLOWED_COUNTRIES)")
    click.echo(f"Allowed besides: {' '.join(settings.allowed_prefixes) or 'none'} (ALLOWED_PREFIXES)")
    click.echo(f"Never: {' '.join(settings.refused_prefixes) or 'none'} (REFUSED_PREFIXES), and numbers with a rate of their own")


@commands.command()
@click.argument("reason")
def stop(reason: str) -> None:
    """Stop all calls and texts at once, in all workers; REASON is shown to whoever wants to make one."""
    try:
        audit.note("spending stopped")
        changed = limits.stop(_who(), reason)
    except LedgerUnavailable as error:
        raise click.ClickException(f"{error} Nothing was stopped.") from None
    click.echo("Stopped. Calls that go on are not ended." if changed else "It was stopped already: flask spending show")


@commands.command()
def resume() -> None:
    """Let calls and texts go on."""
    try:
        audit.note("spending resumed")
        changed = limits.resume(_who())
    except LedgerUnavailable as error:
        raise click.ClickException(f"{error} Nothing was resumed.") from None
    click.echo("It goes on." if changed else "Nothing was stopped.")


def _overview() -> limits.Overview:
    try:
        return limits.overview()
    except LedgerUnavailable as error:
        raise click.ClickException(str(error)) from None


def _who() -> str:
    try:
        return f"{getuser()} on the command line"
    except (KeyError, OSError):  # a container's user need have no name
        return "the command line"
