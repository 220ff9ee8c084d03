"""Orders for queues, and changes to them: https://www.twilio.com/docs/voice/api/queue-resource

22003 and its status are what public code has met at Twilio; which code refuses a queue that is not empty is not
published, and 22002 with 409 is a guess.
"""

import re

from simulator.exchange import Account, Exchange
from simulator.rest.errors import RestError
from simulator.rest.form import Form
from simulator.voice.calls import Instructions
from simulator.voice.queues import DEFAULT_SIZE, LARGEST_SIZE, LONGEST_NAME, Member, Queue


def _read_name(exchange: Exchange, form: Form) -> str:
    name = form.text("FriendlyName").strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise RestError(20002)
    if exchange.queues.find(name) is not None:
        raise RestError(22003, name=name)
    return name


def _read_size(form: Form, default: int) -> int:
    text = form.text("MaxSize").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= LARGEST_SIZE:
        raise RestError(20001, name="MaxSize")
    return int(text)


def order_queue(exchange: Exchange, account: Account, form: Form) -> Queue:
    """Make a queue; its name must be new."""
    size = _read_size(form, DEFAULT_SIZE)
    return exchange.queues.create(account.sid, _read_name(exchange, form), size)


def change_queue(exchange: Exchange, queue: Queue, form: Form) -> None:
    """Rename a queue or change its size; who waits already, stays."""
    size = _read_size(form, queue.most)
    if "FriendlyName" in form and form.text("FriendlyName") != queue.name:
        queue.name = _read_name(exchange, form)
        for member in queue.members:
            member.call.queue = queue.name
    queue.most = size
    queue.updated_at = exchange.clock.now()


def delete_queue(exchange: Exchange, queue: Queue) -> None:
    """Forget a queue in which nobody waits."""
    if queue.members:
        raise RestError(22002, name=queue.name)
    del exchange.queues.queues[queue.sid]


def dequeue_member(exchange: Exchange, queue: Queue, member: Member, form: Form) -> None:
    """Take a call out of a queue: it goes on with the document at the URL."""
    target = form.target("Url", "Method")
    if target is None:
        raise RestError(21205, value="")
    exchange.queues.dequeue(queue, member, Instructions(target))
