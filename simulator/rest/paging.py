"""Lists of the REST API: filters and pages, with the page links that Twilio gives."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from simulator.rest.errors import RestError

DEFAULT_SIZE, MAX_SIZE = 50, 1000
AFTER, BEFORE = "PA", "PB"


class Resource(Protocol):
    """What can be listed."""

    @property
    def sid(self) -> str:
        """What tells it from others."""


R = TypeVar("R", bound=Resource)
Getter = Callable[[R], Any]


def filter_resources(
    resources: Iterable[R], args: Mapping[str, str], texts: Mapping[str, Getter[R]], moments: Mapping[str, Getter[R]]
) -> list[R]:
    """Keep the resources that fit: `texts` are compared, `moments` are dates or times with `<` and `>` forms."""
    kept = list(resources)
    for name, value_of in texts.items():
        if wanted := args.get(name):
            kept = [item for item in kept if value_of(item) == wanted]
    for name, moment_of in moments.items():
        for form in ("", "<", ">"):
            if wanted := args.get(name + form):
                start, end = read_span(name, wanted)
                kept = [item for item in kept if _fits(moment_of(item), form, start, end)]
    return kept


def read_span(name: str, text: str) -> tuple[datetime, datetime]:
    """Read a day or a moment as the span of time that it names."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RestError(20001, name=name) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    length = timedelta(days=1) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else timedelta(seconds=1)
    return moment, moment + length


def _fits(moment: datetime | None, form: str, start: datetime, end: datetime) -> bool:
    if moment is None:
        return False
    if form == "<":
        return moment < start
    return moment >= start and (form == ">" or moment < end)


def _number(args: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = args.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise RestError(20001, name=name)
    return int(text)


@dataclass(frozen=True)
class _Cut(Generic[R]):
    """One page of a list, and the links to it and to those beside it."""

    items: Sequence[R]
    page: int
    size: int
    this: str
    first: str
    next: str | None
    previous: str | None


def render_page(
    resources: Sequence[R], args: Mapping[str, str], path: str, name: str, render: Callable[[R], dict[str, Any]]
) -> dict[str, Any]:
    """Cut one page out of a list that is newest first; a page token holds its place when new resources arrive."""
    cut = _cut(resources, args, path)
    start = cut.page * cut.size
    return {
        name: [render(item) for item in cut.items],
        "page": cut.page,
        "page_size": cut.size,
        "start": start,
        "end": start + max(len(cut.items) - 1, 0),
        "uri": cut.this,
        "first_page_uri": cut.first,
        "next_page_uri": cut.next,
        "previous_page_uri": cut.previous,
    }


def render_page_with_meta(
    resources: Sequence[R], args: Mapping[str, str], url: str, name: str, render: Callable[[R], dict[str, Any]]
) -> dict[str, Any]:
    """Cut one page as Twilio's newer APIs do, which say what it is beside the list; `url` is absolute."""
    cut = _cut(resources, args, url)
    meta = {
        "page": cut.page,
        "page_size": cut.size,
        "first_page_url": cut.first,
        "previous_page_url": cut.previous,
        "url": cut.this,
        "next_page_url": cut.next,
        "key": name,
    }
    return {name: [render(item) for item in cut.items], "meta": meta}


def _cut(resources: Sequence[R], args: Mapping[str, str], path: str) -> _Cut[R]:
    size = min(_number(args, "PageSize", DEFAULT_SIZE, 1), MAX_SIZE)
    page = _number(args, "Page", 0, 0)
    first = _first_index(resources, args.get("PageToken", ""), page, size)
    items = resources[first : first + size]
    filters = [(key, value) for key, value in args.items() if key not in {"PageSize", "Page", "PageToken"}]

    def link(number: int, token: str = "") -> str:
        place = [("PageSize", str(size)), ("Page", str(number))]
        return f"{path}?{urlencode(filters + place + ([('PageToken', token)] if token else []))}"

    more = first + size < len(resources)
    return _Cut(
        items,
        page,
        size,
        this=link(page, args.get("PageToken", "")),
        first=link(0),
        next=link(page + 1, AFTER + items[-1].sid) if more and items else None,
        previous=link(page - 1, BEFORE + items[0].sid) if page and items else None,
    )


def _first_index(resources: Sequence[R], token: str, page: int, size: int) -> int:
    if not token:
        return page * size
    places = [index for index, item in enumerate(resources) if item.sid == token[2:]]
    if not places or token[:2] not in {AFTER, BEFORE}:
        raise RestError(21481)
    return places[0] + 1 if token.startswith(AFTER) else max(places[0] - size, 0)
