"""The parameters of each webhook: names and their order as captured from Twilio.

Incoming calls list them by name; outgoing calls, status callbacks and messages keep the order of the captures in
kevinburke/twilio-go responses_test.go (5dbe02f) and nyaruka/courier (twiml handler). Cities, states and zip codes are
not known here and are sent empty, as Twilio does: empty ones count in the signature.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from simulator.calls import Call
from simulator.messages import Message
from simulator.numbering import country_of

API_VERSION = "2010-04-01"
Params = list[tuple[str, str]]


def _names(text: str) -> list[str]:
    return text.split()


OUTGOING_ORDER = _names(
    """Called ToState CallerCountry Direction CallerState ToZip CallSid To CallerZip ToCountry ApiVersion CalledZip
    CalledCity CallStatus From AccountSid CalledCountry CallerCity Caller FromCountry ToCity FromCity CalledState
    FromZip AnsweredBy FromState ParentCallSid"""
)
STATUS_ORDER = _names(
    """Called ParentCallSid ToState CallerCountry Direction Timestamp CallbackSource SipResponseCode CallerState ToZip
    SequenceNumber CallSid To CallerZip ToCountry CalledZip ApiVersion CalledCity CallStatus Duration From
    CallDuration AccountSid CalledCountry CallerCity ToCity FromCountry Caller FromCity CalledState FromZip
    AnsweredBy FromState"""
)
MESSAGE_ORDER = _names(
    """ToCountry ToState SmsMessageSid NumMedia ToCity FromZip SmsSid FromState SmsStatus FromCity Body FromCountry To
    ToZip NumSegments ReferralNumMedia MessageSid AccountSid From ApiVersion MessagingServiceSid"""
)
RECORDING_ORDER = _names(
    """RecordingSource RecordingTrack RecordingSid ConferenceSid RecordingUrl RecordingStatus RecordingChannels ErrorCode
    CallSid RecordingStartTime AccountSid RecordingDuration"""
)
SENT_ORDER = _names("MessageStatus ApiVersion SmsSid SmsStatus To From MessageSid AccountSid MessagingServiceSid")
DELIVERED_ORDER = _names(
    "ErrorCode ApiVersion MessageStatus RawDlrDoneDate SmsSid SmsStatus To From MessageSid AccountSid MessagingServiceSid"
)


def rfc2822(moment: datetime) -> str:
    """Write a moment as Twilio does: RFC 2822, in UTC."""
    return format_datetime(moment)


def _ordered(values: Mapping[str, str], order: list[str]) -> Params:
    return [(name, values[name]) for name in order if name in values]


def _place(role: str, number: str) -> dict[str, str]:
    if not number.startswith("+"):  # a client's or a SIP address is nowhere
        return {}
    empty = {f"{role}{part}": "" for part in ("City", "State", "Zip")}
    return empty | {f"{role}Country": country_of(number)}


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
        values |= {role: number} | _place(role, number)
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
        return _ordered(values, OUTGOING_ORDER) + list((extra or {}).items())
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
    return _ordered(values, STATUS_ORDER)


def recording_params(values: Mapping[str, str], started_at: datetime) -> Params:
    """List the parameters of a recording's status callback, in the order of a capture of 2021."""
    more = {"RecordingStartTime": rfc2822(started_at), "ErrorCode": "0"}
    return _ordered({name: value for name, value in values.items() if value} | more, RECORDING_ORDER)


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


def message_params(message: Message, extra: Mapping[str, str] | None = None) -> Params:
    """List the parameters of the request that announces an incoming message."""
    values = {
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageSid": message.sid,
        "SmsStatus": "received",
        "NumMedia": str(message.num_media),
        "NumSegments": str(message.segments),
        "Body": message.body,
        "From": message.from_number,
        "To": message.to_number,
        "AccountSid": message.account_sid,
        "ApiVersion": API_VERSION,
    }
    if not message.media:
        values["ReferralNumMedia"] = "0"
    if message.service_sid is not None:
        values["MessagingServiceSid"] = message.service_sid
    values |= _place("From", message.from_number) | _place("To", message.to_number)
    media = [(f"MediaContentType{n}", item.content_type) for n, item in enumerate(message.media)]
    media += [(f"MediaUrl{n}", item.url) for n, item in enumerate(message.media)]
    return _ordered(values, MESSAGE_ORDER) + media + list((extra or {}).items())


def message_status_params(message: Message, at: datetime) -> Params:
    """List the parameters of a message's status callback."""
    values = {
        "MessageStatus": message.status.value,
        "SmsStatus": message.status.value,
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "From": message.from_number,
        "To": message.to_number,
        "AccountSid": message.account_sid,
        "ApiVersion": API_VERSION,
    }
    if message.service_sid is not None:
        values["MessagingServiceSid"] = message.service_sid
    if message.error_code is not None:
        values["ErrorCode"] = str(message.error_code)
    if message.status.value == "delivered":
        values["RawDlrDoneDate"] = f"{at:%y%m%d%H%M}"
    known = DELIVERED_ORDER if "RawDlrDoneDate" in values or "ErrorCode" in values else SENT_ORDER
    return _ordered(values, known)
