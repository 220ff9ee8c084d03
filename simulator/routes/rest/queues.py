"""Queues and their members."""

from typing import Any

from quart import request

from simulator.rest.ordering import queues as ordering
from simulator.rest.paging import render_page
from simulator.rest.resources.queues import render_member, render_queue
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, read_form, require, resource
from simulator.voice.queues import Member, Queue

FRONT = "Front"


def _render(queue: Queue) -> dict[str, Any]:
    return render_queue(queue, current_exchange().clock.now())


def _queue(sid: str) -> Queue:
    return require(current_exchange().queues.queues.get(sid))


@resource("GET", "/Queues")
async def list_queues() -> dict[str, Any]:
    """List the queues, newest first."""
    return render_page(list(reversed(current_exchange().queues.queues.values())), request.args, request.path, "queues", _render)


@resource("POST", "/Queues")
async def create_queue() -> tuple[dict[str, Any], int]:
    """Make a queue."""
    return _render(ordering.order_queue(current_exchange(), current_account(), await read_form())), 201


@resource("GET", "/Queues/<sid>")
async def fetch_queue(sid: str) -> dict[str, Any]:
    """Fetch a queue."""
    return _render(_queue(sid))


@resource("POST", "/Queues/<sid>")
async def update_queue(sid: str) -> dict[str, Any]:
    """Rename a queue or change its size."""
    queue = _queue(sid)
    ordering.change_queue(current_exchange(), queue, await read_form())
    return _render(queue)


@resource("DELETE", "/Queues/<sid>")
async def delete_queue(sid: str) -> tuple[str, int]:
    """Delete an empty queue."""
    ordering.delete_queue(current_exchange(), _queue(sid))
    return "", 204


def _member(queue: Queue, sid: str) -> Member:
    return require(next((member for member in queue.members if sid in {FRONT, member.sid}), None))


@resource("GET", "/Queues/<queue_sid>/Members")
async def list_members(queue_sid: str) -> dict[str, Any]:
    """List the calls that wait, the first one first."""
    queue, now = _queue(queue_sid), current_exchange().clock.now()
    return render_page(queue.members, request.args, request.path, "queue_members", lambda member: render_member(queue, member, now))


@resource("GET", "/Queues/<queue_sid>/Members/<sid>")
async def fetch_member(queue_sid: str, sid: str) -> dict[str, Any]:
    """Fetch a call that waits, by its SID or as `Front`."""
    queue = _queue(queue_sid)
    return render_member(queue, _member(queue, sid), current_exchange().clock.now())


@resource("POST", "/Queues/<queue_sid>/Members/<sid>")
async def update_member(queue_sid: str, sid: str) -> dict[str, Any]:
    """Take a call out of the queue and let it go on with other TwiML; the answer shows it as it waited."""
    exchange, queue = current_exchange(), _queue(queue_sid)
    member = _member(queue, sid)
    shown = render_member(queue, member, exchange.clock.now())
    ordering.dequeue_member(exchange, queue, member, await read_form())
    return shown
