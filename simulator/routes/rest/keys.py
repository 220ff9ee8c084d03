"""API keys."""

from typing import Any

from quart import request

from simulator.keys import Key
from simulator.rest.paging import render_page
from simulator.rest.resources.accounts import render_key
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import read_form, require, resource


@resource("POST", "/Keys")
async def create_key() -> tuple[dict[str, Any], int]:
    """Make a key; its secret is in this answer only."""
    exchange, form = current_exchange(), await read_form()
    key = Key(exchange.clock.now(), form.label("FriendlyName"))
    exchange.keys[key.sid] = key
    return render_key(key) | {"secret": key.secret}, 201


@resource("GET", "/Keys")
async def list_keys() -> dict[str, Any]:
    """List the keys, the newest first."""
    keys = list(reversed(current_exchange().keys.values()))
    return render_page(keys, request.args, request.path, "keys", render_key)


def _key(sid: str) -> Key:
    return require(current_exchange().keys.get(sid))


@resource("GET", "/Keys/<sid>")
async def fetch_key(sid: str) -> dict[str, Any]:
    """Fetch a key."""
    return render_key(_key(sid))


@resource("POST", "/Keys/<sid>")
async def update_key(sid: str) -> dict[str, Any]:
    """Rename a key."""
    key, form = _key(sid), await read_form()
    key.friendly_name = form.label("FriendlyName", key.friendly_name)
    key.updated_at = current_exchange().clock.now()
    return render_key(key)


@resource("DELETE", "/Keys/<sid>")
async def delete_key(sid: str) -> tuple[str, int]:
    """Delete a key: it opens nothing any more."""
    del current_exchange().keys[_key(sid).sid]
    return "", 204
