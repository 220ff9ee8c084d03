"""Pictures and other files of messages: what may be one, and where those that were sent or received are kept.

Facts: https://www.twilio.com/docs/messaging/guides/accepted-mime-types for types and sizes,
https://www.twilio.com/docs/messaging/api/media-resource for where a file is found.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote_to_bytes

from simulator.addresses import Home
from simulator.identifiers import new_sid

MAX_FILES = 10
MAX_BYTES = 5 * 1024 * 1024  # of a message, all its files together
_ACCEPTED = """
application/msword application/pdf application/vcard application/vnd.apple.pkpass application/vnd.ms-excel
application/vnd.ms-powerpoint application/vnd.openxmlformats-officedocument.presentationml.presentation
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
application/vnd.openxmlformats-officedocument.wordprocessingml.document
audio/3gpp audio/3gpp2 audio/aac audio/ac3 audio/amr audio/amr-nb audio/basic audio/l24 audio/mp4 audio/mpeg audio/ogg
audio/vnd.rn-realaudio audio/vnd.wave audio/vorbis audio/webm
image/bmp image/gif image/heic image/heif image/jpeg image/jpg image/png image/tiff
text/calendar text/csv text/directory text/richtext text/rtf text/vcard text/x-vcard
video/3gpp video/3gpp-tt video/3gpp2 video/h261 video/h263 video/h263-1998 video/h263-2000 video/h264 video/mp4 video/mpeg
video/mpeg4 video/quicktime video/webm
"""
ACCEPTED_TYPES = frozenset(_ACCEPTED.split())


class MediaError(Exception):
    """A file that cannot go with a message; `code` is Twilio's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class File:
    """A file with its type, as it goes with a message."""

    content_type: str
    content: bytes


@dataclass(eq=False)
class Media:
    """A file of one message, kept; `url` is the REST API's, `shown_at` opens without credentials."""

    account_sid: str
    message_sid: str
    file: File
    created_at: datetime
    url: str
    shown_at: str
    key: str
    sid: str

    @property
    def content_type(self) -> str:
        """The file's type."""
        return self.file.content_type


class Carrier(Protocol):
    """What a file goes with: a message."""

    account_sid: str
    sid: str
    media: list[Media]


@dataclass
class MediaStore:
    """All kept files, by the keys that open them."""

    home: Home
    _by_key: dict[str, Media] = field(default_factory=dict)

    def keep(self, message: Carrier, file: File, now: datetime) -> None:
        """Keep a file of a message."""
        sid, key = new_sid("ME"), secrets.token_urlsafe(24)
        url = f"{self.home.url}/2010-04-01/Accounts/{message.account_sid}/Messages/{message.sid}/Media/{sid}"
        media = Media(message.account_sid, message.sid, file, now, url, f"{self.home.url}/media/{key}", key, sid)
        self._by_key[key] = media
        message.media.append(media)

    def find(self, key: str) -> Media | None:
        """Find a file by its key."""
        return self._by_key.get(key)

    def forget(self, message: Carrier, media: Media) -> None:
        """Let go of one file of a message."""
        message.media.remove(media)
        self._by_key.pop(media.key, None)

    def forget_all(self, message: Carrier) -> None:
        """Let go of every file of a message."""
        for media in tuple(message.media):
            self.forget(message, media)


def check_file(content_type: str | None, content: bytes) -> File:
    """Take a file that may go with a message; MediaError says why another may not."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in ACCEPTED_TYPES:
        raise MediaError(12300, f"Invalid Content-Type: {content_type or 'none'}")
    if not content:
        raise MediaError(63019, "Media failed to download: it has no bytes")
    if len(content) > MAX_BYTES:
        raise MediaError(11751, "Media exceeds messaging provider size limit")
    return File(kind, content)


def check_total(files: list[File], body: str) -> None:
    """Raise MediaError where all that a message carries is too much."""
    if sum(len(file.content) for file in files) + len(body.encode()) > MAX_BYTES:
        raise MediaError(11751, "Media exceeds messaging provider size limit: all files together")


def read_data_url(url: str) -> File:
    """Read a file that its address holds (RFC 2397); MediaError where it holds none that may be sent."""
    head, comma, text = url.removeprefix("data:").partition(",")
    if not url.startswith("data:") or not comma:
        raise MediaError(21620, "Invalid media URL(s)")
    kind, semicolon, coding = head.rpartition(";")
    content = unquote_to_bytes(text)
    if semicolon and coding.strip().lower() == "base64":
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error:
            raise MediaError(21620, "Invalid media URL(s): not base64") from None
        head = kind
    return check_file(head, content)
