"""Reading the parameters of a REST request, each refused with the code that Twilio gives."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Self

from werkzeug.datastructures import MultiDict

from simulator.addresses import Target, is_web_address
from simulator.numbering import parse_number
from simulator.rest.errors import RestError

MAX_DETAIL = 120
MAX_LABEL = 64


class Form:
    """The form of one REST request; unknown parameters are ignored, as Twilio does."""

    def __init__(self, fields: MultiDict[str, str]) -> None:
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def replacing(self, fields: Mapping[str, str]) -> Self:
        """Make the same form with some parameters given anew."""
        changed = self._fields.copy()
        for name, value in fields.items():
            changed[name] = value
        return type(self)(changed)

    def text(self, name: str) -> str:
        """Read a parameter; empty where it is missing."""
        return self._fields.get(name, "")

    def texts(self, name: str) -> list[str]:
        """Read a parameter that may be given more than once, leaving out empty ones."""
        return [value for value in self._fields.getlist(name) if value]

    def number(self, name: str, missing: int, invalid: int) -> str:
        """Read a phone number into E.164, refusing with one code where it is missing, another where it is none."""
        text = self.text(name).strip()
        if not text:
            raise RestError(missing)
        number = parse_number(text)
        if number is None:
            raise RestError(invalid, number=text[:MAX_DETAIL])
        return number

    def whole(self, name: str, default: int, invalid: int, most: int) -> int:
        """Read a whole number from 1 up; more than `most` counts as that."""
        text = self.text(name).strip() or str(default)
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
            raise RestError(invalid, name=name)
        return min(int(text), most)

    def label(self, name: str, default: str = "") -> str:
        """Read a name for people, of at most 64 characters."""
        text = self.text(name).strip() or default
        if len(text) > MAX_LABEL:
            raise RestError(21658, name=name)
        return text

    def flag(self, name: str, default: bool) -> bool:
        """Read a truth value."""
        text = self.text(name).strip().lower()
        if text not in {"", "true", "false"}:
            raise RestError(20001, name=name)
        return text == "true" if text else default

    def choice(self, name: str, values: Iterable[str], invalid: int) -> str:
        """Read a parameter that has a few values only; empty where it is missing."""
        text = self.text(name)
        if text and text not in values:
            raise RestError(invalid, name=name, value=text[:MAX_DETAIL])
        return text

    def truth(self, name: str) -> bool | None:
        """Read a parameter that is true, or else false; None where it is missing."""
        text = self.text(name).strip().lower()
        return text == "true" if text else None

    def events(self, name: str, known: Collection[str], default: str, invalid: int) -> frozenset[str]:
        """Read names of events, given one by one or together with spaces between them."""
        given = frozenset(" ".join(self.texts(name)).split()) or frozenset(default.split())
        for unknown in given - set(known):
            raise RestError(invalid, name=name, value=unknown[:MAX_DETAIL])
        return given

    def target(self, url_name: str, method_name: str, invalid: int = 21205, default: str = "POST") -> Target | None:
        """Read a URL and its method, POST unless there is another default; None where the URL is missing."""
        method = self.text(method_name).upper() or default
        if method not in {"GET", "POST"}:
            raise RestError(21209, value=method[:MAX_DETAIL])
        url = self.text(url_name).strip()
        if not url:
            return None
        if not is_web_address(url):
            raise RestError(invalid, value=url[:MAX_DETAIL])
        return Target(url, method)
