"""Twilio's identifiers: two letters and 32 hexadecimal digits."""

import hashlib
import re
import secrets

ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")


def new_sid(prefix: str) -> str:
    """Make a fresh identifier: CA for a call, SM or MM for a message, RQ for a request."""
    return prefix + secrets.token_hex(16)


def lasting_sid(prefix: str, *parts: str) -> str:
    """Make the identifier that the same parts always get, over restarts: a number's, an account's caller ID's."""
    return prefix + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
