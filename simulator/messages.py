"""The record of one message."""

import mimetypes
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from simulator.calls import Target
from simulator.identifiers import new_sid
from simulator.segments import count_segments

MAX_BODY = 1600
MAX_MEDIA = 10


class MessageStatus(StrEnum):
    """The statuses that occur here, of those that Twilio knows."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    RECEIVED = "received"
    CANCELED = "canceled"


@dataclass(frozen=True)
class Media:
    """A picture or other file of a message, by its address."""

    url: str

    @property
    def content_type(self) -> str:
        """Guess the type from the address, as nothing is fetched."""
        return mimetypes.guess_type(urlsplit(self.url).path)[0] or "application/octet-stream"


@dataclass
class Message:
    """One text message between the account and a phone."""

    account_sid: str
    direction: str
    from_number: str
    to_number: str
    body: str
    status: MessageStatus
    created_at: datetime
    media: tuple[Media, ...] = ()
    status_target: Target | None = None
    sid: str = ""
    updated_at: datetime = field(init=False)
    sent_at: datetime | None = None
    error_code: int | None = None
    error_message: str | None = None

    def __post_init__(self) -> None:
        self.sid = self.sid or new_sid("MM" if self.media else "SM")
        self.updated_at = self.created_at
        self.segments = max(count_segments(self.body), len(self.media))

    @property
    def incoming(self) -> bool:
        """Tell whether a phone sent this message to the account."""
        return self.direction == "inbound"
