"""The one fetcher: every HTTP request that the simulator makes is built, signed, sent and recorded here."""

import base64
import time
from asyncio import timeout
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, urlsplit

from simulator.addresses import resolve
from simulator.clock import Clock
from simulator.identifiers import new_sid
from simulator.web.cookies import Cookies
from simulator.web.diagnosis import diagnose
from simulator.web.faults import Fault, Faults
from simulator.web.journal import Entry, Journal
from simulator.web.overrides import TOTAL_SECONDS, BadPolicy, Overrides, read_overrides, usual_overrides
from simulator.web.published import find_published
from simulator.web.signature import signature_headers
from simulator.web.wire import Answer, NoConnection, Request, TooSlow, Wire

MAX_BODY = 64 * 1024
MAX_REDIRECTS = 10
PLUS, PERCENT = "+", "%20"
UNSENT = {  # faults that keep a request from being sent: the code and what the debugger says
    "drop": (11205, "HTTP connection failure"),
    "refuse": (11205, "HTTP connection failure"),
    "dns": (11210, "HTTP bad host name"),
    "tls": (11220, "SSL/TLS Handshake Error"),
}
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
    cookies: Cookies = field(default_factory=Cookies)
    fallback: bool = False
    truncate: bool = False
    limit: int = MAX_BODY
    replay_of: int | None = None


@dataclass
class Reply:
    """What came back, after redirects; `error` is Twilio's code where nothing usable did, `headers` have lower-case names.

    `failure` is the name that a retry policy has for what went wrong: ct, rt, 4xx, 5xx, or nothing.
    """

    entry: Entry
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: int | None = None
    failure: str = ""

    @property
    def content_type(self) -> str | None:
        """The declared type, None where there is none."""
        return self.headers.get("content-type")

    @property
    def status(self) -> int | None:
        """The HTTP status, None where there was no answer."""
        return self.entry.status


class Webhooks:
    """Fetches, signed with the account's token, within Twilio's limits (real seconds), recorded in the journal."""

    def __init__(self, token: str, clock: Clock, journal: Journal, faults: Faults, seconds: float = TOTAL_SECONDS) -> None:
        self._token = token
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._usual = usual_overrides(seconds)
        self._wire = Wire()

    async def fetch(self, hook: Hook) -> Reply:
        """Make a request with what goes wrong on the way as it was asked for; the last answer counts."""
        return await self.fetch_with(hook, self._faults.take_on_the_way(hook.url, hook.sid))

    def note_document(self, sid: str, text: str) -> Entry:
        """Record a document for which nobody is asked, because the REST API brought it."""
        return self._journal.open(self._clock.now(), kind="twiml", sid=sid, method="", url="", params=[], signature="", body=text)

    async def fetch_with(self, hook: Hook, fault: Fault | None) -> Reply:
        """Make a request with this fault, or with none."""
        token = new_sid("")
        if fault is None:
            return await self._send(hook, token)
        begun = self._clock.now()
        if fault.kind in UNSENT or fault.kind == "status":
            reply = self._do_not_send(hook, fault)
        else:
            if fault.kind == "delay":
                await self._clock.sleep(fault.seconds)
            if fault.kind == "duplicate":
                (await self._send(hook, token)).entry.fault = fault.kind
            reply = await self._send(hook, token)
        if fault.kind == "timeout":
            reply = self._forget_answer(reply)
        reply.entry.fault = fault.kind
        if fault.kind in {"drop", "timeout"}:
            limit = self._limits(hook.url)[0].total
            await self._clock.sleep(limit - (self._clock.now() - begun).total_seconds())
        return reply

    def _do_not_send(self, hook: Hook, fault: Fault) -> Reply:
        reply = Reply(self._open(hook, hook.url), hook.url)
        if fault.kind == "status":
            reply.entry.status = fault.status
            self._judge(reply, hook, too_long=False)
        else:
            reply.error, text = UNSENT[fault.kind]
            reply.entry.alert(reply.error, text)
        return reply

    def _forget_answer(self, reply: Reply) -> Reply:
        entry = reply.entry
        entry.status, entry.response_headers, entry.body, entry.alerts = None, [], "", []
        entry.alert(11205, "HTTP connection failure: the time was over")
        return Reply(entry, reply.url, error=11205)

    def _limits(self, url: str) -> tuple[Overrides, int | None]:
        """Read the limits for a URL, and the code for overrides that cannot be read."""
        try:
            return read_overrides(url, self._usual), None
        except BadPolicy:
            return self._usual, 11243

    async def _send(self, hook: Hook, token: str) -> Reply:
        limits, error = self._limits(hook.url)
        if error is not None:
            entry = self._open(hook, hook.url)
            entry.alert(error, "HTTP retry policy is invalid")
            return Reply(entry, hook.url, error=error)
        deadline = time.monotonic() + limits.total
        for _ in range(MAX_REDIRECTS + 1):
            reply = await self._attempt(hook, token, limits, deadline)
            target = _redirect_target(reply)
            if target is None:
                return reply
            if reply.status not in {307, 308}:
                hook = replace(hook, method="GET", params=[])
            hook = replace(hook, url=target)
        reply.entry.alert(11215, "HTTP too many redirects")
        return replace(reply, error=11215)

    async def _attempt(self, hook: Hook, token: str, limits: Overrides, deadline: float) -> Reply:
        """Ask one URL, again where the policy says so, and again with a password where that is asked for."""
        credentials, tries, retry = None, 1 + limits.retries, False
        while True:
            reply = await self._exchange(hook, token, limits, deadline, retry, credentials)
            retry = True
            if credentials is None and _asks_for_password(reply) and (credentials := _credentials(hook.url)):
                continue
            tries -= 1
            if reply.failure not in limits.policies or tries == 0 or time.monotonic() >= deadline:
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
            replay_of=hook.replay_of,
        )

    async def _exchange(
        self, hook: Hook, token: str, limits: Overrides, deadline: float, retry: bool, credentials: tuple[str, str] | None
    ) -> Reply:
        address, content = _address_and_content(hook)
        signature = signature_headers(self._token, address, hook.params if hook.method == "POST" else ())
        entry = self._open(hook, address, signature["X-Twilio-Signature"], retry)
        reply = Reply(entry, address)
        started = time.monotonic()
        try:
            async with timeout(deadline - started):
                request = _build(hook, address, content, signature | {"I-Twilio-Idempotency-Token": token}, credentials)
                entry.request_headers, entry.content = request.headers, request.content.decode()
                published = find_published(address)
                answer = published or await self._wire.ask(request, limits.connect, limits.silence, hook.limit)
            self._take(answer, reply, hook)
        except Exception as error:  # noqa: BLE001  whatever comes of an application or address must not end the call's task
            reply.error, text = diagnose(error)
            entry.alert(reply.error, text)
            if isinstance(error, NoConnection | TooSlow) and reply.error == 11205:
                reply.failure = "ct" if isinstance(error, NoConnection) else "rt"
        entry.seconds = round(time.monotonic() - started, 3)
        entry.touch()
        return reply

    def _take(self, answer: Answer, reply: Reply, hook: Hook) -> None:
        reply.entry.status = answer.status
        reply.entry.response_headers = answer.headers
        reply.headers = {name.lower(): value for name, value in reversed(answer.headers)}
        reply.body = bytes(answer.body[: hook.limit])
        reply.entry.body = "" if hook.truncate else reply.body.decode("utf-8", "replace")
        hook.cookies.keep(reply.url, [value for name, value in answer.headers if name.lower() == "set-cookie"])
        self._judge(reply, hook, answer.too_long)

    def _judge(self, reply: Reply, hook: Hook, too_long: bool) -> None:
        status = reply.status or 0
        if _redirect_target(reply) is not None:
            return
        if not 200 <= status < 300:
            reply.error = 11200
            reply.failure = f"{status // 100}xx"
            reply.entry.alert(11200, f"HTTP retrieval failure: {status}")
        elif too_long and not hook.truncate and not (reply.content_type or "").startswith("audio/"):  # a sound is played
            reply.error = 11750
            reply.entry.alert(11750, "Response body too large")


def _redirect_target(reply: Reply) -> str | None:
    location = reply.headers.get("location")
    if reply.error is not None or reply.status not in {301, 302, 303, 307, 308} or not location:
        return None
    return resolve(reply.url, location)


def _asks_for_password(reply: Reply) -> bool:
    return reply.status == 401 and "basic" in reply.headers.get("www-authenticate", "").lower()


def _credentials(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))


def _address_and_content(hook: Hook) -> tuple[str, bytes]:
    """Write the URL as it goes over the wire, which is also the one that is signed, and the form body."""
    form = "&".join([f"{_encode(name, hook.space)}={_encode(value, hook.space)}" for name, value in hook.params])
    address = quote(hook.url.partition("#")[0], safe=_UNTOUCHED, errors="replace")
    if hook.method == "POST":
        return address, form.encode()
    joint = "" if not form else "&" if "?" in address else "?"
    return address + joint + form, b""


@lru_cache(maxsize=4096)  # names, numbers and SIDs come again with every webhook
def _encode(text: str, space: str) -> str:
    return (quote_plus if space == PLUS else quote)(text, safe="", errors="replace")


def _build(hook: Hook, address: str, content: bytes, headers: Mapping[str, str], credentials: tuple[str, str] | None) -> Request:
    lines = [("User-Agent", "TwilioProxy/1.1"), ("Accept", "*/*"), *headers.items()]
    if hook.method == "POST":
        lines.append(("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"))
    if credentials is not None:
        lines.append(("Authorization", "Basic " + base64.b64encode(":".join(credentials).encode()).decode()))
    if cookie := hook.cookies.header(address):
        lines.append(("Cookie", cookie))
    return Request(hook.method, address, lines, content)
