"""Calls."""

from typing import Any

from quart import request

from simulator.rest.errors import RestError
from simulator.rest.ordering.calls import change_call, order_call
from simulator.rest.paging import filter_resources, render_page
from simulator.rest.resources.calls import render_call
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import current_account, read_form, require, resource
from simulator.voice.calls import Call


@resource("POST", "/Calls", test_credentials=True)
async def create_call() -> tuple[dict[str, Any], int]:
    """Place a call."""
    return render_call(order_call(current_exchange(), current_account(), await read_form())), 201


@resource("GET", "/Calls")
async def list_calls() -> dict[str, Any]:
    """List the calls, newest first."""
    calls = filter_resources(
        reversed(current_exchange().telephony.calls.values()),
        request.args,
        texts={
            "To": lambda call: call.to_number,
            "From": lambda call: call.from_number,
            "Status": lambda call: call.status.value,
            "ParentCallSid": lambda call: call.parent_sid,
        },
        moments={"StartTime": lambda call: call.answered_at or call.dialled_at, "EndTime": lambda call: call.ended_at},
    )
    return render_page(calls, request.args, request.path, "calls", render_call)


def _call(sid: str) -> Call:
    return require(current_exchange().telephony.calls.get(sid))


@resource("GET", "/Calls/<sid>")
async def fetch_call(sid: str) -> dict[str, Any]:
    """Fetch a call."""
    return render_call(_call(sid))


@resource("POST", "/Calls/<sid>")
async def update_call(sid: str) -> dict[str, Any]:
    """Redirect or end a call."""
    call = _call(sid)
    change_call(current_exchange(), call, await read_form())
    return render_call(call)


@resource("DELETE", "/Calls/<sid>")
async def delete_call(sid: str) -> tuple[str, int]:
    """Delete the record of a call that is over."""
    call = _call(sid)
    if not call.over:
        raise RestError(20009)
    del current_exchange().telephony.calls[call.sid]
    return "", 204
