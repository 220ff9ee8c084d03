"""The record of one call: its status, its instructions, and what waits for it."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from simulator.addresses import Target
from simulator.clock import Clock, Signal
from simulator.identifiers import new_sid
from simulator.web.cookies import Cookies

if TYPE_CHECKING:
    from simulator.voice.recordings import Recording, Rules
    from simulator.voice.rooms import Room

T = TypeVar("T")


class CallStatus(StrEnum):
    """The statuses of a call; the last five are final."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"


FINAL = frozenset(list(CallStatus)[3:])
EVENTS = ("initiated", "ringing", "answered", "completed")
DEFAULT_RING_SECONDS = 60
MAX_RING_SECONDS = 600
MAX_CALL_SECONDS = 4 * 60 * 60

NO_TIME = 0.05  # seconds: on a clock that runs fast, the computer's own work counts
Method = Literal["GET", "POST"]


class CallEnded(Exception):
    """The call is over: whoever works for it stops."""


class CallRedirected(Exception):
    """New instructions came from outside while the old ones were carried out."""


class Interrupted(Exception):
    """What was being carried out is no longer waited for: `reason` is the condition that came true."""

    def __init__(self, reason: "Condition") -> None:
        self.reason = reason


Condition = Callable[[], bool]
Circumstances = Callable[[], dict[str, str]]


@dataclass(frozen=True)
class Instructions:
    """Where the next TwiML document comes from: a target, or inline text where there is no target.

    `params` are added to the request: what a verb has gathered, recorded or dialled.
    """

    target: Target | None = None
    twiml: str = ""
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Input:
    """What the person on the phone pressed or said, and how many seconds it takes."""

    kind: Literal["digits", "speech"]
    text: str
    seconds: float = 0.0


@dataclass(frozen=True)
class MachineDetection:
    """What to find out about who answered: `mode` is Enable or DetectMessageEnd; with a target, the call does not wait."""

    mode: str
    asynchronous: bool = False
    target: Target | None = None
    timeout: float = 30.0


@dataclass(frozen=True)
class Activity:
    """The verb being carried out: the request that brought it, its place there, and what it waits for in a sentence."""

    verb: str
    request_id: int | None
    index: int
    waiting: str = ""


@dataclass(eq=False)  # each is itself only: two may look alike for a moment
class Call:
    """One leg of a call between the account and a phone; times are simulated ones, lengths are seconds."""

    account_sid: str
    direction: str
    from_number: str
    to_number: str
    status: CallStatus
    created_at: datetime
    instructions: Instructions
    fallback: Target | None = None
    status_target: Target | None = None
    status_events: frozenset[str] = frozenset({"completed"})
    phone_number_sid: str | None = None
    caller_is_looked_up: bool = False
    parent_sid: str | None = None
    ring_seconds: float = DEFAULT_RING_SECONDS
    time_limit: float = MAX_CALL_SECONDS
    send_digits: str = ""
    machine_detection: MachineDetection | None = None
    recording_rules: "Rules | None" = None  # it is recorded from the answer on
    parameters: tuple[tuple[str, str], ...] = ()  # what a <Client> was sent along with the call
    sid: str = field(default_factory=lambda: new_sid("CA"))
    updated_at: datetime | None = None
    dialled_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    queue_ms: int = 0
    answered_by: str | None = None
    sip_code: int | None = None
    sequence: int = 0
    picked_up: bool = False
    declined: bool = False
    independent: bool = False  # a leg that was given instructions of its own and outlives its Dial
    muted: bool = False
    on_hold: bool = False
    coaching: str = ""  # the only call that hears this one
    room: "Room | None" = None
    peer: "Call | None" = None  # the other half of a call from one number of the account to another
    activity: Activity | None = None
    conference: str | None = None
    queue: str | None = None
    redirection: Instructions | None = None
    seconds_spent: float = 0.0  # by verbs, on the line: what fetching documents took is not in it
    interrupts: list[Condition] = field(default_factory=list)
    recordings: list["Recording"] = field(default_factory=list)  # those that run now
    inputs: deque[Input] = field(default_factory=deque)
    transcript: list[dict[str, Any]] = field(default_factory=list)
    cookies: Cookies = field(default_factory=Cookies)
    stirred: Signal = field(default_factory=Signal)

    @property
    def over(self) -> bool:
        """Tell whether the status is final."""
        return self.status in FINAL

    @property
    def incoming(self) -> bool:
        """Tell whether a phone placed this call to the account."""
        return self.direction == "inbound"

    @property
    def phone_number(self) -> str:
        """The number of the phone at the other end, not the account's."""
        return self.from_number if self.incoming else self.to_number

    @property
    def duration(self) -> int | None:
        """Whole seconds between answer and end; None unless the call was answered and is over."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return int((self.ended_at - self.answered_at).total_seconds())

    def check(self) -> None:
        """Raise CallEnded, CallRedirected or Interrupted where what is being carried out is no longer wanted."""
        if self.over:
            raise CallEnded
        if self.redirection is not None:
            raise CallRedirected
        for condition in self.interrupts:
            if condition():
                raise Interrupted(condition)

    async def unless(self, condition: Condition, work: Awaitable[T]) -> T | None:
        """Do some work of the call until it is done or the condition holds, which is looked at when the call is stirred."""
        self.interrupts.append(condition)
        try:
            return await work
        except Interrupted as interrupted:
            if interrupted.reason is not condition:
                raise
            return None
        finally:
            self.interrupts.remove(condition)

    async def hold_until(self, clock: Clock, condition: Condition, seconds: float | None = None) -> bool:
        """Wait until the condition holds, at most some seconds; False says that the time was over first."""
        end = None if seconds is None else clock.after(seconds)
        self.check()
        while not condition():
            left = None if end is None else clock.until(end)
            if left is not None and left <= 0:
                return False
            await self._stand_by(clock, left)
        return True

    async def lasts(self, clock: Clock, seconds: float) -> bool:
        """Let simulated time pass beside whatever the call does; False says that the call ended first."""
        end = clock.after(seconds)
        while not self.over and (left := clock.until(end)) > 0:
            await clock.wait(self.stirred, left)
        return not self.over

    async def rest(self, clock: Clock, seconds: float) -> None:
        """Let simulated time pass on the line; the end of the call or a redirect raises at once."""
        end = clock.after(seconds)
        self.check()
        while (left := clock.until(end)) > 0:
            await self._stand_by(clock, left)

    async def _stand_by(self, clock: Clock, seconds: float | None) -> None:
        start = clock.now()
        await clock.wait(self.stirred, seconds)
        self.seconds_spent -= clock.until(start)
        self.check()
