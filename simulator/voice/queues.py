"""Queues of calls that wait to be connected: Enqueue puts them in, Dial, Leave and the REST API take them out.

Facts: https://www.twilio.com/docs/voice/twiml/enqueue, …/twiml/queue and https://www.twilio.com/docs/voice/api/queue-resource
"""

from dataclasses import dataclass, field
from datetime import datetime

from simulator.addresses import Target
from simulator.clock import Clock
from simulator.identifiers import new_sid
from simulator.voice.calls import Call, Instructions

DEFAULT_SIZE, LARGEST_SIZE = 1000, 5000
LONGEST_NAME = 64


@dataclass(eq=False)  # each is itself only: two may look alike for a moment
class Member:
    """A call that waits; what ends its waiting is set from outside, then the call is stirred."""

    call: Call
    enqueued_at: datetime
    result: str = ""  # a QueueResult, once the waiting is over
    dequeued_at: datetime | None = None
    dequeuer: Call | None = None
    announcement: Target | None = None
    ready: bool = False  # the announcement is over: both may talk
    gone: bool = False  # the call does not wait any more, nor talk with who took it out
    parted: bool = False  # the talk that it was taken out for is over
    instructions: Instructions | None = None

    @property
    def sid(self) -> str:
        """What a member is listed and found by: the call's SID."""
        return self.call.sid

    def waited(self, now: datetime) -> int:
        """Count the whole seconds in the queue."""
        return int(((self.dequeued_at or now) - self.enqueued_at).total_seconds())


@dataclass(eq=False)
class Queue:
    """A queue, first come, first served."""

    account_sid: str
    name: str
    created_at: datetime
    most: int = DEFAULT_SIZE
    sid: str = field(default_factory=lambda: new_sid("QU"))
    updated_at: datetime = field(init=False)
    members: list[Member] = field(default_factory=list)
    agents: list[Call] = field(default_factory=list)  # calls that wait for somebody to come in

    def __post_init__(self) -> None:
        self.updated_at = self.created_at

    @property
    def full(self) -> bool:
        """Tell whether nobody else may come in."""
        return len(self.members) >= self.most

    @property
    def first(self) -> Member | None:
        """Who has waited longest and is still on the line."""
        return next((member for member in self.members if not member.call.over), None)

    def position(self, member: Member) -> int:
        """Tell a member's place, from 1."""
        return self.members.index(member) + 1

    def average_wait(self, now: datetime) -> int:
        """Average the seconds that those who wait now have waited."""
        return sum(member.waited(now) for member in self.members) // len(self.members) if self.members else 0


class Queues:
    """All queues of the account."""

    def __init__(self, clock: Clock) -> None:
        self.queues: dict[str, Queue] = {}
        self._clock = clock

    def find(self, name: str) -> Queue | None:
        """Find a queue by its name."""
        return next((queue for queue in self.queues.values() if queue.name == name), None)

    def create(self, account_sid: str, name: str, most: int = DEFAULT_SIZE) -> Queue:
        """Make a queue."""
        queue = Queue(account_sid, name, self._clock.now(), most)
        self.queues[queue.sid] = queue
        return queue

    def enter(self, queue: Queue, call: Call) -> Member:
        """Put a call at the end of a queue."""
        member = Member(call, self._clock.now())
        queue.members.append(member)
        call.queue = queue.name
        for agent in queue.agents:
            agent.stirred.notify()
        return member

    def take(self, queue: Queue, member: Member, result: str) -> None:
        """Take a member out, with the result that its Enqueue reports; only the first result counts."""
        if member not in queue.members:
            return
        queue.members.remove(member)
        member.result, member.dequeued_at = result, self._clock.now()
        member.call.queue = None
        member.call.stirred.notify()

    def let_go(self, queue: Queue, member: Member) -> None:
        """Count a member as gone, whatever becomes of the call, so that who took it out does not wait for it."""
        self.take(queue, member, "error")
        member.gone = True
        if member.dequeuer is not None:
            member.dequeuer.stirred.notify()

    def dequeue(self, queue: Queue, member: Member, instructions: Instructions) -> None:
        """Take a member out to go on with other instructions, as the REST API does."""
        member.instructions = instructions
        self.take(queue, member, "redirected")
