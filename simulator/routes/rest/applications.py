"""Applications."""

from typing import Any

from quart import request

from simulator.lines import Application
from simulator.rest.ordering.applications import change_application, delete_application, make_application
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.applications import render_application
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import read_form, require, resource


@resource("POST", "/Applications")
async def create_application() -> tuple[dict[str, Any], int]:
    """Make an application."""
    return render_application(make_application(current_exchange(), await read_form())), 201


@resource("GET", "/Applications")
async def list_applications() -> dict[str, Any]:
    """List the applications, the newest first."""
    applications = filter_resources(
        reversed(current_exchange().applications.values()),
        request.args,
        texts={"FriendlyName": lambda application: application.friendly_name},
        moments={},
    )
    return render_page(applications, request.args, request.path, "applications", render_application)


def _application(sid: str) -> Application:
    return require(current_exchange().applications.get(sid))


@resource("GET", "/Applications/<sid>")
async def fetch_application(sid: str) -> dict[str, Any]:
    """Fetch an application."""
    return render_application(_application(sid))


@resource("POST", "/Applications/<sid>")
async def update_application(sid: str) -> dict[str, Any]:
    """Change an application."""
    application = _application(sid)
    change_application(current_exchange(), application, await read_form())
    return render_application(application)


@resource("DELETE", "/Applications/<sid>")
async def remove_application(sid: str) -> tuple[str, int]:
    """Delete an application."""
    delete_application(current_exchange(), _application(sid))
    return "", 204
