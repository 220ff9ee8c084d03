"""The edge: what the simulator answers over HTTP. Each view parses, makes one call, and responds."""

from quart import current_app

from simulator.exchange import Exchange


def current_exchange() -> Exchange:
    """Find the exchange that the application serves."""
    exchange: Exchange = current_app.extensions["exchange"]
    return exchange
