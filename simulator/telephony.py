"""The state machine of a call.

outgoing  queued -> ringing -> in-progress -> completed
                            -> busy | no-answer | failed | canceled
incoming  ringing -> in-progress -> completed
                  -> busy | no-answer (rejected, or hung up before the answer)

One task runs each call from beginning to end. What happens from outside (the phone, the REST API) changes the record
and stirs it; the task looks at the record whenever it wakes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from simulator import documents
from simulator.callbacks import Callbacks
from simulator.calls import Call, CallEnded, CallRedirected, CallStatus, Instructions, Target
from simulator.clock import Clock
from simulator.parameters import call_status_params
from simulator.phones import Phone, Phones
from simulator.twiml import Alarm
from simulator.verbs import VERBS, HangUp, Outcome, Stage, send_tones
from simulator.webhooks import PERCENT, Hook, Webhooks

SECONDS_BETWEEN_CALLS = 1.0
SECONDS_TO_ANSWER = 2.0
MAX_SILENT_DOCUMENTS = 50
DOES_NOT_ANSWER = frozenset({"Reject", "Pause"})
MACHINE_HEARD = {"Enable": "machine_start", "DetectMessageEnd": "machine_end_beep"}

SendText = Callable[[str, str, str, Target | None, Alarm], None]


class Telephony:
    """All calls, and what runs them."""

    def __init__(self, clock: Clock, webhooks: Webhooks, callbacks: Callbacks, phones: Phones, send_text: SendText) -> None:
        self.clock = clock
        self.webhooks = webhooks
        self.send_text = send_text
        self.calls: dict[str, Call] = {}
        self._callbacks = callbacks
        self._phones = phones
        self._next_turn = clock.now()

    def place(self, call: Call, reachable: bool = True) -> None:
        """Queue an outgoing call; one to a number that is not reachable will fail."""
        self.calls[call.sid] = call
        self.clock.spawn(self._place(call, reachable), f"call {call.sid}")

    def receive(self, call: Call) -> None:
        """Take an incoming call from a phone."""
        self.calls[call.sid] = call
        call.dialled_at = self.clock.now()
        self._phones.get(call.phone_number).take(call)
        self.clock.spawn(self._receive(call), f"call {call.sid}")

    def finish(self, call: Call, status: CallStatus, report: bool = True) -> None:
        """End a call, once: later ends are ignored."""
        if call.over:
            return
        call.ended_at = self.clock.now()
        self._change(call, status)
        self._phones.release(call)
        if report:
            self._report(call, "completed")

    def redirect(self, call: Call, instructions: Instructions) -> None:
        """Interrupt what an answered call is doing with new instructions."""
        call.redirection = instructions
        call.stirred.notify()

    def note(self, call: Call, speaker: str, verb: str, text: str, **details: str) -> None:
        """Add a line to the transcript of a call."""
        call.transcript.append(
            {
                "at": self.clock.now().isoformat(),
                "call_sid": call.sid,
                "speaker": speaker,
                "verb": verb,
                "text": text,
                "voice": details.get("voice") or None,
                "language": details.get("language") or None,
            }
        )
        self._phones.touch(call.phone_number)

    async def _place(self, call: Call, reachable: bool) -> None:
        try:
            await self._turn(call)
            call.dialled_at = self.clock.now()
            self._report(call, "initiated")
            if not reachable:
                call.sip_code = 404
                self.finish(call, CallStatus.FAILED)
                return
            self._change(call, CallStatus.RINGING)
            self._report(call, "ringing")
            outcome = await self._ring(call, self._phones.get(call.to_number))
            if outcome is CallStatus.IN_PROGRESS:
                await self._converse(call)
            else:
                call.sip_code = 486 if outcome is CallStatus.BUSY else None
                self.finish(call, outcome)
        except CallEnded:
            return
        finally:
            self.finish(call, CallStatus.FAILED)  # only where an error of the simulator brought us here

    async def _receive(self, call: Call) -> None:
        try:
            await self._converse(call)
        except CallEnded:
            return
        finally:
            self.finish(call, CallStatus.FAILED)

    async def _turn(self, call: Call) -> None:
        """Wait for this call's second: an account places one call a second."""
        start = self.clock.now()
        turn = max(start, self._next_turn)
        self._next_turn = turn + timedelta(seconds=SECONDS_BETWEEN_CALLS)
        call.queue_ms = round((turn - start).total_seconds() * 1000)
        await call.rest(self.clock, self.clock.until(turn))

    async def _ring(self, call: Call, phone: Phone) -> CallStatus:
        """Let the phone ring until somebody, its habit or the time limit decides."""
        if phone.current is not None:
            return CallStatus.BUSY
        phone.take(call)
        pick_up, give_up = self.clock.after(SECONDS_TO_ANSWER), self.clock.after(call.ring_seconds)
        while True:
            call.check()
            habit = phone.habit
            answers = habit in {"answer", "machine"} and call.ring_seconds > SECONDS_TO_ANSWER
            if call.declined or habit == "busy":
                return CallStatus.BUSY
            if call.picked_up or (answers and self.clock.until(pick_up) <= 0):
                call.picked_up = True
                call.answered_by = "human"
                if habit == "machine":
                    call.answered_by = MACHINE_HEARD.get(
                        call.machine_detection.mode if call.machine_detection else "", "machine_start"
                    )
                return CallStatus.IN_PROGRESS
            if self.clock.until(give_up) <= 0:
                return CallStatus.NO_ANSWER
            await self.clock.wait(call.stirred, self.clock.until(pick_up if answers else give_up))

    def _answer(self, call: Call) -> None:
        if call.answered_at is None:
            call.answered_at = self.clock.now()
            self._change(call, CallStatus.IN_PROGRESS)
            self._report(call, "answered")
            self.clock.spawn(self._limit(call, call.answered_at), f"time limit {call.sid}")

    async def _limit(self, call: Call, start: datetime) -> None:
        signalled = True
        while signalled and not call.over:
            end = start + timedelta(seconds=call.time_limit)
            signalled = await self.clock.wait(call.stirred, self.clock.until(end))
        self.finish(call, CallStatus.COMPLETED)

    async def _converse(self, call: Call) -> None:
        """Carry out one document after the other until one of them, or somebody, ends the call."""
        if not call.incoming:
            self._answer(call)
        outcome: Outcome = call.instructions
        silent, heard = 0, self.clock.now()
        while isinstance(outcome, Instructions):
            silent = silent + 1 if self.clock.now() == heard else 0
            heard = self.clock.now()
            try:
                await self._send_digits(call)
                outcome = await self._carry_out(call, outcome, endless=silent > MAX_SILENT_DOCUMENTS)
            except CallRedirected:
                outcome, call.redirection = call.redirection, None
        ending = outcome.status if isinstance(outcome, HangUp) else CallStatus.COMPLETED
        if ending is CallStatus.COMPLETED:
            self._answer(call)
        self.finish(call, ending)

    async def _send_digits(self, call: Call) -> None:
        """Dial on, once, after the answer: an extension, for example."""
        digits, call.send_digits = call.send_digits, ""
        await send_tones(Stage(self, call, "", lambda *_: None), digits)

    async def _carry_out(self, call: Call, instructions: Instructions, endless: bool) -> Outcome:
        """Fetch one document and perform its verbs; None says that it has ended."""
        fetched = await documents.fetch_voice_document(self.webhooks, call, instructions, endless)
        call.check()
        if fetched is None:
            self._answer(call)
            self.note(call, "exchange", "Error", documents.ERROR_SENTENCE)
            return HangUp()
        stage = Stage(self, call, fetched.base_url, fetched.alarm)
        for verb in fetched.verbs:
            call.check()
            if verb.name not in DOES_NOT_ANSWER:
                self._answer(call)
            perform = VERBS.get(verb.name)
            if perform is None:
                fetched.alarm(12200, f"{verb.name} is not simulated yet", "error")
                self.note(call, "exchange", "Error", f"{verb.name} is not simulated yet.")
                return HangUp()
            outcome = await perform(stage, verb)
            if outcome is not None:
                return outcome
        return None

    def _change(self, call: Call, status: CallStatus) -> None:
        call.status = status
        call.updated_at = self.clock.now()
        call.stirred.notify()
        self._phones.touch(call.phone_number)

    def _report(self, call: Call, event: str) -> None:
        """Post a status callback where the event is subscribed to; every event takes a sequence number."""
        if call.incoming and event != "completed":
            return
        target = call.status_target
        if target is not None and event in call.status_events:
            params = call_status_params(call, event, self.clock.now())
            self._callbacks.post(Hook("call-status", call.sid, target.url, target.method, params, PERCENT))
        call.sequence += 1
