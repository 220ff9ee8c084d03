"""The parameters of the webhooks of texts: names and their order as captured from Twilio (nyaruka/courier, twiml handler)."""

from collections.abc import Mapping
from datetime import datetime

from simulator.texts.messages import Message
from simulator.web.parameters import API_VERSION, Params, names, ordered, place

MESSAGE_ORDER = names(
    """ToCountry ToState SmsMessageSid NumMedia ToCity FromZip SmsSid FromState SmsStatus FromCity Body FromCountry To
    ToZip NumSegments ReferralNumMedia MessageSid AccountSid From ApiVersion MessagingServiceSid"""
)
SENT_ORDER = names("MessageStatus ApiVersion SmsSid SmsStatus To From MessageSid AccountSid MessagingServiceSid")
DELIVERED_ORDER = names(
    "ErrorCode ApiVersion MessageStatus RawDlrDoneDate SmsSid SmsStatus To From MessageSid AccountSid MessagingServiceSid"
)


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
    values |= place("From", message.from_number) | place("To", message.to_number)
    media = [(f"MediaContentType{n}", item.content_type) for n, item in enumerate(message.media)]
    media += [(f"MediaUrl{n}", item.url) for n, item in enumerate(message.media)]
    return ordered(values, MESSAGE_ORDER) + media + list((extra or {}).items())


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
    return ordered(values, known)
