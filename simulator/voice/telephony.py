"""The state machine of a call.

outgoing  queued -> ringing -> in-progress -> completed
                            -> busy | no-answer | failed | canceled
incoming  ringing -> in-progress -> completed
                  -> busy | no-answer (rejected, or hung up before the answer)

One task runs each call from beginning to end. What happens from outside (the phone, the REST API, another call) changes
the record and stirs it; the task looks at the record whenever it wakes.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulator.addresses import Target
from simulator.clock import Clock
from simulator.config import Config
from simulator.lines import AccountNumber
from simulator.phones import Phones
from simulator.records import Records
from simulator.twiml.document import Alarm
from simulator.voice import conversation, documents
from simulator.voice.calls import Call, CallEnded, CallRedirected, CallStatus, Circumstances, Instructions
from simulator.voice.conferences import Conferences
from simulator.voice.hearing import Hearing
from simulator.voice.machines import Machines
from simulator.voice.parameters import call_status_params
from simulator.voice.queues import Queues
from simulator.voice.recordings import Recordings
from simulator.voice.ringing import ring, ring_peer
from simulator.voice.stage import HangUp, LeaveQueue, Outcome, Stage
from simulator.voice.verbs import VERBS
from simulator.voice.verbs.speech import send_tones
from simulator.web.callbacks import Callbacks
from simulator.web.webhooks import PERCENT, Hook, Webhooks

if TYPE_CHECKING:
    from simulator.texts.messages import Message

LONGEST_QUEUE = 24 * 60 * 60  # seconds

SendText = Callable[[str, str, str, Target | None, Alarm], "Message | None"]
Connect = Callable[[str, str], Call]
Script = Callable[[], Awaitable[Outcome]]


class Telephony:
    """All calls, and what runs them."""

    def __init__(
        self,
        settings: Config,
        clock: Clock,
        webhooks: Webhooks,
        callbacks: Callbacks,
        phones: Phones,
        numbers: Mapping[str, AccountNumber],
        verified: Collection[str],
        recordings: Recordings,
        conferences: Conferences,
        queues: Queues,
        send_text: SendText,
        connect: Connect,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.webhooks = webhooks
        self.callbacks = callbacks
        self.numbers = numbers
        self.verified = verified
        self.recordings = recordings
        self.conferences = conferences
        self.queues = queues
        self.send_text = send_text
        self.verbs = VERBS
        self.calls: Records[Call] = Records(settings.keep, phones.forget_call)
        self._connect = connect
        self._phones = phones
        self._machines = Machines(clock, callbacks)
        self.hearing = Hearing(clock, phones)
        self._next_turn = clock.now()

    def place(self, call: Call, reachable: bool = True, script: Script | None = None) -> None:
        """Queue an outgoing call; one to a number that is not reachable will fail. A script stands in for its TwiML."""
        self.calls[call.sid] = call

        async def instructions() -> Outcome:
            return await self.carry_out(call, call.instructions)

        self.clock.spawn(self._place(call, reachable, script or instructions, queued=True), f"call {call.sid}")

    def place_leg(self, call: Call, parent: Call, reachable: bool, script: Script) -> None:
        """Dial a leg for a call that waits for it; the leg's own script runs when it is answered, and its end stirs the parent."""
        self.calls[call.sid] = call

        async def run() -> None:
            try:
                await self._place(call, reachable, script, queued=False)
            finally:
                parent.stirred.notify()

        self.clock.spawn(run(), f"leg {call.sid}")

    def receive(self, call: Call) -> None:
        """Take an incoming call, from a phone or from another number of the account."""
        self.calls[call.sid] = call
        call.dialled_at = self.clock.now()
        if call.peer is None:
            self._phones.get(call.phone_number).take(call)
        self.clock.spawn(self._receive(call), f"call {call.sid}")

    def finish(self, call: Call, status: CallStatus, report: bool = True) -> None:
        """End a call, once: later ends are ignored."""
        if call.over:
            return
        call.ended_at = self.clock.now()
        call.activity = None
        if call.room is not None:
            call.room.leave(call)
        for recording in list(call.recordings):
            if recording.call_sid == call.sid and recording.conference_sid is None:
                self.recordings.finish(recording, [call])
        self._change(call, status)
        self._phones.release(call)
        peer = call.peer
        if peer is not None and (peer.incoming or peer.answered_at is not None):  # one that still rings decides for itself
            self.finish(peer, CallStatus.NO_ANSWER if peer.answered_at is None else CallStatus.COMPLETED)
        if report:
            self._report(call, "completed")
        self.callbacks.end(call.sid)

    def redirect(self, call: Call, instructions: Instructions) -> None:
        """Interrupt what an answered call is doing with new instructions."""
        call.redirection = instructions
        call.stirred.notify()

    async def carry_out(
        self, call: Call, instructions: Instructions, circumstances: Circumstances = dict
    ) -> HangUp | LeaveQueue | None:
        """Carry out a document and those it leads to; every request is told the circumstances, too."""
        return await conversation.carry_out(self, call, instructions, circumstances)

    async def report(self, call: Call, instructions: Instructions) -> None:
        """Ask for a document whose answer is of no use: the call is over, or goes on with something else."""
        await documents.fetch_voice_document(self.webhooks, call, instructions)

    def answer(self, call: Call) -> None:
        """Count a call as answered from now on, once."""
        if call.answered_at is None and not call.over:
            call.answered_at = self.clock.now()
            self._change(call, CallStatus.IN_PROGRESS)
            self._report(call, "answered")
            if call.recording_rules is not None:
                self.recordings.start([call], "OutboundAPI", call.recording_rules)
            self.clock.spawn(self._limit(call, call.answered_at), f"time limit {call.sid}")

    def touch(self, call: Call) -> None:
        """Tell those who look at the call's phone that something has changed."""
        self._phones.touch(call.phone_number)

    async def _place(self, call: Call, reachable: bool, script: Script, queued: bool) -> None:
        try:
            if queued:
                await self._turn(call)
            call.dialled_at = self.clock.now()
            self._report(call, "initiated")
            phone = self._phones.get(call.to_number) if call.to_number not in self.numbers else None
            if not reachable or (phone is not None and phone.habit == "failed"):
                call.sip_code = 404
                self.finish(call, CallStatus.FAILED)
                return
            self._change(call, CallStatus.RINGING)
            self._report(call, "ringing")
            outcome = await (self._ring_own(call) if phone is None else ring(self.clock, call, phone))
            if outcome is CallStatus.IN_PROGRESS:
                await self._converse(call, script)
            else:
                call.sip_code = 486 if outcome is CallStatus.BUSY else None
                self.finish(call, outcome)
        except CallEnded:
            return
        finally:
            self.finish(call, CallStatus.FAILED)  # only where an error of the simulator brought us here

    async def _receive(self, call: Call) -> None:
        async def script() -> Outcome:
            return await self.carry_out(call, call.instructions)

        try:
            await self._converse(call, script)
        except CallEnded:
            return
        finally:
            self.finish(call, CallStatus.FAILED)

    @property
    def queue_full(self) -> bool:
        """Tell whether a call placed now would have to wait for more than a day: Twilio takes no more (22005)."""
        return self.clock.until(self._next_turn) > LONGEST_QUEUE

    async def _ring_own(self, call: Call) -> CallStatus:
        """Call another number of the account: it takes an incoming call of its own, which is the far end of this one."""
        other = self._connect(call.from_number, call.to_number)
        call.peer, other.peer = other, call
        self.receive(other)
        outcome = await ring_peer(self.clock, call, other)
        if outcome is not CallStatus.IN_PROGRESS:
            call.peer = None
            self.finish(other, CallStatus.NO_ANSWER)
        return outcome

    async def _turn(self, call: Call) -> None:
        """Wait for this call's second: an account places one call a second."""
        start = self.clock.now()
        turn = max(start, self._next_turn)
        self._next_turn = turn + timedelta(seconds=1 / self.settings.calls_per_second)
        call.queue_ms = round((turn - start).total_seconds() * 1000)
        await call.rest(self.clock, self.clock.until(turn))

    async def _limit(self, call: Call, start: datetime) -> None:
        signalled = True
        while signalled and not call.over:
            end = start + timedelta(seconds=call.time_limit)
            signalled = await self.clock.wait(call.stirred, self.clock.until(end))
        self.finish(call, CallStatus.COMPLETED)

    async def _converse(self, call: Call, script: Script) -> None:
        """Run the script of a call, or what it is redirected to, until that or somebody ends the call."""
        detected = call.incoming
        if not call.incoming:
            self.answer(call)
        while True:
            try:
                if not detected:
                    detected = True  # or given up, where new instructions come meanwhile
                    await self._machines.detect(self, call)
                await self._send_digits(call)
                outcome = await script()
                break
            except CallRedirected:
                redirection, call.redirection = call.redirection or Instructions(), None
                call.independent = True
                call.inputs.clear()  # said or pressed before: for nobody
                if call.room is not None:
                    call.room.leave(call)

                async def script(redirection: Instructions = redirection) -> Outcome:
                    return await self.carry_out(call, redirection)

        ending = outcome.status if isinstance(outcome, HangUp) else CallStatus.COMPLETED
        if ending is CallStatus.COMPLETED:
            self.answer(call)
        self.finish(call, ending)

    async def _send_digits(self, call: Call) -> None:
        """Dial on, once, after the answer: an extension, for example."""
        digits, call.send_digits = call.send_digits, ""
        await send_tones(Stage(self, call, "", lambda *_: None), digits)

    def _change(self, call: Call, status: CallStatus) -> None:
        call.status = status
        call.updated_at = self.clock.now()
        call.stirred.notify()
        self.touch(call)

    def _report(self, call: Call, event: str) -> None:
        """Post a status callback where the event is subscribed to; every event takes a sequence number."""
        if call.incoming and event != "completed":
            return
        target = call.status_target
        if target is not None and event in call.status_events:
            params = call_status_params(call, event, self.clock.now())
            self.callbacks.post(Hook("call-status", call.sid, target.url, target.method, params, PERCENT))
        call.sequence += 1
