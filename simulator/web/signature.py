"""Twilio's request signature, from the documented rule: https://www.twilio.com/docs/usage/security"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

HASHES = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


def signed_text(url: str, params: Iterable[tuple[str, str]]) -> str:
    """Build the text that is signed: the URL without its fragment, then each name with its sorted, distinct values."""
    return url.partition("#")[0] + "".join(map("".join, sorted(set(params))))


def sign(token: str, url: str, params: Iterable[tuple[str, str]] = (), algorithm: str = "HMAC_SHA1") -> str:
    """Sign a request: `params` are the decoded POST parameters, none for GET or a JSON body; returns base64 text."""
    text = signed_text(url, params)
    digest = hmac.digest(token.encode(), text.encode(), HASHES[algorithm])
    return base64.b64encode(digest).decode("ascii")


def signature_headers(secret: str, url: str, params: Iterable[tuple[str, str]] = (), shared_key: str = "") -> dict[str, str]:
    """Sign a request in its headers: by the auth token (SHA-1), or by the secret of a named shared key (SHA-256)."""
    if not shared_key:
        return {"X-Twilio-Signature": sign(secret, url, params)}
    return {
        "X-Twilio-Signature": sign(secret, url, params, "HMAC_SHA256"),
        "X-Twilio-Webhooks-Signature-Settings": f"key={shared_key},algorithm=HMAC_SHA256",
    }


def with_body_hash(url: str, body: bytes) -> str:
    """Add `bodySHA256` to a URL, as Twilio does for JSON bodies, whose text is not signed otherwise."""
    address, mark, fragment = url.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}bodySHA256={hashlib.sha256(body).hexdigest()}{mark}{fragment}"
