"""Answering machines: what they say, and how Twilio finds out that one has answered.

Facts: https://www.twilio.com/docs/voice/answering-machine-detection
"""

from typing import TYPE_CHECKING

from simulator.clock import Clock
from simulator.voice.calls import Call, Input
from simulator.voice.parameters import detection_params
from simulator.web.callbacks import Callbacks
from simulator.web.webhooks import Hook

if TYPE_CHECKING:
    from simulator.voice.telephony import Telephony

GREETING = "Hello. Nobody can take your call now. Please leave a message after the tone."
SECONDS_TO_GREET, SECONDS_TO_BEEP = 0.5, 6.5
SECONDS_TO_DETECT = {"human": 1.5, "machine_start": 3.0, "machine_end_beep": SECONDS_TO_BEEP}


class Machines:
    """Lets answering machines greet, and detects them where a call asks for that."""

    def __init__(self, clock: Clock, callbacks: Callbacks) -> None:
        self._clock = clock
        self._callbacks = callbacks

    async def detect(self, telephony: "Telephony", call: Call) -> None:
        """Find out who has answered: before the call goes on, or beside it, as was asked for."""
        machine = call.answered_by == "machine"
        if machine:
            self._clock.spawn(self._greet(telephony, call), f"greeting {call.sid}")
        wanted = call.machine_detection
        if wanted is None:
            return
        found = ("machine_end_beep" if wanted.mode == "DetectMessageEnd" else "machine_start") if machine else "human"
        seconds = SECONDS_TO_DETECT[found]
        if seconds > wanted.timeout:
            found, seconds = "unknown", wanted.timeout
        call.answered_by = None  # not known yet
        if wanted.asynchronous:
            self._clock.spawn(self._tell_later(call, found, seconds), f"detection {call.sid}")
        else:
            await call.rest(self._clock, seconds)
            call.answered_by = found

    async def _greet(self, telephony: "Telephony", call: Call) -> None:
        if await call.lasts(self._clock, SECONDS_TO_GREET):
            telephony.hearing.hear(call, Input("speech", GREETING, SECONDS_TO_BEEP - SECONDS_TO_GREET))
        if await call.lasts(self._clock, SECONDS_TO_BEEP - SECONDS_TO_GREET):
            telephony.hearing.note(call, "phone", "Beep", "")

    async def _tell_later(self, call: Call, found: str, seconds: float) -> None:
        if not await call.lasts(self._clock, seconds):
            return
        call.answered_by = found
        target = call.machine_detection.target if call.machine_detection else None
        if target is not None:
            params = detection_params(call, found, round(seconds * 1000))
            self._callbacks.post(Hook("amd-status", call.sid, target.url, target.method, params))
