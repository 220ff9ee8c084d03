"""The application that gunicorn and `flask` run."""

import sys

import click

from app import cli, create_app, logs
from app.flow import FlowError
from app.settings import SettingsError

logs.set_up()
try:
    app = create_app()
except (SettingsError, FlowError) as error:
    if click.get_current_context(silent=True) is None or "flow" not in sys.argv[1:]:
        sys.exit(str(error))
    app = cli.only_flow_commands()  # `flask flow …` mends or tries a file, and needs no settings; nothing is served by this
