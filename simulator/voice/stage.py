"""What a verb works with, and what can come of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simulator.addresses import Target, is_web_address, resolve
from simulator.clock import Clock
from simulator.twiml.document import Alarm, Verb
from simulator.voice.calls import Activity, Call, CallStatus, Condition, Instructions

if TYPE_CHECKING:
    from simulator.voice.telephony import Telephony

SECONDS_PER_WORD = 60 / 150


class HangUp:
    """The outcome of a verb that ends the call, with the status it ends with; it `failed` where no document was got."""

    def __init__(self, status: CallStatus = CallStatus.COMPLETED, failed: bool = False) -> None:
        self.status = status
        self.failed = failed


class LeaveQueue:
    """The outcome of a verb that takes the call out of its queue."""


Outcome = Instructions | HangUp | LeaveQueue | None  # None: go on with the next verb
Performer = Callable[["Stage", Verb], Awaitable[Outcome]]


def speaking_seconds(text: str) -> float:
    """Estimate how long a text takes to say, at 150 words a minute."""
    return max(len(text.split()), 1) * SECONDS_PER_WORD


@dataclass
class Stage:
    """What a verb works with: its call, what runs the call, where its document came from, where warnings go."""

    telephony: "Telephony"
    call: Call
    base_url: str
    alarm: Alarm
    activity: Activity | None = None

    @property
    def clock(self) -> Clock:
        """The one clock."""
        return self.telephony.clock

    async def rest(self, seconds: float) -> None:
        """Let time pass on the line."""
        await self.call.rest(self.clock, seconds)

    async def hold_until(self, condition: Condition, seconds: float | None = None) -> bool:
        """Wait on the line until a condition holds, at most some seconds; False says that the time was over first."""
        return await self.call.hold_until(self.clock, condition, seconds)

    async def perform(self, verbs: Sequence[Verb]) -> Outcome:
        """Carry out verbs nested in another one."""
        for verb in verbs:
            outcome = await self.telephony.verbs[verb.name](self, verb)
            if outcome is not None:
                return outcome
        return None

    def resolve(self, url: str) -> str:
        """Make an address of the document absolute."""
        return resolve(self.base_url, url)

    def await_input(self, sentence: str) -> None:
        """Tell those who look what the verb being carried out waits for."""
        if self.activity is not None:
            self.call.activity = replace(self.activity, waiting=sentence)
            self.telephony.touch(self.call)

    def begin(self, verb: Verb, request_id: int | None, index: int) -> None:
        """Tell those who look which verb is being carried out."""
        self.call.activity = self.activity = Activity(verb.name, request_id, index)
        self.telephony.touch(self.call)

    def note(self, verb: str, text: str, **details: str) -> None:
        """Write what is heard into the transcript."""
        self.telephony.hearing.note(self.call, "twilio", verb, text, **details)

    def target(self, verb: Verb, attribute: str, method_attribute: str = "method") -> Target | None:
        """Read an address with its method, POST by default; None where there is none."""
        url = verb.get(attribute).strip()
        return Target(self.resolve(url), verb.get(method_attribute, "POST")) if url else None

    def action(self, verb: Verb) -> Target | None:
        """Read where a verb sends its result: its action, or else the document's own address.

        Inline TwiML has no address: there an action must be given, and be absolute; else this is error 11100 and None.
        https://www.twilio.com/docs/voice/twiml/gather#action
        """
        url = self.resolve(verb.get("action"))
        if not is_web_address(url):
            self.alarm(11100, f"{verb.name}: Invalid URL format: inline TwiML needs an absolute action", "error")
            return None
        return Target(url, verb.get("method", "POST"))
