"""Twilio's REST API, version 2010-04-01: a module for each resource, all on one blueprint."""

from simulator.routes.rest import accounts, applications, caller_ids, calls, keys, messages, notifications, numbers, usage
from simulator.routes.rest.blueprint import bp, refuse_unrouted

RESOURCES = (accounts, applications, caller_ids, calls, keys, messages, notifications, numbers, usage)  # imported for their views

__all__ = ["RESOURCES", "bp", "refuse_unrouted"]
