"""Guard: is this the operator? A session from the sign-in page, or HTTP Basic or Bearer for scripts."""

from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest, new
from ipaddress import ip_address, ip_network
from math import inf
from threading import BoundedSemaphore
from time import monotonic
from urllib.parse import quote, urlsplit

from flask import Flask, Request, abort, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.security import check_password_hash
from werkzeug.wrappers import Response

from app import logs
from app.errors import LedgerUnavailable
from app.ledger import audit, signins
from app.settings import current_settings, is_loopback

OPERATOR, ENTRY = "operator", "entry"
SCRIPT = f"{OPERATOR} (script)"  # as the audit calls one
CHALLENGE = WWWAuthenticate("basic", {"realm": "Switchboard"})
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
PORTS = {"http": 80, "https": 443}
ATTEMPTS = 5  # wrong passwords from one address …
ATTEMPTS_IN_ALL = 1000  # … and from all strange ones together: many addresses are no help to guess, and lock out no known one
HOME = 56  # bits of an IPv6 address that one home or office has to itself (https://www.rfc-editor.org/rfc/rfc6177)
LONGEST_ONWARD = 2000  # characters; the session is a cookie, of which browsers take 4 kB
WINDOW = timedelta(minutes=15)
COMPARED_AT_ONCE = 8  # passwords, in a worker: a hash takes a while, and half of its threads are left for everybody else
LONGEST_SESSION = timedelta(days=7)  # also of one that is in use all the time
BELIEVED = 300  # seconds for which a worker believes that a session goes on, while the database cannot be asked

_comparing = BoundedSemaphore(COMPARED_AT_ONCE)


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie; without one there is nothing to check, and webhooks bring none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)


def require_operator() -> Response | None:
    """Let a request pass only if the operator makes it, and only from our own pages if it changes something."""
    if "Authorization" in request.headers:
        check_password(_password_of_script())
    elif not is_signed_in():
        return _ask_to_sign_in()
    refuse_other_sites()
    g.is_operator = True
    return None


def check_password(given: str | None) -> None:
    """Raises Unauthorized on a wrong password, TooManyRequests after too many of them, right or wrong.

    It is counted before it is compared: of many guesses at once, no more are compared than may be wrong.
    """
    address, guess = client_address(), _fingerprint(given or "")
    tried = signins.begin(address, guess, WINDOW, at_most=ATTEMPTS, in_all=ATTEMPTS_IN_ALL)
    if tried is None:
        minutes = WINDOW.seconds // 60
        raise TooManyRequests(f"Too many wrong passwords; try again in {minutes} minutes.", retry_after=WINDOW.seconds)
    started = monotonic()
    is_right = _is_password(given or "")
    logs.spent("password", started)
    if not is_right:
        signins.note_wrong(address, guess)
        audit.note_wrong_password(address, is_last=tried.others + 1 >= ATTEMPTS)
        raise Unauthorized(
            "That is not the operator's password.", www_authenticate=CHALLENGE if "Authorization" in request.headers else None
        )
    if tried.others or not tried.was_right:
        signins.note_right(address, guess, script=SCRIPT if "Authorization" in request.headers else None)


def refuse_other_sites() -> None:
    """403 for a request that would change something and comes from a page of another site."""
    if request.method not in SAFE_METHODS and is_cross_site():
        abort(403, "This came from a page of another site, or of ours at another address than PUBLIC_BASE_URL.")


def is_cross_site() -> bool:
    """Whether another site's page made the browser send this; one that does not say was sent by a script.

    The headers are the browser's own (https://www.w3.org/TR/fetch-metadata/); no page can set them.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in ("same-origin", "none")
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if not source:
        return False
    origin = _site(source)
    if origin == _site(current_settings().public_base_url):
        return False
    reached = _site(f"{source.partition('://')[0]}://{request.host}")
    return origin != reached or not is_loopback(origin[0])  # whose name another site could lead to us


def _site(address: str) -> tuple[str | None, int | None]:
    """The host and port of an address, however it writes them; of what is none, no host."""
    try:
        parts = urlsplit(address)
        return parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None, None


def sign_in(entry: int) -> str:
    """Start the operator's session and return where to go on: the page that asked for it, or the start page.

    It is known by the `entry` of the audit that tells of it.
    """
    onward = str(session.get("onward", url_for("switchboard.operator.index")))
    session.clear()
    session.permanent = True
    session[OPERATOR], session[ENTRY] = _proof(), entry
    _seen()[entry] = monotonic()
    return onward


def is_signed_in() -> bool:
    """Whether the cookie is of a session that nobody has signed out of: a copy of it ends with it. Raises LedgerUnavailable."""
    if not compare_digest(str(session.get(OPERATOR, "")).encode(), _proof().encode()):
        return False
    entry = session.get(ENTRY)
    if entry and _goes_on(entry):
        return True
    session.clear()  # else the answer would make it young again
    return False


def sign_out() -> str:
    """End the session here, and return what to note so that it ends everywhere: "" for a script, which has none."""
    entry = session.get(ENTRY)
    session.clear()
    if entry is None:
        return ""
    _seen().pop(entry, None)
    return audit.session_name(entry)


def _goes_on(entry: int) -> bool:
    """Whether nobody signed out of that session; if the database does not say, as this worker knew it lately."""
    try:
        if audit.has_ended(entry, LONGEST_SESSION):
            return False
        _seen()[entry] = monotonic()
    except LedgerUnavailable:
        if monotonic() - _seen().get(entry, -inf) > BELIEVED:
            raise
    return True


def _seen() -> dict[int, float]:
    """When this worker last saw each session go on; as many as there were sign-ins."""
    seen: dict[int, float] = current_app.extensions.setdefault("sessions", {})
    return seen


def client_address() -> str:
    """Whose request it is, for IPv6 the network of its HOME; a proxy on this machine says it, last in X-Forwarded-For."""
    peer = request.remote_addr or ""
    if is_loopback(peer) and request.access_route:
        peer = request.access_route[-1]
    try:
        address = ip_address(peer)
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else str(ip_network((address, HOME), strict=False))


def wants_page() -> bool:
    """Whether a browser asks: one says that it takes HTML, a script does not."""
    return "text/html" in request.headers.get("Accept", "")


def _ask_to_sign_in() -> Response:
    if not wants_page():
        raise Unauthorized("Sign in with HTTP Basic (user operator) or Bearer.", www_authenticate=CHALLENGE)
    if request.method == "GET" and not is_cross_site():  # a link from elsewhere must not dial once the password is typed
        onward = quote(request.path) + ("?" + request.query_string.decode("latin-1") if request.query_string else "")
        session["onward"] = onward if len(onward) <= LONGEST_ONWARD else url_for("switchboard.operator.index")
    return redirect(url_for("switchboard.public.sign_in"), 303)


def _password_of_script() -> str | None:
    try:
        given = request.authorization
    except ValueError:  # Werkzeug's, for a header that is not ASCII
        return None
    if given is None:
        return None
    if given.type == "basic":
        return given.password if given.username == OPERATOR else None
    return given.token if given.type == "bearer" else None


def _is_password(given: str) -> bool:
    known = current_settings().operator_password.get_secret_value()
    if known.startswith(("scrypt:", "pbkdf2:")):
        if not _comparing.acquire(blocking=False):
            raise TooManyRequests("Too many passwords are compared just now; try again in a second.", retry_after=1)
        try:
            return check_password_hash(known, given)
        finally:
            _comparing.release()
    return compare_digest(sha256(known.encode()).digest(), sha256(given.encode("utf-8", "replace")).digest())


def _fingerprint(given: str) -> str:
    """What is kept of a password that was tried; it changes with the right one."""
    return new(_proof().encode(), given.encode("utf-8", "replace"), sha256).hexdigest()


def _proof() -> str:
    """What the session holds: it ends with the password it was made with."""
    settings = current_settings()
    key, password = settings.secret_key.get_secret_value(), settings.operator_password.get_secret_value()
    return new(key.encode(), password.encode(), sha256).hexdigest()
