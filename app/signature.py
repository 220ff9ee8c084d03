"""Guard: did Twilio send this? (https://www.twilio.com/docs/usage/security)"""

import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from hmac import compare_digest
from time import monotonic
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

from flask import abort, current_app, g, request
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    add_port,
    get_signature_algorithm,
    remove_port,
)

from app import diagnosis, logs, metrics
from app.clock import Allowance
from app.diagnosis import Fault
from app.ledger.refusals import current_tally
from app.settings import Settings, current_settings
from app.twiml import xml_safe

ALGORITHMS = ("HMAC_SHA1", "HMAC_SHA256")

NOTED = {"CallSid": "call_sid", "MessageSid": "message_sid", "RecordingSid": "recording_sid", "attempt": "attempt"}
DIAGNOSES, EACH = 20, 0.2  # so many refusals at once are looked into, then one in so many seconds: each takes some 2 ms
# What our own addresses say, and is read from there only: a body may hold what others name, as browser phones do.
OURS = ("attempt", "caller", "connects", "line", "step", "turn")

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
    started, settings = monotonic(), current_settings()
    target = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    query = Parameters(parse_qs(request.query_string.decode("latin-1"), keep_blank_values=True))
    body = request.get_data()
    form, found = Parameters(), None
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        form = Parameters(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif body and not is_body_hash(body, query.get("bodySHA256", [""])[0]):
        found = Fault("unhashed")
    if found or (found := fault(settings, target, form)):
        _refuse(found)
    sent = _texts(body) if kind == "application/json" else form
    g.webhook = Parameters({**query, **{name: values for name, values in sent.items() if name not in OURS}})
    _note(g.webhook)
    logs.spent("signature", started)


def _refuse(found: Fault) -> NoReturn:
    """403, said in the log, counted and kept for the operator; whoever sent it is not told why."""
    address = request.url_rule.rule if request.url_rule else "-"  # and not the path, which a stranger can fill
    log.warning("webhook refused endpoint=%s cause=%s: %s", request.endpoint, found.cause, found.sentence)
    metrics.webhook_refused(found.cause)
    current_tally().count(address, found.cause, found.detail)
    abort(403)


def _note(webhook: Parameters) -> None:
    """Put on each line of this request what tells which call or message it is about: one id all through its webhooks."""
    for name, value in NOTED.items():
        if name in webhook:
            logs.note(**{value: webhook.first(name)})
    if "ParentCallSid" in webhook:
        logs.note(call_sid=webhook.first("ParentCallSid"), leg_sid=webhook.first("CallSid"))


def is_body_hash(body: bytes, bodysha256: str) -> bool:
    """Whether `bodysha256` (hexadecimal, from the signed URL) is the SHA-256 of a body that is no form."""
    return compare_digest(sha256(body).hexdigest().encode(), bodysha256.lower().encode())


def fault(settings: Settings, target: str, form: Parameters) -> Fault | None:
    """Why the current request's signature does not hold for the raw request `target` and `form`; None if it does."""
    signature = request.headers.get(SIGNATURE_HEADER)
    if not signature:
        return Fault("no-signature")
    algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER)).upper()
    if algorithm not in ALGORITHMS:
        return Fault("algorithm")
    if not target.startswith("/"):
        return Fault("absolute")
    tokens = settings.auth_tokens
    if is_signed(settings.public_base_url + target, form, signature, tokens, algorithm):
        return None
    allowance: Allowance = current_app.extensions["diagnoses"]
    if not allowance.take():
        return Fault("many")
    received = diagnosis.Received(request.method, target, request.headers, form, request.get_data())
    return diagnosis.find(settings, received, lambda url, form: is_signed(url, Parameters(form), signature, tokens, algorithm))


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


def _texts(body: bytes) -> dict[str, list[str]]:
    """The texts and numbers of a JSON object, by name; none where the body is something else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    fields = document.items() if isinstance(document, dict) else ()
    return {name: [str(value)] for name, value in fields if isinstance(value, str | int)}
