"""Messages."""

from typing import Any

from quart import request

from simulator.rest.errors import RestError
from simulator.rest.ordering.messages import change_message, order_message
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.messages import render_message
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, read_form, require, resource
from simulator.texts.messages import UNDER_WAY, Message


@resource("POST", "/Messages", test_credentials=True)
async def create_message() -> tuple[dict[str, Any], int]:
    """Send a message."""
    return render_message(order_message(current_exchange(), current_account(), await read_form())), 201


@resource("GET", "/Messages")
async def list_messages() -> dict[str, Any]:
    """List the messages, newest first."""
    messages = filter_resources(
        reversed(current_exchange().messaging.messages.values()),
        request.args,
        texts={"To": lambda message: message.to_number, "From": lambda message: message.from_number},
        moments={"DateSent": lambda message: message.created_at if message.incoming else message.sent_at},
    )
    return render_page(messages, request.args, request.path, "messages", render_message)


def find_message(sid: str) -> Message:
    """Find a message; RestError 20404 where there is none."""
    return require(current_exchange().messaging.messages.get(sid))


@resource("GET", "/Messages/<sid>")
async def fetch_message(sid: str) -> dict[str, Any]:
    """Fetch a message."""
    return render_message(find_message(sid))


@resource("POST", "/Messages/<sid>")
async def update_message(sid: str) -> dict[str, Any]:
    """Redact or cancel a message."""
    message = find_message(sid)
    change_message(current_exchange(), message, await read_form())
    return render_message(message)


@resource("DELETE", "/Messages/<sid>")
async def delete_message(sid: str) -> tuple[str, int]:
    """Delete a message that is no longer on its way."""
    message = find_message(sid)
    if message.status in UNDER_WAY:
        raise RestError(20009)
    current_exchange().messaging.delete(message)
    return "", 204
