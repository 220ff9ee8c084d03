"""Who may ask this server at all: names of this machine only, and no page of another site."""

import ipaddress
from urllib.parse import urlsplit

from quart import Request

TWILIO = ".twilio.com"  # behind a proxy that stands in for Twilio; nobody else can point such a name at this machine
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def reason_to_refuse(request: Request, bound_to: str) -> str | None:
    """Say why a request is refused: a foreign Host (DNS rebinding), or a change that another site's page asks for."""
    host = request.headers.get("Host", "")
    if is_loopback(bound_to) and not is_loopback(_host_name(host)) and not _host_name(host).endswith(TWILIO):
        return "The Host header does not name this machine."
    if request.method in SAFE_METHODS:
        return None
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return "Another site may not do this."
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {f"http://{host}", f"https://{host}"}:
        return "Another site may not do this."
    return None


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
