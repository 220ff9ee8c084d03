"""Why a webhook's signature does not hold: what it would hold for is tried, and named in a sentence that says how to mend it.

Only whoever knows the token can sign anything: where a variant holds, Twilio signed it, and it may be shown. Where none does, the
token is another, the body was changed, or somebody forged it, and no more can be known.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from werkzeug.datastructures import Headers

from app.settings import Settings

Form = Mapping[str, list[str]]
Signs = Callable[[str, Form], bool]  # whether the signature is that of a URL and a form

MANY = 100  # parameters; Twilio sends some thirty. To look into more would cost whoever refuses them, not who sends them
LONG = 16 * 1024  # bytes of body, likewise
TRIED = 48  # addresses; to try one takes some 50 µs

# Where proxies say what was asked of them before they changed it.
ORIGINALS = ("X-Original-URI", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri")

SIGNED_FOR = "Twilio signed it for {detail}."
# By cause: what is wrong, and how to mend it.
CAUSES = {
    "no-signature": (
        "It bears no signature.",
        "It is not from Twilio, or a proxy drops the header X-Twilio-Signature: let the proxy pass it on.",
    ),
    "algorithm": ("Its signature is of a kind that is not known here.", "It is not from Twilio, or Twilio has a new kind: update."),
    "absolute": (
        "Its request line names a host of its own.",
        "It is not from Twilio, or a proxy forwards whole addresses: let it forward the path only.",
    ),
    "unhashed": (
        "Its body is no form, and the address has no bodySHA256 that would vouch for it.",
        "It is not from Twilio, or a proxy changed the body or its Content-Type: let both pass as they came.",
    ),
    "host": (
        "It is signed for another host than PUBLIC_BASE_URL says.",
        "Set PUBLIC_BASE_URL to the address that Twilio calls, or give Twilio that address (console.twilio.com, Phone Numbers).",
    ),
    "http": (
        "It is signed for http, and PUBLIC_BASE_URL says https.",
        "Twilio calls http and is led on by a redirect, or https ends at a proxy: give Twilio the https address of the webhook.",
    ),
    "https": (
        "It is signed for https, and PUBLIC_BASE_URL says http.",
        "Set PUBLIC_BASE_URL to the https address that Twilio calls; the proxy in front may go on in http.",
    ),
    "path": (
        "A proxy rewrote the path on the way.",
        "Let the proxy pass the path as it came: no prefix added or taken away, nothing decoded, no slash more or less. If all "
        "paths of Twilio's begin alike and the proxy strips that, it belongs to PUBLIC_BASE_URL.",
    ),
    "query": (
        "What follows the question mark in its address was changed on the way.",
        "Let the proxy pass the address as it came: nothing added, taken away, sorted or encoded anew.",
    ),
    "method": (
        "It was signed as GET and came as POST, or the other way about.",
        "A proxy or a redirect changed the method: give Twilio the address that answers without one, and let the proxy pass it on.",
    ),
    "body": (
        "Its body was changed on the way.",
        "Let the proxy pass the body as it came: no parameter added, no line ends or letters converted.",
    ),
    "account": (
        "It says that it is about another account than TWILIO_ACCOUNT_SID, and no token of ours signed it.",
        "A number of another account, or of a subaccount, has this address as its webhook: change it there, or the account here. "
        "If there is none, somebody forges webhooks, which does no harm.",
    ),
    "token": (
        "Its signature is not ours: another token, an address or a body that was changed beyond recognition, or a forgery.",
        "Compare TWILIO_AUTH_TOKEN with the account's (console.twilio.com, Account, API keys & tokens); while it is being rotated, "
        "give the other one as TWILIO_AUTH_TOKEN_SECONDARY. If it is right, compare the webhook's address there with "
        "PUBLIC_BASE_URL: a proxy may replace the host, or take away the beginning of the path or what follows the question mark, "
        "and not say so. If calls and texts do come through, somebody forges webhooks, which does no harm.",
    ),
    "many": ("It was one of too many at once to find out why.", "See the others of the same minute."),
}


@dataclass(frozen=True)
class Fault:
    """Why a webhook is refused: one of CAUSES, and the `detail`, which holds no parameter and nothing that a stranger wrote."""

    cause: str
    detail: str = ""

    @property
    def sentence(self) -> str:
        return explained(self.cause, self.detail)[0]


def explained(cause: str, detail: str) -> tuple[str, str]:
    """What is wrong, and how to mend it, in sentences."""
    wrong, mend = CAUSES.get(cause, (cause, ""))
    return (f"{wrong} {SIGNED_FOR.format(detail=detail)}" if detail else wrong), mend


@dataclass(frozen=True)
class Received:
    """A request as it arrived: its raw `target`, and its body, also as a `form`."""

    method: str
    target: str
    headers: Headers
    form: Form
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


def find(settings: Settings, received: Received, signs: Signs) -> Fault:
    """What the signature would hold for; the work is bounded, whatever was sent."""
    if len(received.form) > MANY or len(received.body) > LONG or len(received.target) > LONG:
        return Fault("token")
    own = urlsplit(settings.public_base_url)
    here = settings.public_base_url + received.target
    for cause, url, form in islice(_variants(settings, received), TRIED):
        if url != here and signs(url, form):
            signed = urlsplit(url)
            if cause == "address":
                cause = "host" if signed.netloc != own.netloc else signed.scheme
            return Fault(cause, _shown(url))
    if any(signs(here, form) for form in _other_forms(received.form)):
        return Fault("body")
    account = received.form.get("AccountSid") or parse_qs(received.query).get("AccountSid") or [settings.twilio_account_sid]
    return Fault("account" if account[0] != settings.twilio_account_sid else "token")


def _variants(settings: Settings, received: Received) -> Iterator[tuple[str, str, Form]]:
    """What may have been signed, the likely first."""
    form, target = received.form, received.target
    origins = [*_origins(settings, received.headers)]
    for origin in origins:
        yield "address", origin + target, form
    own = settings.public_base_url
    if base := urlsplit(own).path:
        yield "path", own.removesuffix(base) + target, form  # the path of PUBLIC_BASE_URL is not in it, or twice
    yield from (("method", url, signed) for url, signed in _other_methods(own, received))
    for origin in (own, *origins):
        for path in _paths(received):
            yield "path", origin + path + (f"?{received.query}" if received.query else ""), form
        for written in filter(None, map(received.headers.get, ORIGINALS)):
            if written.startswith("/"):
                yield "query" if written.partition("?")[0] == received.path else "path", origin + written, form
        if origin == own:
            for query in _queries(received.query):
                yield "query", own + received.path + query, form


def _origins(settings: Settings, headers: Headers) -> Iterator[str]:
    """Scheme, host and the path of PUBLIC_BASE_URL, as they may have been when it is set wrong."""
    known = urlsplit(settings.public_base_url)
    hosts = (known.netloc, headers.get("Host", ""), headers.get("X-Forwarded-Host", ""), headers.get("X-Original-Host", ""))
    for host in dict.fromkeys(hosts):
        if is_host(host):
            yield from (f"{scheme}://{host}{known.path}" for scheme in ("https", "http"))


def _other_methods(own: str, received: Received) -> Iterator[tuple[str, Form]]:
    """Parameters in the address that were signed as a form, and the other way about."""
    if received.query and not received.form:
        yield own + received.path, parse_qs(received.query, keep_blank_values=True)
    if received.form:
        yield f"{own}{received.target}{'&' if received.query else '?'}{received.body.decode('latin-1')}", {}


def _paths(received: Received) -> Iterator[str]:
    """Paths that a proxy may have made this one of, after the path that PUBLIC_BASE_URL has."""
    path = received.path
    prefix = received.headers.get("X-Forwarded-Prefix", "").rstrip("/")
    if prefix.startswith("/"):
        yield prefix + path
    yield path.removesuffix("/") if path.endswith("/") else f"{path}/"
    yield f"/{path}"
    yield f"/{path.lstrip('/')}"
    yield unquote(path)
    yield quote(unquote(path), safe="/")
    yield quote(unquote(path), safe="/:@!$&'()*+,;=~-._")
    first, _, rest = path.lstrip("/").partition("/")
    if first and rest:
        yield f"/{rest}"


def _queries(query: str) -> Iterator[str]:
    """Queries that a proxy may have made this one of."""
    if not query:
        yield "?"
        return
    yield ""
    yield f"?{unquote(query)}"
    pairs = parse_qsl(query, keep_blank_values=True)[:12]
    for each in (urlencode(pairs), urlencode(pairs, quote_via=quote), urlencode(sorted(pairs))):
        yield f"?{each}"
    written = query.split("&")[:12]
    for number in range(len(written)):  # each of them may have been added
        left = "&".join(written[:number] + written[number + 1 :])
        yield f"?{left}" if left else ""


def _other_forms(form: Form) -> Iterator[Form]:
    """Bodies that a proxy may have made this one of."""
    if not form:
        return
    yield {}
    yield {name: values for name, values in form.items() if name[:1].isupper()}  # Twilio's names are; what was added may not be
    for before, after in (("\r\n", "\n"), ("\n", "\r\n")):
        yield {name: [value.replace(before, after) for value in values] for name, values in form.items()}
    try:
        yield {name: [value.encode("latin-1").decode() for value in values] for name, values in form.items()}
    except UnicodeError:
        return


def is_host(text: str) -> bool:
    """Whether a header that anyone may have written is a host with or without a port."""
    try:
        parsed = urlsplit(f"//{text}")
        return parsed.netloc == text and bool(parsed.hostname) and parsed.port != 0
    except ValueError:
        return False


def _shown(url: str) -> str:
    """An address without its parameters, which hold numbers, and without a name for whoever signs in."""
    parsed = urlsplit(url)
    return f"{parsed.scheme}://{parsed.netloc.rpartition('@')[2]}{parsed.path}{'?…' if parsed.query else ''}"
