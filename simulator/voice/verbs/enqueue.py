"""Enqueue, and Dial's Queue: waiting in a queue, and taking the first one out of it.

Facts: https://www.twilio.com/docs/voice/twiml/enqueue and https://www.twilio.com/docs/voice/twiml/queue
"""

from simulator.twiml.document import Verb
from simulator.voice.calls import CallEnded, CallRedirected, Instructions
from simulator.voice.queues import LONGEST_NAME, Member, Queue
from simulator.voice.rooms import Room
from simulator.voice.stage import HangUp, LeaveQueue, Outcome, Stage
from simulator.voice.verbs.line import talk, wait_with_music


async def enqueue(stage: Stage, verb: Verb) -> Outcome:
    """Wait in a queue until somebody dials it, the call leaves it or ends; then the action is told how it came out."""
    queues, call = stage.telephony.queues, stage.call
    action = stage.target(verb, "action")

    def result(name: str, member: Member | None = None, queue: Queue | None = None) -> Instructions:
        params = {"QueueResult": name}
        if member is not None and queue is not None:
            params |= {"QueueSid": queue.sid, "QueueTime": str(member.waited(stage.clock.now()))}
        return Instructions(action, params=tuple(params.items()))

    name = verb.own_text
    if not name or len(name) > LONGEST_NAME or verb.get("workflowSid") or verb.parts("Task"):
        stage.alarm(12200, f"Enqueue: a name of 1 to {LONGEST_NAME} characters is needed; TaskRouter is not simulated", "warning")
        return result("error") if action else None
    queue = queues.find(name) or queues.create(call.account_sid, name)
    if queue.full:
        return result("queue-full") if action else None
    member = queues.enter(queue, call)
    stage.await_input(f"waits in the queue {queue.name}")
    ended: Exception | None = None
    outcome: Outcome = None
    try:
        outcome = await _wait(stage, verb, queue, member)
        if isinstance(outcome, HangUp):
            queues.take(queue, member, "error" if outcome.failed else "hangup")
        elif isinstance(outcome, LeaveQueue):
            queues.take(queue, member, "leave")
    except CallEnded as error:
        ended = error
        queues.take(queue, member, "hangup")
    except CallRedirected as error:
        ended = error
        was_bridged = member.result == "bridged"
        queues.take(queue, member, "redirected")
        member.result = "redirected-from-bridged" if was_bridged else member.result
    finally:
        queues.let_go(queue, member)
    told = result(member.result, member, queue)
    if ended is not None or member.instructions is not None:
        if action is not None:
            await stage.telephony.report(call, told)
        if ended is not None:
            raise ended
        return member.instructions
    if isinstance(outcome, HangUp) and not outcome.failed:
        return outcome
    return told if action else None


async def _wait(stage: Stage, verb: Verb, queue: Queue, member: Member) -> Outcome:
    """Wait until the member is taken out; a bridged one then talks until the parties part."""

    def params() -> dict[str, str]:
        now = stage.clock.now()
        return {
            "QueuePosition": str(queue.position(member)),
            "QueueSid": queue.sid,
            "QueueTime": str(member.waited(now)),
            "AvgQueueTime": str(queue.average_wait(now)),
            "CurrentQueueSize": str(len(queue.members)),
            "MaxQueueSize": str(queue.most),
        }

    music = stage.target(verb, "waitUrl", "waitUrlMethod")
    outcome = await wait_with_music(stage, music, "waitUrl" in verb.attributes, lambda: bool(member.result), params)
    if member.result != "bridged" or member.dequeuer is None:
        return outcome
    if member.announcement is not None:
        details = {"QueueSid": queue.sid, "QueueTime": str(member.waited(stage.clock.now()))}
        details["DequeingCallSid"] = member.dequeuer.sid
        announcing = stage.telephony.carry_out(stage.call, Instructions(member.announcement, params=tuple(details.items())))
        outcome = await stage.call.unless(lambda: member.parted, announcing)
        if isinstance(outcome, HangUp):
            return outcome
    member.ready = True
    member.dequeuer.stirred.notify()
    stage.await_input("talks with who took the call out of the queue")
    await stage.hold_until(lambda: member.parted)
    stage.call.inputs.clear()
    return None


async def dequeue(stage: Stage, noun: Verb, seconds: float, stars: bool, limit: float) -> tuple[str, dict[str, str]]:
    """Talk with the first one in a queue, or whoever comes first within some seconds.

    Returns Dial's status and what else its action is told; a queue that does not exist is `failed`.
    """
    queues, call = stage.telephony.queues, stage.call
    queue = queues.find(noun.own_text)
    if queue is None:
        stage.alarm(12200, f"Dial: there is no queue named {noun.own_text or '(nothing)'}", "warning")
        return "failed", {}
    stage.await_input(f"waits for somebody in the queue {queue.name}")
    queue.agents.append(call)
    try:
        await stage.hold_until(lambda: queue.first is not None, seconds)
    except CallEnded:
        return "no-answer", {}
    finally:
        queue.agents.remove(call)
    member = queue.first
    if member is None:
        return "no-answer", {}
    member.dequeuer, member.announcement = call, stage.target(noun, "url")
    queues.take(queue, member, "bridged")
    room = Room()
    try:
        await stage.hold_until(lambda: member.ready or member.gone)
        if not member.gone:
            for each in (call, member.call):
                room.enter(each)
            stage.await_input("talks with a caller from the queue")
            await talk(stage, stars, lambda: member.gone or member.call.room is not room, limit)
    except CallEnded:
        pass  # the action hears of it
    finally:
        room.leave(call)
        room.leave(member.call)
        member.parted = True
        member.call.stirred.notify()
    told = {"DialCallSid": member.call.sid, "DialBridged": str(member.ready).lower()}
    return "completed", told | {"QueueSid": queue.sid, "QueueTime": str(member.waited(stage.clock.now()))}
