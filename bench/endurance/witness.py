"""Who looks on: every webhook that the simulator sent, and how it was answered."""

import threading
import time
from collections import Counter

from bench.endurance.place import Phones

PAUSE = 1.0  # seconds
FIELDS = "id,kind,sid,status,error_code,fault,fallback"


class Witness:
    """A thread that reads the simulator's record of webhooks, until the `with` ends.

    `heard` are the calls and texts of which a webhook got a 2xx, also one that only says sorry.
    """

    def __init__(self, phones: Phones) -> None:
        self.heard: set[str] = set()
        self.answers: Counter[str] = Counter()
        self._phones = phones
        self._last = 0
        self._news = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Witness":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def seconds_since_news(self) -> float:
        """How long ago the last webhook was seen; all that were sent by now are looked at."""
        self._look()
        return time.monotonic() - self._news

    def _run(self) -> None:
        while not self._over.wait(PAUSE):
            self._look()

    def _look(self) -> None:
        with self._lock:
            for entry in self._phones.ask("GET", f"/requests?after={self._last}&fields={FIELDS}")["requests"]:
                if entry["status"] is None and entry["error_code"] is None:
                    self._news = time.monotonic()
                    return  # not answered yet: it and what follows are looked at next time
                if entry["id"] != self._last + 1:
                    raise RuntimeError("The simulator has forgotten webhooks that were not looked at.")
                self._last, self._news = entry["id"], time.monotonic()
                self._note(entry)

    def _note(self, entry: dict[str, object]) -> None:
        status, sid = entry["status"], str(entry["sid"])
        fault = f" {entry['fault']}" if entry["fault"] in ("status", "timeout", "drop", "refuse") else ""
        self.answers[f"{entry['kind']}{' fallback' if entry['fallback'] else ''} {status or 'broken'}{fault}"] += 1
        if isinstance(status, int) and 200 <= status < 300:
            self.heard.add(sid)
