"""Web addresses as applications write them: checked, and made absolute, without ever raising."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit


@dataclass
class Home:
    """Where the simulator itself is reached: what links to its recordings and media start with."""

    url: str


@dataclass(frozen=True)
class Target:
    """A URL and the HTTP method it is asked with."""

    url: str
    method: str = "POST"


def is_web_address(url: str) -> bool:
    """Tell whether a URL is absolute, of HTTP, and its host has no underscore, which Twilio does not allow."""
    try:
        url.encode()  # half a surrogate pair has no encoding, and cannot be sent
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and "_" not in (host or "")


def resolve(base: str, url: str) -> str:
    """Make an address absolute; one that cannot be read stays as it is, to fail where it is asked for."""
    try:
        return urljoin(base, url.strip())
    except ValueError:
        return url
