"""Who hears what: lines in transcripts, sounds in recordings, and voices carried from one call to another."""

from simulator.clock import Clock
from simulator.phones import Phones
from simulator.voice.calls import Call, Input
from simulator.voice.stage import speaking_seconds

MOST_HOPS = 3  # how far a voice is carried between the account's own numbers


class Hearing:
    """Lets the far ends of calls hear Twilio and each other."""

    def __init__(self, clock: Clock, phones: Phones) -> None:
        self._clock = clock
        self._phones = phones

    def note(self, call: Call, speaker: str, verb: str, text: str, **details: str) -> None:
        """Add a line to the transcript of a call."""
        call.transcript.append(
            {
                "at": self._clock.now().isoformat(),
                "call_sid": call.sid,
                "speaker": speaker,
                "verb": verb,
                "text": text,
                "voice": details.get("voice") or None,
                "language": details.get("language") or None,
                "from": details.get("origin") or None,
            }
        )
        self._phones.touch(call.phone_number)

    def utter(self, call: Call, verb: str, text: str, seconds: float, **details: str) -> None:
        """Let the far end of a call hear what Twilio says (Say) or the tones it sends (Digits)."""
        self.note(call, "twilio", verb, text, **details)
        uttered = Input("digits" if verb == "Digits" else "speech", text, seconds)
        self._capture(call, [call], uttered, outbound=True)
        self._carry_over(call, uttered, 0)

    def hear(self, call: Call, entered: Input, hops: int = 0) -> None:
        """Take in what the far end of a call says or presses: for its verb, its recordings, and those it talks with."""
        call.inputs.append(entered)
        verb = "Press" if entered.kind == "digits" else "Speak"
        self.note(call, "phone", verb, entered.text)
        listeners = call.room.listeners(call) if call.room is not None else []
        self._capture(call, [call, *listeners], entered)
        for listener in listeners:
            self.note(listener, "party", verb, entered.text, origin=call.phone_number)
            self._carry_over(listener, entered, hops)
        call.stirred.notify()

    def _carry_over(self, call: Call, entered: Input, hops: int) -> None:
        """Let the account's other number hear it, where that is the far end."""
        if call.peer is not None and hops < MOST_HOPS:
            self.hear(call.peer, entered, hops + 1)

    def _capture(self, source: Call, calls: list[Call], entered: Input, outbound: bool = False) -> None:
        seconds = entered.seconds or (speaking_seconds(entered.text) if entered.kind == "speech" else 0.0)
        running = {recording.sid: recording for call in calls for recording in call.recordings}
        for recording in running.values():
            inbound = recording.call_sid == source.sid and not outbound
            recording.hear(self._clock.now(), entered.kind, entered.text, seconds, inbound)
