"""Guard: did Twilio send this? (https://www.twilio.com/docs/usage/security)"""

import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import parse_qs, urlsplit

from flask import abort, g, request
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    add_port,
    get_signature_algorithm,
    remove_port,
)

from app.settings import Settings, current_settings
from app.twiml import xml_safe

ALGORITHMS = ("HMAC_SHA1", "HMAC_SHA256")

MANY = 100  # parameters; Twilio sends some thirty. To find words for more would cost whoever refuses them, not who sends them

log = logging.getLogger(__name__)


class Parameters(dict[str, list[str]]):
    """Decoded parameters by name; a name may stand more than once, an empty value counts."""

    def getall(self, name: str) -> list[str]:
        """All values of `name`: what Twilio's validator asks for."""
        return self[name]

    def first(self, name: str) -> str:
        """The value that views use: the first one, "" where there is none, without what XML and databases cannot hold."""
        return xml_safe(self[name][0]) if name in self else ""


def require_twilio() -> None:
    """Let a request pass only if Twilio signed it, and leave its parameters in `g.webhook`; otherwise 403."""
    settings = current_settings()
    target = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    query = Parameters(parse_qs(request.query_string.decode("latin-1"), keep_blank_values=True))
    body = request.get_data()
    form, cause = Parameters(), None
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        form = Parameters(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif body and not is_body_hash(body, query.get("bodySHA256", [""])[0]):
        cause = "altered body, or no bodySHA256 in the URL: a body that is no form is known by that hash"
    if cause or (cause := fault(settings, target, form)):
        log.warning("webhook refused endpoint=%s cause=%s", request.endpoint, cause)
        abort(403)
    g.webhook = Parameters({**query, **form, **(_texts(body) if kind == "application/json" else {})})


def is_body_hash(body: bytes, bodysha256: str) -> bool:
    """Whether `bodysha256` (hexadecimal, from the signed URL) is the SHA-256 of a body that is no form."""
    return compare_digest(sha256(body).hexdigest().encode(), bodysha256.lower().encode())


def fault(settings: Settings, target: str, form: Parameters) -> str | None:
    """Why the current request's signature does not hold for the raw request `target` and `form`, in words; None if it does."""
    signature = request.headers.get(SIGNATURE_HEADER)
    if not signature:
        return f"no {SIGNATURE_HEADER} header: not from Twilio, or a proxy drops it"
    algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER)).upper()
    if algorithm not in ALGORITHMS:
        return "unknown signature algorithm"
    if not target.startswith("/"):
        return "wrong host or scheme: the request line names one of its own"
    tokens = settings.auth_tokens
    if is_signed(settings.public_base_url + target, form, signature, tokens, algorithm):
        return None
    if len(form) > MANY:
        return "wrong token (TWILIO_AUTH_TOKEN), altered body, or a path that a proxy rewrote"
    if any(is_signed(url, form, signature, tokens, algorithm) for url in _elsewhere(settings, target)):
        return "wrong host or scheme: it was signed for another address than PUBLIC_BASE_URL"
    if form.get("AccountSid", [settings.twilio_account_sid])[0] != settings.twilio_account_sid:
        return "wrong token: it is signed for another account"
    if form and is_signed(settings.public_base_url + target, Parameters(), signature, tokens, algorithm):
        return "altered body: the signature is that of a request without one"
    return "wrong token (TWILIO_AUTH_TOKEN), altered body, or a path that a proxy rewrote"


def is_signed(url: str, form: Parameters, signature: str, tokens: tuple[str, ...], algorithm: str = "HMAC_SHA1") -> bool:
    """Whether `signature` is that of `url` and `form` under one of `tokens`.

    Twilio is not consistent about the port in what it signs, so the URL counts with and without it, as in its own validators.
    """
    return any(
        compare_digest(RequestValidator(token).compute_signature(written, form, algorithm).encode(), signature.encode())
        for written in _with_and_without_port(url)
        for token in tokens
    )


def _with_and_without_port(url: str) -> Iterator[str]:
    yield url  # nearly always right: the other two are not even computed then
    parsed = urlsplit(url)
    yield from {add_port(parsed), remove_port(parsed)} - {url}


def _elsewhere(settings: Settings, target: str) -> Iterator[str]:
    """The addresses that the request may have been signed for when PUBLIC_BASE_URL is set wrong."""
    known = urlsplit(settings.public_base_url)
    for host in {known.netloc, request.headers.get("Host", ""), request.headers.get("X-Forwarded-Host", "")}:
        if _is_host(host):
            yield from (f"https://{host}{target}", f"http://{host}{target}")


def _is_host(text: str) -> bool:
    """Whether a header that anyone may have written is a host with or without a port."""
    try:
        parsed = urlsplit(f"//{text}")
        return parsed.netloc == text and bool(parsed.hostname) and parsed.port != 0
    except ValueError:
        return False


def _texts(body: bytes) -> dict[str, list[str]]:
    """The texts and numbers of a JSON object, by name; none where the body is something else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    fields = document.items() if isinstance(document, dict) else ()
    return {name: [str(value)] for name, value in fields if isinstance(value, str | int)}
