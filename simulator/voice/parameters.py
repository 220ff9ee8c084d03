"""The parameters of the webhooks of calls: names and their order as captured from Twilio.

Incoming calls list them by name; outgoing calls and status callbacks keep the order of the captures in
kevinburke/twilio-go responses_test.go (5dbe02f).
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime

from simulator.voice.calls import Call
from simulator.web.parameters import API_VERSION, Params, names, ordered, place, rfc2822

OUTGOING_ORDER = names(
    """Called ToState CallerCountry Direction CallerState ToZip CallSid To CallerZip ToCountry ApiVersion CalledZip
    CalledCity CallStatus From AccountSid CalledCountry CallerCity Caller FromCountry ToCity FromCity CalledState
    FromZip AnsweredBy FromState ParentCallSid"""
)
STATUS_ORDER = names(
    """Called ParentCallSid ToState CallerCountry Direction Timestamp CallbackSource SipResponseCode CallerState ToZip
    SequenceNumber CallSid To CallerZip ToCountry CalledZip ApiVersion CalledCity CallStatus Duration From
    CallDuration AccountSid CalledCountry CallerCity ToCity FromCountry Caller FromCity CalledState FromZip
    AnsweredBy FromState"""
)
RECORDING_ORDER = names(
    """RecordingSource RecordingTrack RecordingSid ConferenceSid RecordingUrl RecordingStatus RecordingChannels ErrorCode
    CallSid RecordingStartTime AccountSid RecordingDuration"""
)


def _call_values(call: Call) -> dict[str, str]:
    values = {
        "AccountSid": call.account_sid,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status.value,
        "Direction": call.direction,
    }
    ends = {"From": call.from_number, "Caller": call.from_number, "To": call.to_number, "Called": call.to_number}
    for role, number in ends.items():
        values |= {role: number} | place(role, number)
    if call.answered_by is not None and call.machine_detection is not None:
        values["AnsweredBy"] = call.answered_by
    if call.caller_is_looked_up:
        values["CallerName"] = ""
    if call.parent_sid is not None:
        values["ParentCallSid"] = call.parent_sid
    return values


def voice_params(call: Call, extra: Mapping[str, str] | None = None) -> Params:
    """List the parameters of a request for TwiML; `extra` are those of a verb's action or of a fallback."""
    values = _call_values(call)
    if not call.incoming:
        return ordered(values, OUTGOING_ORDER) + list((extra or {}).items())
    if call.answered_at is None:
        token = {"parentCallInfoToken": call.sid, "identityHeaderTokens": []}
        values["CallToken"] = json.dumps(token, separators=(",", ":"))
    return sorted((values | dict(extra or {})).items())


def call_status_params(call: Call, event: str, at: datetime) -> Params:
    """List the parameters of a call's status callback, sent for one of its events."""
    values = _call_values(call) | {
        "CallStatus": "initiated" if event == "initiated" else call.status.value,
        "Timestamp": rfc2822(at),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(call.sequence),
    }
    if event == "completed":
        seconds = call.duration or 0
        values |= {"CallDuration": str(seconds), "Duration": str(math.ceil(seconds / 60))}
        if call.sip_code is not None:
            values["SipResponseCode"] = str(call.sip_code)
    return ordered(values, STATUS_ORDER)


def recording_params(values: Mapping[str, str], started_at: datetime) -> Params:
    """List the parameters of a recording's status callback, in the order of a capture of 2021."""
    more = {"RecordingStartTime": rfc2822(started_at), "ErrorCode": "0"}
    return ordered({name: value for name, value in values.items() if value} | more, RECORDING_ORDER)


def transcription_params(
    call: Call, sid: str, status: str, text: str, address: str, recording_sid: str, recording_url: str
) -> Params:
    """List the parameters of a transcription's callback."""
    return [
        ("TranscriptionSid", sid),
        ("TranscriptionText", text),
        ("TranscriptionStatus", status),
        ("TranscriptionType", "fast"),
        ("TranscriptionUrl", address),
        ("RecordingSid", recording_sid),
        ("RecordingUrl", recording_url),
        *sorted(_call_values(call).items()),
    ]


def partial_speech_params(call: Call, text: str, sequence: int) -> Params:
    """List the parameters of a Gather's partial result."""
    more = {"UnstableSpeechResult": text, "StableSpeechResult": "", "Stability": "0.8", "SequenceNumber": str(sequence)}
    return sorted((_call_values(call) | more).items())


def detection_params(call: Call, answered_by: str, milliseconds: int) -> Params:
    """List the parameters that tell who has answered, where the call did not wait for that."""
    return [
        ("AccountSid", call.account_sid),
        ("CallSid", call.sid),
        ("AnsweredBy", answered_by),
        ("MachineDetectionDuration", str(milliseconds)),
    ]


def conference_params(values: Mapping[str, str], at: datetime) -> Params:
    """List the parameters of a conference's status callback."""
    return [*values.items(), ("Timestamp", rfc2822(at))]
