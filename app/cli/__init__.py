"""The command line: flask flow … reads a flow file and nothing else; the others need settings and the database."""

from flask import Flask

from app.cli import data, flow, jobs, spending, twilio

COMMANDS = (data.commands, flow.commands, jobs.command, spending.commands, twilio.commands)


def only_flow_commands() -> Flask:
    """An application with these commands and nothing else, for where the settings are not right (yet)."""
    app = Flask(__name__)
    app.cli.add_command(flow.commands)
    return app
