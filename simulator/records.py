"""What is remembered of calls, texts and the like: the last ones, so that a simulator that runs for weeks does not grow."""

from collections.abc import Callable
from typing import Protocol, TypeVar


class Record(Protocol):
    """Something that is over at some time."""

    @property
    def over(self) -> bool:
        """Tell whether nothing will happen to it any more."""


R = TypeVar("R", bound=Record)


class Records(dict[str, R]):
    """Records by SID, oldest first: with more than `kept` of them the oldest that are over are forgotten."""

    def __init__(self, kept: int, forget: Callable[[R], None] = lambda record: None) -> None:
        super().__init__()
        self._kept = kept
        self._forget = forget

    def __setitem__(self, sid: str, record: R) -> None:
        """Remember a record, and let go of what is too much; `forget` is told of that."""
        super().__setitem__(sid, record)
        while len(self) > self._kept:
            oldest = next((sid for sid, old in self.items() if old.over), None)
            if oldest is None:
                return
            self._forget(self.pop(oldest))
