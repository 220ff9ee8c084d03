"""Dial: connects the caller with others. Facts: https://www.twilio.com/docs/voice/twiml/dial"""

from dataclasses import dataclass
from functools import partial

from simulator.addresses import Target
from simulator.numbering import parse_number
from simulator.twiml.document import Verb
from simulator.voice.calls import FINAL, MAX_CALL_SECONDS, Call, CallEnded, CallStatus, Instructions
from simulator.voice.recordings import Recording
from simulator.voice.rooms import Room
from simulator.voice.stage import Outcome, Stage
from simulator.voice.verbs.conference import confer
from simulator.voice.verbs.enqueue import dequeue
from simulator.voice.verbs.legs import Leg, answer_leg, make_legs
from simulator.voice.verbs.line import talk
from simulator.voice.verbs.record import read_recording_rules

RING_SECONDS = 30
MOST_LEGS = 10
RECORD = {
    "record-from-answer": (False, 1),
    "record-from-answer-dual": (False, 2),
    "record-from-ringing": (True, 1),
    "record-from-ringing-dual": (True, 2),
    "true": (False, 1),
}  # whether the ringing is recorded, too, and on how many channels
NOT_SIMULATED = frozenset({"Sim", "Application", "WhatsApp"})


@dataclass
class Dialled:
    """What a Dial says of itself when it is over."""

    status: str
    call: Call | None = None
    bridged: bool = False
    extra: tuple[tuple[str, str], ...] = ()

    def params(self) -> tuple[tuple[str, str], ...]:
        """List what the action is told; no SID and no duration where nobody was called or nobody answered."""
        found = [("DialCallStatus", self.status)]
        if self.call is not None:
            found += [("DialCallSid", self.call.sid), ("DialBridged", str(self.bridged).lower())]
            if self.call.duration is not None:
                found.append(("DialCallDuration", str(self.call.duration)))
        return (*found, *self.extra)


async def dial(stage: Stage, verb: Verb) -> Outcome:
    """Connect the caller until one side hangs up, then go on with the action, or without one with the next verb."""
    action = stage.target(verb, "action")
    stage.call.inputs.clear()
    try:
        dialled = await _dial(stage, verb)
    finally:
        stage.call.inputs.clear()
    if action is not None:
        await _report_ended(stage, action, dialled)
        return Instructions(action, params=dialled.params())
    stage.call.check()
    return None


async def _report_ended(stage: Stage, action: Target, dialled: Dialled) -> None:
    """Tell the action of a caller who has hung up: the request is made, its answer is of no use any more."""
    if stage.call.over:
        await stage.telephony.report(stage.call, Instructions(action, params=dialled.params()))
        raise CallEnded


async def _dial(stage: Stage, verb: Verb) -> Dialled:
    seconds = verb.number("timeout", RING_SECONDS)
    limit = verb.number("timeLimit", MAX_CALL_SECONDS)
    stars = verb.flag("hangupOnStar")
    for noun in verb.children:
        if noun.name == "Conference":
            status, extra = await confer(stage, noun, stars, limit)
            return Dialled(status, extra=tuple(extra.items()))
        if noun.name == "Queue":
            status, extra = await dequeue(stage, noun, seconds, stars, limit)
            return Dialled(status, extra=tuple(extra.items()))
        if noun.name in NOT_SIMULATED:
            stage.alarm(12200, f"Dial: {noun.name} is not simulated: the call to it fails", "warning")
            return Dialled("failed")
    caller_id = _caller_id(stage, verb)
    legs = make_legs(stage, verb, caller_id, seconds, limit)[:MOST_LEGS] if caller_id else []
    if not legs:
        return Dialled("failed")
    connection = Connection(stage, verb, legs)
    return await connection.run(stars, sequential=verb.flag("sequential"))


def _caller_id(stage: Stage, verb: Verb) -> str:
    """Read what the called party sees: a number of the account, a verified one, or one of this call's; else 13214."""
    call, text = stage.call, verb.get("callerId").strip()
    if not text:
        return call.from_number
    number = text if text.startswith("client:") else parse_number(text)
    known = {call.from_number, call.to_number, *stage.telephony.numbers, *stage.telephony.verified}
    if number is not None and (number in known or number.startswith("client:")):
        return number
    stage.alarm(13214, "Dial: Invalid callerId value", "warning")
    return ""


class Connection:
    """The caller and the legs of one Dial, from the first ring until one side hangs up."""

    def __init__(self, stage: Stage, verb: Verb, legs: list[Leg]) -> None:
        self._stage = stage
        self._verb = verb
        self._legs = legs
        self._begun: list[Leg] = []
        self._recording: Recording | None = None
        self._bridged: Leg | None = None

    async def run(self, stars: bool, sequential: bool) -> Dialled:
        """Ring, all at once or one after the other, bridge with the first that is ready, and clear up."""
        stage = self._stage
        rounds = [[leg] for leg in self._legs] if sequential else [self._legs]
        self._record(from_ringing=True)
        try:
            for legs in rounds:
                await self._ring(legs)
                if self._bridged is not None:
                    await self._talk(self._bridged, stars)
                    break
        except CallEnded:
            pass  # the action hears of it
        finally:
            self._clear()
        leg = self._bridged or self._begun[-1]
        status = leg.call.status.value if leg.call.status in FINAL else "completed"
        extra = stage.telephony.recordings.params(self._recording) if self._recording else {}
        return Dialled(status, leg.call, leg is self._bridged, tuple(extra.items()))

    async def _ring(self, legs: list[Leg]) -> None:
        stage = self._stage
        for leg in legs:
            self._begun.append(leg)
            stage.telephony.place_leg(leg.call, stage.call, leg.reachable, partial(answer_leg, stage, leg))
        stage.note("Ringing", ", ".join(leg.call.to_number for leg in legs))
        await stage.hold_until(lambda: any(leg.ready for leg in legs) or all(leg.lost for leg in legs))
        self._bridged = next((leg for leg in legs if leg.ready and not leg.lost), None)
        for leg in legs:
            if leg is not self._bridged and not leg.lost:
                _end(stage, leg.call)

    async def _talk(self, leg: Leg, stars: bool) -> None:
        stage, room = self._stage, Room()
        stage.telephony.answer(stage.call)
        for call in (stage.call, leg.call):
            room.enter(call)
        self._record(from_ringing=False)
        stage.await_input("talks with the other party")
        try:
            await talk(stage, stars, lambda: leg.call.over or leg.call.room is not room)
        finally:
            room.leave(stage.call)
            room.leave(leg.call)

    def _record(self, from_ringing: bool) -> None:
        wish = self._verb.get("record")
        if wish not in RECORD:
            return
        ringing, channels = RECORD[wish]
        if ringing == from_ringing:
            rules = read_recording_rules(self._stage, self._verb, trim=False, channels=channels)
            calls = [self._stage.call] + ([self._bridged.call] if self._bridged else [])
            self._recording = self._stage.telephony.recordings.start(calls, "DialVerb", rules)
        elif self._recording is not None and self._bridged is not None:
            self._bridged.call.recordings.append(self._recording)

    def _clear(self) -> None:
        """End what is left of the legs, but not one that goes on with instructions of its own."""
        for leg in self._begun:
            if not leg.lost:
                _end(self._stage, leg.call)
        if self._recording is not None:
            self._stage.telephony.recordings.finish(self._recording, [self._stage.call, *(leg.call for leg in self._begun)])


def _end(stage: Stage, call: Call) -> None:
    stage.telephony.finish(call, CallStatus.CANCELED if call.answered_at is None else CallStatus.COMPLETED)
