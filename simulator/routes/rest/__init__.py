"""Twilio's REST API, version 2010-04-01: a module for each resource, all on one blueprint."""

from simulator.routes.rest import (  # noqa: F401 - imported for their views
    accounts,
    applications,
    caller_ids,
    calls,
    conferences,
    keys,
    media,
    messages,
    notifications,
    numbers,
    queues,
    recordings,
    transcriptions,
    usage,
)
from simulator.routes.rest.blueprint import bp, refuse_unrouted

__all__ = ["bp", "refuse_unrouted"]
