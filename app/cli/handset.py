"""A phone of the simulator, in the hand of whoever types here: what it hears is printed, what is typed is pressed or said."""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from typing import Any, Literal
from urllib.parse import quote, urlsplit

LISTENS = ("Gather", "Record")  # the verbs that hear keys and words
State = dict[str, Any]
News = tuple[Literal["state", "typed", "gone"], Any]


class Handset:
    """Calls, and tells what happens; each line of input waits until the flow listens."""

    def __init__(self, simulator: str, number: str, files: Mapping[str, str], linger: float) -> None:
        self._address = urlsplit(simulator).netloc
        self._number = number
        self._files = files  # what the flow calls its clips, by their public names
        self._linger_for = linger  # seconds after the call in which texts may still come
        self._state: State | None = None
        self._news: SimpleQueue[News] = SimpleQueue()
        self._printed = 0
        self._texts: set[str] = set()
        self._typed: list[str] = []
        self._used: object = None  # the verb that has had its line
        self._at_keyboard = sys.stdin.isatty()

    def post(self, body: dict[str, str], action: str = "", number: str | None = None) -> str | None:
        """Do something with a phone, this one if no other is named; returns why it could not be done."""
        path = f"/phones/{quote(number or self._number)}" + (f"/{action}" if action else "")
        with closing(HTTPConnection(self._address, timeout=30)) as connection:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
        return None if answer.status < 400 else str(said["error"]["message"])

    def talk(self, to: str) -> None:
        """Call that number and stay until the call has ended; Ctrl-C hangs up."""
        if problem := self.post({"to": to}, "call"):
            _print(problem)
            return
        for source in (self._follow, self._read):
            threading.Thread(target=source, daemon=True).start()
        try:
            ended = next((call for call in map(self._take, self._all_news()) if call), None)
        except KeyboardInterrupt:
            _print("You hang up.")
            self.post({}, "hangup")
            return
        self._linger()
        status = ended["status"] if ended else "the simulator is gone"
        _print(f"The call has ended: {status}.")

    def _all_news(self) -> Iterator[News]:
        while True:
            news = self._news.get()
            yield news
            if news[0] == "gone":
                return

    def _take(self, news: News) -> State | None:
        """Tell what is new, do what can be done now; returns the call once it is over."""
        kind, what = news
        if kind == "typed":
            self._typed.append(what)
        elif kind == "state":
            self._state = what
            self._tell(what)
            if what["current_call"] is None:
                call: State | None = what["last_call"]
                return call
        if self._typed and self._state:
            self._act(self._state["current_call"])
        return None

    def _act(self, call: State) -> None:
        verb = call["verb"] or {}
        listens = verb.get("name") in LISTENS and verb != self._used
        talks = call["queue"] or call["conference"] or call["other_party"] or verb.get("name") == "Dial"
        line = self._typed[0]
        if not (listens or (self._at_keyboard and (verb or talks)) or (talks and line == "hangup")):
            return
        del self._typed[0]
        self._used = verb
        if line == "hangup":
            problem = self.post({}, "hangup")
        elif line.startswith("say ") and line[4:].strip():
            problem = self.post({"text": line[4:].strip()}, "speak")
        elif re.fullmatch(r"[0-9*#]+", line):
            problem = self.post({"digits": line}, "press")
        else:
            problem = "Type keys (0 to 9, * and #), `say` and words, or `hangup`."
            self._used = None
        if problem:
            _print(f"  ({problem})")

    def _tell(self, state: State) -> None:
        for line in state["transcript"][self._printed :]:
            _print(self._heard(line))
        self._printed = max(self._printed, len(state["transcript"]))
        self._tell_texts(state)

    def _tell_texts(self, state: State) -> None:
        for message in state["messages"]:
            if message["direction"] == "received" and message["sid"] not in self._texts:
                self._texts.add(message["sid"])
                _print(f"  text to {message['to']}: {message['body']}")

    def _linger(self) -> None:
        """Tell the texts that come after the call, to this phone and to others."""
        until = time.monotonic() + self._linger_for
        with suppress(Empty):
            while (left := until - time.monotonic()) > 0:
                kind, what = self._news.get(timeout=left)
                if kind == "state":
                    self._tell(what)
        for phone in self._get("/phones")["phones"]:
            if phone["messages"]:
                self._tell_texts(self._get(f"/phones/{quote(phone['number'])}"))

    def _get(self, path: str) -> State:
        with closing(HTTPConnection(self._address, timeout=30)) as connection:
            connection.request("GET", path)
            answer: State = json.loads(connection.getresponse().read())
        return answer

    def _follow(self) -> None:
        """Every state of the phone, as the simulator sends it."""
        with suppress(OSError, HTTPException, ValueError), closing(HTTPConnection(self._address, timeout=60)) as connection:
            connection.request("GET", f"/phones/{quote(self._number)}/events")
            for line in connection.getresponse():
                if line.startswith(b"data: "):
                    self._news.put(("state", json.loads(line.removeprefix(b"data: "))))
        self._news.put(("gone", None))

    def _read(self) -> None:
        """The lines of standard input; read without a buffer, which a thread that waits there would keep locked at the end."""
        rest = b""
        with suppress(OSError):
            while piece := os.read(sys.stdin.fileno(), 4096):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._type(line)
        self._type(rest)

    def _type(self, line: bytes) -> None:
        if text := line.decode(errors="replace").strip():
            self._news.put(("typed", text))

    def _heard(self, line: State) -> str:
        """A line of the transcript, as it is told."""
        verb, text = line["verb"], line["text"]
        match line["speaker"], verb:
            case "twilio", "Say":
                return f"“{text}”"
            case "twilio", "Play":
                name = text.rpartition("/")[2]
                return f"♪ {self._files.get(name, name)}"
            case "twilio", "Ringing":
                return f"  ringing {text}"
            case "phone", _:
                return f"> {text}"
            case "party", _:
                return f"{line['from']}: {text}"
            case "exchange", _:
                return f"  {text}"
            case _:
                return f"  ({' '.join(filter(None, (verb.lower(), text)))})"


def _print(line: str) -> None:
    shown = line.replace("\n", " ")
    sys.stdout.write("".join(letter if letter.isprintable() else "�" for letter in shown) + "\n")
    sys.stdout.flush()
