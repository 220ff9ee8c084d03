"""The time between dialling and the answer."""

from simulator.clock import Clock
from simulator.phones import Phone
from simulator.voice.calls import Call, CallStatus

SECONDS_TO_ANSWER = 2.0


async def ring(clock: Clock, call: Call, phone: Phone) -> CallStatus:
    """Let a phone ring until somebody, its habit or the time limit decides."""
    if phone.current is not None:
        return CallStatus.BUSY
    phone.take(call)
    pick_up, give_up = clock.after(SECONDS_TO_ANSWER), clock.after(call.ring_seconds)
    while True:
        call.check()
        habit = phone.habit
        answers = habit in {"answer", "machine"} and call.ring_seconds > SECONDS_TO_ANSWER
        if call.declined or habit == "busy":
            return CallStatus.BUSY
        if call.picked_up or (answers and clock.until(pick_up) <= 0):
            call.answered_by = "machine" if habit == "machine" and not call.picked_up else "human"
            call.picked_up = True
            return CallStatus.IN_PROGRESS
        if clock.until(give_up) <= 0:
            return CallStatus.NO_ANSWER
        await clock.wait(call.stirred, clock.until(pick_up if answers else give_up))


async def ring_peer(clock: Clock, call: Call, other: Call) -> CallStatus:
    """Wait until the incoming half of a call between two numbers of the account is answered, is over, or rang too long."""
    give_up = clock.after(call.ring_seconds)
    while other.answered_at is None and not other.over:
        call.check()
        if not await clock.wait(other.stirred, clock.until(give_up)):
            return CallStatus.NO_ANSWER
    call.check()
    if other.over:
        return CallStatus.BUSY if other.status is CallStatus.BUSY else CallStatus.NO_ANSWER
    call.picked_up, call.answered_by = True, "human"
    return CallStatus.IN_PROGRESS
