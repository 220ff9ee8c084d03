"""Twilio's REST API, version 2010-04-01: a module for each resource, all on one blueprint."""

from simulator.routes.rest import (
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

RESOURCES = (  # imported for their views
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

__all__ = ["RESOURCES", "bp", "refuse_unrouted"]
