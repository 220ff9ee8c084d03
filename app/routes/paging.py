"""Lists that are shown page by page, the newest first: each page names the last of the one before."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import request, url_for

from app.models import AuditEntry, Recording

Row = TypeVar("Row", AuditEntry, Recording)


def page(latest: Callable[[int, int | None], Sequence[Row]], size: int) -> tuple[Sequence[Row], str | None]:
    """The rows of the page that is asked for, and the address of the next one, if there is one."""
    found = latest(size + 1, request.args.get("before", type=row_id))
    shown = found[:size]
    return shown, url_for(request.endpoint or "", before=shown[-1].id) if len(found) > size else None


def row_id(text: str) -> int:
    """A row as an address or a form names it. Raises ValueError."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError
    return int(text)
