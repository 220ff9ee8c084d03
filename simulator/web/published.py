"""What Twilio itself publishes and applications point at: hold music, samples, twimlets. It is answered here, offline.

Facts: https://www.twilio.com/docs/voice/twiml/conference#attributes-waiturl (hold music and its buckets),
https://www.twilio.com/labs/twimlets (parameters). The words and sounds are the simulator's own; a twimlet that is not
here, and everything else, is asked for where it is.
"""

import re
import struct
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from simulator.web.wire import Answer

MUSIC = re.compile(
    r"com\.twilio\.(music|sounds)\.[a-z-]+\.s3\.amazonaws\.com/.+|demo\.twilio\.com/docs/classic\.mp3|api\.twilio\.com/cowbell\.mp3"
)
SAMPLE = "demo.twilio.com/docs/voice.xml"
SAMPLE_SOUND = "http://demo.twilio.com/docs/classic.mp3"
USUAL_MUSIC = "com.twilio.music.classical"
MUSIC_SECONDS, MUSIC_RATE = 60, 1000  # bytes a second: the whole sound is small enough to be an answer


def find_published(address: str) -> Answer | None:
    """Give what Twilio publishes at an address; None where that is nothing that is known here."""
    if "twilio" not in address and "twimlets" not in address:
        return None  # nearly always, and each webhook asks
    parts = urlsplit(address)
    place = f"{parts.hostname or ''}{parts.path}"
    if MUSIC.fullmatch(place):
        return Answer(200, [("Content-Type", "audio/wav")], bytearray(_silence()))
    query = dict(parse_qsl(parts.query))
    if place == SAMPLE:
        return _document(f"<Say>This is a sample document.</Say><Play>{SAMPLE_SOUND}</Play>")
    if place == "twimlets.com/holdmusic":
        return _document(_hold(query))
    if place == "twimlets.com/message":
        return _document("".join(_utter(text) for name, text in query.items() if re.fullmatch(r"Message(\[\d*\])?", name)))
    if place == "twimlets.com/echo":
        return Answer(200, [("Content-Type", "text/xml")], bytearray(query.get("Twiml", "").encode()))
    return None


def _document(verbs: str) -> Answer:
    return Answer(200, [("Content-Type", "text/xml")], bytearray(f"<Response>{verbs}</Response>".encode()))


def _utter(text: str) -> str:
    """Play what is an address, and say what is none."""
    verb = "Play" if re.match(r"https?://", text) else "Say"
    return f"<{verb}>{escape(text)}</{verb}>"


def _hold(query: Mapping[str, str]) -> str:
    """Play a bucket's music without end, with a message in between where there is one."""
    message = query.get("Message", "")
    music = f"http://{query.get('Bucket', USUAL_MUSIC)}.s3.amazonaws.com/music.mp3"
    return f"{_utter(message) if message else ''}<Play>{escape(music)}</Play><Redirect/>"


@lru_cache(maxsize=1)
def _silence() -> bytes:
    """Make a WAV file of a minute in which nothing is heard, of 8 bits a sample."""
    size = MUSIC_SECONDS * MUSIC_RATE
    kind = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, MUSIC_RATE, MUSIC_RATE, 1, 8)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + kind + struct.pack("<4sI", b"data", size) + b"\x80" * size
