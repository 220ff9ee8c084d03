"""Record: the caller's voice, until silence, a key, the longest length or the end of the call.

Facts: https://www.twilio.com/docs/voice/twiml/record
"""

from simulator.twiml.document import Verb
from simulator.voice.calls import CallEnded, Instructions
from simulator.voice.recordings import Recording, Rules
from simulator.voice.stage import HangUp, Outcome, Stage, speaking_seconds

DEFAULT_LENGTH = 3600
KEYS = "1234567890*#"
TRIM = {"trim-silence": True, "do-not-trim": False}


def read_recording_rules(stage: Stage, verb: Verb, trim: bool, channels: int = 1) -> Rules:
    """Read the attributes that Record, Dial and Conference share."""
    events = frozenset(verb.get("recordingStatusCallbackEvent", "completed").split())
    callback = stage.target(verb, "recordingStatusCallback", "recordingStatusCallbackMethod")
    track = verb.get("recordingTrack", "both")
    return Rules(TRIM.get(verb.get("trim"), trim), channels, track, callback, events)


async def record(stage: Stage, verb: Verb) -> Outcome:
    """Record what the caller says, then go on with the action; a caller who hangs up is reported there, too."""
    action = stage.action(verb)
    if action is None:
        return HangUp()
    timeout = verb.number("timeout", 5)
    most = verb.number("maxLength", DEFAULT_LENGTH)
    keys = verb.get("finishOnKey", KEYS)
    stage.call.inputs.clear()
    telephony = stage.telephony
    recording = telephony.recordings.start([stage.call], "RecordVerb", read_recording_rules(stage, verb, trim=True))
    if verb.flag("playBeep", True):
        stage.note("Beep", "")
    stage.await_input(f"records, until {timeout} s of silence" + (", or a key" if keys else ""))
    key = ""
    try:
        key = await _listen(stage, recording, keys, timeout, most)
    except CallEnded:
        key = "hangup"
    finally:
        telephony.recordings.finish(recording, [stage.call])
        telephony.touch(stage.call)
    if not recording.voiced and telephony.settings.skip_silent_recordings:
        recording.length, recording.status = 0.0, "absent"
        return None
    wish = verb.get("transcribeCallback").strip()
    if wish or verb.flag("transcribe"):
        telephony.recordings.transcribe(recording, stage.call, stage.target(verb, "transcribeCallback", ""))
    result = Instructions(action, params=tuple(telephony.recordings.params(recording, key).items()))
    if key == "hangup":
        await telephony.report(stage.call, result)
        raise CallEnded
    return result


async def _listen(stage: Stage, recording: Recording, keys: str, timeout: float, most: float) -> str:
    """Listen until the recording is to end; returns the key that ended it, if one did."""
    call, clock = stage.call, stage.clock
    end, quiet_since = clock.after(most), clock.now()
    while True:
        for item in list(call.inputs):
            call.inputs.popleft()
            if item.kind == "digits":
                key = next((key for key in item.text if key in keys), "")
                if key:
                    return key
            else:
                quiet_since = clock.after(item.seconds or speaking_seconds(item.text))
        left = clock.until(end)
        if timeout:  # a timeout of 0 waits for no silence
            left = min(left, clock.until(quiet_since) + timeout)
        if left <= 0 or recording.over:
            return ""
        await stage.hold_until(lambda: bool(call.inputs) or recording.over, left)
