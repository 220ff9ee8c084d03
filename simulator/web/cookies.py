"""The cookies of one call: what an application sets with one answer comes back to it with the next request."""

from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request

MOST = 50  # cookies that one answer may set: what browsers keep for a whole site


class BadCookie(ValueError):
    """A cookie without a name, or with a control character, for which Twilio has the code 11206."""


class Cookies:
    """A jar that is made with the first cookie, as most calls have none."""

    def __init__(self) -> None:
        self._jar: CookieJar | None = None

    def __len__(self) -> int:
        """Count the cookies."""
        return 0 if self._jar is None else len(self._jar)

    def keep(self, url: str, lines: list[str]) -> None:
        """Keep what an answer's Set-Cookie lines say; BadCookie where one is malformed, and then none is kept.

        Source: https://www.twilio.com/docs/api/errors/11206
        """
        if not lines:
            return
        headers = Message()
        for line in lines[:MOST]:
            pair = line.partition(";")[0]
            if not pair.partition("=")[0].strip() or not pair.isprintable():
                raise BadCookie("a cookie has no name or a control character")
            headers["Set-Cookie"] = line
        self._jar = self._jar or CookieJar()
        self._jar.extract_cookies(cast(HTTPResponse, _Headers(headers)), _request(url))

    def header(self, url: str) -> str:
        """Write the Cookie header for a request; empty where no cookie belongs to it."""
        if self._jar is None:
            return ""
        request = _request(url)
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie") or ""


class _Headers:
    """The part of an answer that a cookie jar looks at."""

    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        return self._headers


def _request(url: str) -> Request:
    """Describe a request to the jar, without the password that the address may hold: it is no part of the host's name."""
    parts = urlsplit(url)
    return Request(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))  # noqa: S310 - nothing is opened
