"""The record of one message."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from simulator.addresses import Target
from simulator.identifiers import new_sid
from simulator.texts.media import File, Media
from simulator.texts.segments import count_segments
from simulator.texts.senders import LONGEST_WAIT

MAX_BODY = 1600


class MessageStatus(StrEnum):
    """The statuses that occur here, of those that Twilio knows."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    RECEIVED = "received"
    CANCELED = "canceled"


WAITING = frozenset({MessageStatus.ACCEPTED, MessageStatus.SCHEDULED, MessageStatus.QUEUED})
UNDER_WAY = WAITING | {MessageStatus.SENDING}
FINAL = frozenset(MessageStatus) - UNDER_WAY - {MessageStatus.SENT}

# What Twilio calls the failures that occur here, https://www.twilio.com/docs/api/errors
FAILURES = {
    11751: "Media Message - Media exceeds messaging provider size limit",
    12300: "Invalid Content-Type",
    14107: "SMS send rate limit exceeded",
    21610: "Attempt to send to unsubscribed recipient",
    21703: "The Messaging Service does not have a phone number available to send a message",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30036: "Validity Period Expired",
    63019: "Media failed to download",
}


@dataclass(eq=False)
class Message:
    """One text message between the account and a phone.

    `files` go with it: what a phone attached, or the addresses of what an application wants sent; `media` are those
    that are here. A message of a service has no sender until one is chosen. `validity` are the seconds it may wait.
    """

    account_sid: str
    direction: str
    from_number: str
    to_number: str
    body: str
    status: MessageStatus
    created_at: datetime
    files: tuple[File | str, ...] = ()
    status_target: Target | None = None
    service_sid: str | None = None
    send_at: datetime | None = None
    validity: float = LONGEST_WAIT
    sid: str = ""
    media: list[Media] = field(default_factory=list)
    updated_at: datetime = field(init=False)
    sent_at: datetime | None = None
    error_code: int | None = None
    error_message: str | None = None

    def __post_init__(self) -> None:
        self.sid = self.sid or new_sid("MM" if self.files else "SM")
        self.updated_at = self.created_at
        self.num_media = len(self.files)
        # A picture message is not cut up, however long its text is; it counts its files.
        self.segments = self.num_media or count_segments(self.body)

    @property
    def over(self) -> bool:
        """Tell whether the status is final."""
        return self.status in FINAL

    @property
    def incoming(self) -> bool:
        """Tell whether a phone sent this message to the account."""
        return self.direction == "inbound"

    def move(self, status: MessageStatus, now: datetime) -> None:
        """Go on to another status."""
        self.status, self.updated_at = status, now

    def fail(self, status: MessageStatus, code: int, now: datetime) -> None:
        """End without being delivered, for the reason that Twilio's code names."""
        self.error_code, self.error_message = code, FAILURES.get(code, "HTTP retrieval failure")
        self.move(status, now)
