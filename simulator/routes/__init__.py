"""The edge: what the simulator answers over HTTP. Each view parses, makes one call, and responds."""

from typing import Any

from quart import current_app, request

from simulator.exchange import Exchange


def current_exchange() -> Exchange:
    """Find the exchange that the application serves."""
    exchange: Exchange = current_app.extensions["exchange"]
    return exchange


async def read_json() -> dict[str, Any] | None:
    """Read the JSON object of a request's body; None where there is none, or it is nested deeper than anybody reads."""
    try:
        body = await request.get_json(silent=True)
    except RecursionError:
        return None
    return body if isinstance(body, dict) else None


def read_seconds(value: object, most: float) -> float | None:
    """Read a number of seconds from a number or a text; None where it is none, or more than `most`."""
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= most else None
