"""The one fetcher: every HTTP request that the simulator makes is built, signed, sent and recorded here."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from socket import gaierror
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import httpx

from simulator.addresses import resolve
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.identifiers import new_sid
from simulator.journal import Entry, Journal
from simulator.signature import signature_headers

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5.0, 15.0, 15.0
MAX_BODY = 64 * 1024
MAX_REDIRECTS = 10
PLUS, PERCENT = "+", "%20"
_UNTOUCHED = ";/?:@&=+$,#[]!~*'()%-._|"


@dataclass(frozen=True)
class Hook:
    """A request to be made: `kind` and `sid` are for the record, `space` says how a space is encoded."""

    kind: str
    sid: str
    url: str
    method: str = "POST"
    params: list[tuple[str, str]] = field(default_factory=list)
    space: str = PLUS
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    fallback: bool = False
    truncate: bool = False
    limit: int = MAX_BODY


@dataclass
class Reply:
    """What came back, after redirects; `error` is Twilio's code where nothing usable did."""

    entry: Entry
    url: str
    body: bytes = b""
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    error: int | None = None
    too_late: bool = False

    @property
    def content_type(self) -> str | None:
        """The declared type, None where there is none."""
        declared: str | None = self.headers.get("content-type")
        return declared

    @property
    def status(self) -> int | None:
        """The HTTP status, None where there was no answer."""
        return self.entry.status


class Webhooks:
    """Fetches, signed with the account's token, within Twilio's limits (real seconds), recorded in the journal."""

    def __init__(self, token: str, clock: Clock, journal: Journal, faults: Faults) -> None:
        self._token = token
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._transports: dict[str, httpx.AsyncHTTPTransport] = {}

    async def fetch(self, hook: Hook) -> Reply:
        """Make a request with what goes wrong on the way as it was asked for; the last answer counts."""
        fault = self._faults.take("webhook", hook.url, ("drop", "refuse", "delay", "duplicate"))
        if fault is not None and fault.kind in {"drop", "refuse"}:
            entry = self._open(hook, hook.url)
            entry.fault = fault.kind
            entry.alert(11205, "HTTP connection failure")
            return Reply(entry, hook.url, error=11205)
        if fault is not None and fault.kind == "delay":
            await self._clock.sleep(fault.seconds)
        if fault is not None and fault.kind == "duplicate":
            (await self._send(hook)).entry.fault = "duplicate"
        return await self._send(hook)

    def note_document(self, sid: str, text: str) -> Entry:
        """Record a document for which nobody is asked, because the REST API brought it."""
        return self._journal.open(self._clock.now(), kind="twiml", sid=sid, method="", url="", params=[], signature="", body=text)

    async def close(self) -> None:
        """Let go of the connections."""
        for transport in self._transports.values():
            await transport.aclose()

    def _transport(self, scheme: str) -> httpx.AsyncHTTPTransport:
        if scheme not in self._transports:
            # Without kept connections no answer is lost to one that the other end has just closed.
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            # Reading the authorities' certificates takes longer than most calls: only where they are needed.
            verify = True if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._transports[scheme] = httpx.AsyncHTTPTransport(verify=verify, limits=limits)
        return self._transports[scheme]

    async def _send(self, hook: Hook) -> Reply:
        token = new_sid("")
        deadline = time.monotonic() + TOTAL_SECONDS
        for _ in range(MAX_REDIRECTS + 1):
            reply = await self._attempt(hook, token, deadline)
            target = _redirect_target(reply)
            if target is None:
                return reply
            if reply.status not in {307, 308}:
                hook = replace(hook, method="GET", params=[])
            hook = replace(hook, url=target)
        reply.entry.alert(11215, "HTTP too many redirects")
        return replace(reply, error=11215)

    async def _attempt(self, hook: Hook, token: str, deadline: float) -> Reply:
        """Ask one URL, once more where no connection came about, and once more with a password where that is asked."""
        reply = await self._exchange(hook, token, deadline, retry=False)
        if reply.error == 11205 and not reply.too_late and time.monotonic() < deadline:
            reply = await self._exchange(hook, token, deadline, retry=True)
        credentials = _credentials(hook.url)
        if reply.status == 401 and credentials and "basic" in reply.headers.get("www-authenticate", "").lower():
            reply = await self._exchange(hook, token, deadline, retry=True, credentials=credentials)
        return reply

    def _open(self, hook: Hook, address: str, signature: str = "", retry: bool = False) -> Entry:
        return self._journal.open(
            self._clock.now(),
            kind=hook.kind,
            sid=hook.sid,
            method=hook.method,
            url=address,
            params=list(hook.params),
            signature=signature,
            fallback=hook.fallback,
            retry=retry,
        )

    async def _exchange(
        self, hook: Hook, token: str, deadline: float, retry: bool, credentials: tuple[str, str] | None = None
    ) -> Reply:
        address, content = _address_and_content(hook)
        signature = signature_headers(self._token, address, hook.params if hook.method == "POST" else ())
        entry = self._open(hook, address, signature["X-Twilio-Signature"], retry)
        reply = Reply(entry, address)
        started = time.monotonic()
        try:
            async with asyncio.timeout(deadline - started):
                request = _build(hook, address, content, signature, token)
                if credentials is not None:
                    next(httpx.BasicAuth(*credentials).auth_flow(request))
                await self._talk(request, hook, reply)
        except Exception as error:  # whatever an application answers, or an address holds, must not end the call's task
            reply.error, text = diagnose(error)
            entry.alert(reply.error, text)
            reply.too_late = isinstance(error, TimeoutError | httpx.ReadTimeout)
        entry.seconds = round(time.monotonic() - started, 3)
        return reply

    async def _talk(self, request: httpx.Request, hook: Hook, reply: Reply) -> None:
        response = await self._transport(request.url.scheme).handle_async_request(request)
        response.request = request
        reply.entry.status = response.status_code
        reply.entry.response_headers = list(response.headers.multi_items())
        reply.headers = response.headers
        hook.cookies.extract_cookies(response)
        try:
            async for chunk in response.aiter_bytes():
                reply.body += chunk
                if len(reply.body) > hook.limit:
                    break
        finally:
            await response.aclose()
        self._judge(reply, hook)

    def _judge(self, reply: Reply, hook: Hook) -> None:
        too_big = len(reply.body) > hook.limit
        reply.body = reply.body[: hook.limit]
        reply.entry.body = reply.body.decode("utf-8", "replace") if not hook.truncate else ""
        status = reply.status or 0
        if not 200 <= status < 300 and _redirect_target(reply) is None:
            reply.error = 11200
            reply.entry.alert(11200, f"HTTP retrieval failure: {status}")
        elif too_big and not hook.truncate:
            reply.error = 11750
            reply.entry.alert(11750, "Response body too large")


def _redirect_target(reply: Reply) -> str | None:
    location = reply.headers.get("location")
    if reply.status not in {301, 302, 303, 307, 308} or not location:
        return None
    return resolve(reply.url, location)


def _credentials(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return None if parts.username is None else (parts.username, parts.password or "")


def _address_and_content(hook: Hook) -> tuple[str, bytes]:
    """Write the URL as it goes over the wire, which is also the one that is signed, and the form body."""
    via = quote if hook.space == PERCENT else quote_plus
    form = urlencode(hook.params, quote_via=via)
    address = quote(hook.url.partition("#")[0], safe=_UNTOUCHED)
    if hook.method == "POST":
        return address, form.encode()
    joint = "" if not form else "&" if "?" in address else "?"
    return address + joint + form, b""


def _build(hook: Hook, address: str, content: bytes, signature: dict[str, str], token: str) -> httpx.Request:
    headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "I-Twilio-Idempotency-Token": token} | signature
    if hook.method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    urlsplit(address).port  # noqa: B018 - raises ValueError where it is out of range
    limits = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": TOTAL_SECONDS}
    request = httpx.Request(hook.method, address, headers=headers, content=content, extensions={"timeout": limits})
    hook.cookies.set_cookie_header(request)
    return request


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def diagnose(error: Exception) -> tuple[int, str]:
    """Give a failed request Twilio's code."""
    for cause in _causes(error):
        if isinstance(cause, gaierror):
            return 11210, "HTTP bad host name"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return {62: 11235, 10: 11236}.get(cause.verify_code, 11237), f"Certificate Invalid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return 11220, "SSL/TLS Handshake Error"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | ValueError):
        return 11100, "Invalid URL format"
    if isinstance(error, httpx.ProtocolError | httpx.DecodingError):
        return 11206, f"HTTP protocol violation: {error}"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return 11205, "HTTP connection failure: the time was over"
    if isinstance(error, httpx.ConnectError):
        return 11205, "HTTP connection failure"
    return 11200, f"HTTP retrieval failure: {type(error).__name__}"
