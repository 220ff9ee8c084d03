"""Orders for recordings, and changes to them."""

from simulator.exchange import Exchange
from simulator.rest.errors import RestError
from simulator.rest.form import Form
from simulator.voice.calls import Call, CallStatus
from simulator.voice.recordings import EVENTS, Recording, Rules

CHANNELS = {"mono": 1, "dual": 2}
TRIM = {"trim-silence": True, "do-not-trim": False}
TRACKS = ("inbound", "outbound", "both")
NEVER_TOLD = ("started", "paused", "resumed", "stopped", "failed")  # may be asked for, but does not happen here
KNOWN_EVENTS = (*EVENTS, *NEVER_TOLD)


def read_recording_rules(form: Form, trim: bool) -> Rules:
    """Read how to record; `trim` says whether silence is cut off where nothing is said about it."""
    wanted = form.choice("Trim", TRIM, 20001)
    channels = CHANNELS[form.choice("RecordingChannels", CHANNELS, 20001) or "mono"]
    track = form.choice("RecordingTrack", TRACKS, 20001) or "both"
    return Rules(
        trim=TRIM.get(wanted, trim),
        channels=channels if track == "both" else 1,  # one side alone is always mono
        track=track,
        callback=form.target("RecordingStatusCallback", "RecordingStatusCallbackMethod"),
        events=form.events("RecordingStatusCallbackEvent", KNOWN_EVENTS, "completed", 20001),
    )


def start_recording(exchange: Exchange, call: Call, form: Form) -> Recording:
    """Record a call that is being held (21220 otherwise), unless a recording like this runs already (16108)."""
    rules = read_recording_rules(form, trim=False)
    if call.status is not CallStatus.IN_PROGRESS:
        raise RestError(21220)
    if any(recording.source == "StartCallRecordingAPI" for recording in call.recordings):
        raise RestError(16108)
    return exchange.recordings.start([call], "StartCallRecordingAPI", rules)


def change_recording(exchange: Exchange, recording: Recording, form: Form) -> None:
    """Pause a recording, let it go on or stop it; one that has ended cannot be changed (21220)."""
    status = form.choice("Status", ("paused", "in-progress", "stopped"), 20001)
    skip = form.choice("PauseBehavior", ("skip", "silence"), 20001) == "skip"
    if not status:
        raise RestError(20001, name="Status")
    if recording.over:
        raise RestError(21220)
    if status == "stopped":
        calls = [call for call in exchange.telephony.calls.values() if recording in call.recordings]
        exchange.recordings.finish(recording, calls)
    elif status != recording.status:
        exchange.recordings.change(recording, status, skip)
