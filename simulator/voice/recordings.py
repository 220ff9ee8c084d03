"""Recordings: what was heard on a call while it was recorded, their callbacks, and their transcriptions.

Facts: https://www.twilio.com/docs/voice/api/recording and https://www.twilio.com/docs/voice/twiml/record
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from simulator.addresses import Home, Target
from simulator.clock import Clock
from simulator.identifiers import new_sid
from simulator.records import Records
from simulator.voice.calls import Call
from simulator.voice.parameters import recording_params, transcription_params
from simulator.web.callbacks import Callbacks
from simulator.web.webhooks import PERCENT, Hook

EVENTS = ("in-progress", "completed", "absent")
SHORTEST_TRANSCRIBED, LONGEST_TRANSCRIBED = 2, 120  # seconds
SECONDS_TO_PROCESS, SECONDS_TO_TRANSCRIBE = 1.0, 3.0

Source = Literal["RecordVerb", "DialVerb", "Conference", "OutboundAPI", "StartCallRecordingAPI", "StartConferenceRecordingAPI"]


@dataclass(frozen=True)
class Sound:
    """What was heard: when (seconds from the start), how long, speech or the tones of keys, and from which side."""

    offset: float
    seconds: float
    kind: Literal["speech", "digits"]
    text: str
    inbound: bool


@dataclass(frozen=True)
class Rules:
    """How to record: whether silence at both ends is cut off, on how many channels, and who is told of what."""

    trim: bool = False
    channels: int = 1
    track: str = "both"
    callback: Target | None = None
    events: frozenset[str] = frozenset({"completed"})


@dataclass(eq=False)
class Recording:
    """One recording of a call or of a conference; `seconds` is known when it has ended."""

    account_sid: str
    call_sid: str
    source: Source
    started_at: datetime
    rules: Rules = field(default_factory=Rules)
    conference_sid: str | None = None
    sid: str = field(default_factory=lambda: new_sid("RE"))
    status: str = "in-progress"  # or paused, completed, absent
    updated_at: datetime = field(init=False)
    sounds: list[Sound] = field(default_factory=list)
    length: float = 0.0
    recorded: float = 0.0  # seconds up to the last pause
    running_since: datetime | None = None

    def __post_init__(self) -> None:
        self.updated_at = self.started_at
        self.running_since = self.started_at

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self.status in {"completed", "absent", "deleted"}

    @property
    def seconds(self) -> int:
        """The length in whole seconds, once it has ended: the nearest, as silence that was cut off leaves fractions."""
        return round(self.length)

    @property
    def text(self) -> str:
        """What was said in it."""
        return " ".join(sound.text for sound in self.voiced)

    @property
    def voiced(self) -> list[Sound]:
        """List the speech in it, which is what counts as not silent."""
        return [sound for sound in self.sounds if sound.kind == "speech"]

    def elapsed(self, now: datetime) -> float:
        """Count the seconds recorded so far, without the pauses."""
        running = 0.0 if self.running_since is None else (now - self.running_since).total_seconds()
        return self.recorded + running

    def hear(self, now: datetime, kind: Literal["speech", "digits"], text: str, seconds: float, inbound: bool) -> None:
        """Add a sound, unless the recording is paused or the sound comes from the side that is left out."""
        if self.status == "in-progress" and self.rules.track in {"both", "inbound" if inbound else "outbound"}:
            self.sounds.append(Sound(self.elapsed(now), seconds, kind, text, inbound))


@dataclass
class Transcription:
    """The text of a recording."""

    account_sid: str
    recording_sid: str
    created_at: datetime
    text: str
    seconds: int
    status: str = "in-progress"  # or completed, failed
    sid: str = field(default_factory=lambda: new_sid("TR"))
    updated_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.updated_at = self.created_at

    @property
    def over(self) -> bool:
        """Tell whether it is done, or could not be."""
        return self.status != "in-progress"


class Recordings:
    """All recordings and transcriptions of the account."""

    def __init__(self, clock: Clock, callbacks: Callbacks, home: Home, kept: int) -> None:
        self.recordings: Records[Recording] = Records(kept)
        self.deleted: Records[Recording] = Records(kept)
        self.transcriptions: Records[Transcription] = Records(kept)
        self._clock = clock
        self._callbacks = callbacks
        self._home = home

    def url(self, recording: Recording) -> str:
        """Write the address that a webhook gives for a recording: without an extension it is a WAV file."""
        return f"{self._home.url}/2010-04-01/Accounts/{recording.account_sid}/Recordings/{recording.sid}"

    def start(self, calls: list[Call], source: Source, rules: Rules, conference_sid: str | None = None) -> Recording:
        """Record what is heard on some calls, of which the first one is named in the record."""
        first = calls[0]
        recording = Recording(first.account_sid, first.sid, source, self._clock.now(), rules, conference_sid)
        self.recordings[recording.sid] = recording
        for call in calls:
            call.recordings.append(recording)
            call.stirred.notify()
        self._report(recording, "in-progress")
        return recording

    def change(self, recording: Recording, status: str, skip: bool = False) -> None:
        """Pause a recording (`paused`) or let it go on (`in-progress`); a pause is left out, or else recorded as silence."""
        now = self._clock.now()
        recording.recorded = recording.elapsed(now)
        recording.running_since = None if status == "paused" and skip else now
        recording.status = status
        recording.updated_at = now

    def finish(self, recording: Recording, calls: list[Call]) -> None:
        """End a recording, once; one of no length is absent."""
        for call in calls:
            if recording in call.recordings:
                call.recordings.remove(recording)
        if recording.over:
            return
        now = self._clock.now()
        recording.length = recording.elapsed(now)
        if recording.rules.trim:
            self._trim(recording)
        recording.running_since = None
        recording.status = "completed" if recording.length > 0 else "absent"
        recording.updated_at = now
        self._clock.spawn(self._process(recording), f"recording {recording.sid}")

    async def _process(self, recording: Recording) -> None:
        """Report an ended recording as Twilio does: a little later, when the file is ready."""
        await self._clock.sleep(SECONDS_TO_PROCESS)
        self._report(recording, recording.status)

    def delete(self, recording: Recording) -> None:
        """Delete a recording; its transcriptions stay, as at Twilio, and so does the record, for who asks for deleted ones."""
        del self.recordings[recording.sid]
        recording.status, recording.updated_at = "deleted", self._clock.now()
        recording.sounds.clear()
        self.deleted[recording.sid] = recording

    def transcribe(self, recording: Recording, call: Call, target: Target | None) -> Transcription:
        """Write down what was said in a recording of 2 to 120 seconds, and tell the target when that is done."""
        transcription = Transcription(recording.account_sid, recording.sid, self._clock.now(), recording.text, recording.seconds)
        self.transcriptions[transcription.sid] = transcription
        self._clock.spawn(self._transcribe(transcription, recording, call, target), f"transcription {transcription.sid}")
        return transcription

    def params(self, recording: Recording, key: str = "") -> Mapping[str, str]:
        """List what the action request of a verb says of its recording, and the key that ended it."""
        found = {"RecordingUrl": self.url(recording), "RecordingSid": recording.sid, "RecordingDuration": str(recording.seconds)}
        return found | ({"Digits": key} if key else {})

    async def _transcribe(self, transcription: Transcription, recording: Recording, call: Call, target: Target | None) -> None:
        await self._clock.sleep(SECONDS_TO_TRANSCRIBE)
        fits = SHORTEST_TRANSCRIBED < recording.length < LONGEST_TRANSCRIBED
        transcription.status = "completed" if fits else "failed"
        transcription.updated_at = self._clock.now()
        if not fits:
            transcription.text = ""
        if target is not None:
            url = self.url(recording)
            address = f"{self._home.url}/2010-04-01/Accounts/{recording.account_sid}/Transcriptions/{transcription.sid}"
            status, text = transcription.status, transcription.text
            params = transcription_params(call, transcription.sid, status, text, address, recording.sid, url)
            self._callbacks.post(Hook("transcription", recording.call_sid, target.url, target.method, params))

    def _trim(self, recording: Recording) -> None:
        """Cut the silence off at both ends; where all is silence, it is kept, as Twilio's documentation of 2026 has it."""
        if not recording.voiced:
            return
        start = min(sound.offset for sound in recording.voiced)
        end = min(max(sound.offset + sound.seconds for sound in recording.voiced), recording.length)
        recording.length = end - start
        recording.sounds = [
            Sound(sound.offset - start, sound.seconds, sound.kind, sound.text, sound.inbound) for sound in recording.sounds
        ]

    def _report(self, recording: Recording, event: str) -> None:
        target = recording.rules.callback
        if target is None or event not in recording.rules.events:
            return
        details = {"ConferenceSid": recording.conference_sid} if recording.conference_sid else {"CallSid": recording.call_sid}
        params = recording_params(
            {
                "RecordingSource": recording.source,
                "RecordingSid": recording.sid,
                "RecordingUrl": self.url(recording),
                "RecordingStatus": event,
                "RecordingChannels": str(recording.rules.channels),
                "RecordingTrack": recording.rules.track,
                "RecordingDuration": str(recording.seconds) if recording.over else "",
                "AccountSid": recording.account_sid,
            }
            | details,
            recording.started_at,
        )
        self._callbacks.post(Hook("recording-status", recording.call_sid, target.url, target.method, params, PERCENT))
