"""Queues and their members, as the REST API shows them."""

from datetime import datetime
from typing import Any

from simulator.rest.resources import account_path
from simulator.voice.queues import Member, Queue
from simulator.web.parameters import rfc2822


def render_queue(queue: Queue, now: datetime) -> dict[str, Any]:
    """Render a queue as it is at this moment."""
    path = f"{account_path(queue.account_sid)}/Queues/{queue.sid}"
    return {
        "account_sid": queue.account_sid,
        "average_wait_time": queue.average_wait(now),
        "current_size": len(queue.members),
        "date_created": rfc2822(queue.created_at),
        "date_updated": rfc2822(queue.updated_at),
        "friendly_name": queue.name,
        "max_size": queue.most,
        "sid": queue.sid,
        "uri": f"{path}.json",
    }


def render_member(queue: Queue, member: Member, now: datetime) -> dict[str, Any]:
    """Render a call that waits in a queue."""
    return {
        "call_sid": member.sid,
        "date_enqueued": rfc2822(member.enqueued_at),
        "position": queue.position(member),
        "queue_sid": queue.sid,
        "uri": f"{account_path(queue.account_sid)}/Queues/{queue.sid}/Members/{member.sid}.json",
        "wait_time": member.waited(now),
    }
