"""The handsets: every number that is not the account's is a phone, made at its first mention."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from simulator.texts.messages import Message
    from simulator.voice.calls import Call

Habit = Literal["ring", "answer", "busy", "no-answer", "machine", "failed"]
HABITS: tuple[str, ...] = get_args(Habit)
# What becomes of texts, by Twilio's code where they do not arrive.
TEXT_HABITS: dict[str, int | None] = {
    "receive": None,
    "off": 30003,
    "unknown": 30005,
    "landline": 30006,
    "filtered": 30007,
    "lost": 30008,
}


class PhoneError(Exception):
    """Something a phone cannot do now, or at all."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class Phone:
    """One handset: what it does when it rings, the call it is in, the texts it has seen, and who looks at it."""

    number: str
    on_ring: Habit = "answer"
    on_text: str = "receive"
    current: "Call | None" = None
    last: "Call | None" = None
    messages: list["Message"] = field(default_factory=list)
    watchers: set[asyncio.Event] = field(default_factory=set)
    observers: set[asyncio.Event] = field(default_factory=set)  # of all handsets: they do not keep this one from answering

    @property
    def habit(self) -> Habit:
        """What it does now: one that somebody looks at is not answered for them."""
        return "ring" if self.on_ring == "answer" and self.watchers else self.on_ring

    @property
    def hindrance(self) -> int | None:
        """Why a text does not arrive here, by Twilio's code; None where it does."""
        return TEXT_HABITS[self.on_text]

    @property
    def state(self) -> str:
        """One of idle, ringing (it can be answered) and in-call (also while its own call is not answered yet)."""
        if self.current is None:
            return "idle"
        return "in-call" if self.current.incoming or self.current.picked_up else "ringing"

    def touch(self) -> None:
        """Tell those who look that something has changed."""
        for watcher in (*self.watchers, *self.observers):
            watcher.set()

    def take(self, call: "Call") -> None:
        """Be busy with a call from now on."""
        self.current = call
        self.touch()

    def release(self, call: "Call") -> None:
        """Be free again."""
        if self.current is call:
            self.current, self.last = None, call
            self.touch()

    def keep(self, message: "Message") -> None:
        """Keep a text that came or went."""
        self.messages.append(message)
        self.touch()

    def as_json(self) -> dict[str, Any]:
        """Render the whole handset."""
        shown = self.current or self.last
        return {
            "number": self.number,
            "state": self.state,
            "on_ring": self.on_ring,
            "on_text": self.on_text,
            "current_call": call_json(self.current),
            "last_call": call_json(self.last),
            "transcript": list(shown.transcript) if shown else [],
            "messages": [self._message_json(message) for message in self.messages],
        }

    def summary(self) -> dict[str, Any]:
        """Render the line for a list of handsets."""
        return {"number": self.number, "state": self.state, "on_ring": self.on_ring, "messages": len(self.messages)}

    def _message_json(self, message: "Message") -> dict[str, Any]:
        return {
            "sid": message.sid,
            "direction": "sent" if message.from_number == self.number else "received",
            "from": message.from_number,
            "to": message.to_number,
            "body": message.body,
            "media": [item.shown_at for item in message.media],
            "media_types": [item.content_type for item in message.media],
            "status": message.status.value,
            "error_code": message.error_code,
            "at": message.created_at.isoformat(),
        }


def call_json(call: "Call | None") -> dict[str, Any] | None:
    """Render the call that a handset is in, or was."""
    if call is None:
        return None
    others = [each for each in call.room.members if each is not call] if call.room is not None else []
    doing = call.activity
    return {
        "sid": call.sid,
        "direction": call.direction,
        "from": call.from_number,
        "to": call.to_number,
        "status": call.status.value,
        "started_at": (call.dialled_at or call.created_at).isoformat(),
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "verb": {"name": doing.verb, "request_id": doing.request_id, "index": doing.index} if doing else None,
        "waiting": doing.waiting or None if doing else None,
        "recording": bool(call.recordings),
        "muted": call.muted,
        "on_hold": call.on_hold,
        "conference": call.conference,
        "queue": call.queue,
        "other_party": others[0].phone_number if len(others) == 1 else None,
        "parameters": dict(call.parameters),
    }


class Phones:
    """All handsets by number."""

    def __init__(self) -> None:
        self._phones: dict[str, Phone] = {}
        self.watchers: set[asyncio.Event] = set()  # of those who want to know about all handsets, and new ones

    def get(self, number: str) -> Phone:
        """Find a handset, or make it."""
        if number not in self._phones:
            self._phones[number] = Phone(number, observers=self.watchers)
            self._tell()
        return self._phones[number]

    def has(self, number: str) -> bool:
        """Tell whether a number is a handset's."""
        return number in self._phones

    def touch(self, number: str) -> None:
        """Tell those who look at a number's handset, if it has one, that something has changed."""
        if number in self._phones:
            self._phones[number].touch()

    def release(self, call: "Call") -> None:
        """Free the handset that is in a call, if one is."""
        if call.phone_number in self._phones:
            self._phones[call.phone_number].release(call)

    def forget_call(self, call: "Call") -> None:
        """Let go of a call that is over and no longer remembered."""
        phone = self._phones.get(call.phone_number)
        if phone is not None and phone.last is call:
            phone.last = None
            self._forget_unused(phone)

    def forget_message(self, message: "Message") -> None:
        """Let go of a text that is no longer remembered."""
        for number in (message.from_number, message.to_number):
            phone = self._phones.get(number)
            if phone is not None and message in phone.messages:
                phone.messages.remove(message)
                self._forget_unused(phone)

    def _forget_unused(self, phone: Phone) -> None:
        told = phone.on_ring != "answer" or phone.on_text != "receive"
        if not (told or phone.current or phone.last or phone.messages or phone.watchers):
            del self._phones[phone.number]

    def all(self) -> list[Phone]:
        """List the handsets in the order of their first mention."""
        return list(self._phones.values())

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher.set()
