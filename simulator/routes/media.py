"""The sound of recordings, as WAV or MP3: for everybody who has the address, unless the account protects its media.

Facts: https://www.twilio.com/docs/voice/api/recording#fetch-a-recordings-media-file and
https://www.twilio.com/en-us/changelog/dual-channel-voice-recordings-by-default (what RequestedChannels may ask for)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Self

from quart import Blueprint, Response, g, request
from quart.wrappers.response import ResponseBody
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from simulator.rest.errors import RestError
from simulator.routes import current_exchange
from simulator.routes.rest.blueprint import add_headers, authenticate, fail, lose, refuse
from simulator.voice import mp3
from simulator.voice import synthesis as voice
from simulator.voice.recordings import Recording

bp = Blueprint("media", __name__, url_prefix="/2010-04-01")
bp.before_request(fail)
bp.after_request(add_headers)
bp.after_request(lose)
bp.register_error_handler(RestError, refuse)

Stream = Callable[[int, int], Iterator[bytes]]


class Media(ResponseBody):
    """A body that is made while it is sent, of which a part may be asked for."""

    def __init__(self, size: int, stream: Stream) -> None:
        self.begin, self.end = 0, size
        self._size = size
        self._stream = stream

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
        """Nothing is open."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self.end - self.begin
        for chunk in self._stream(self.begin, self.end):
            if chunk:
                yield chunk
            left -= len(chunk)
            if left <= 0:
                return  # at once: the client, who has it all, may be gone
            await asyncio.sleep(0)  # a long recording must not hold up the calls

    async def make_conditional(self, begin: int, end: int | None) -> int:
        """Narrow the body to a range, which counts from the end where it begins with a negative number."""
        self.begin = max(self._size + begin, 0) if begin < 0 else begin
        self.end = self._size if end is None else min(end, self._size)
        if self.begin >= self.end:
            raise RequestedRangeNotSatisfiable(self._size)
        return self._size


@bp.get("/Accounts/<account_sid>/Recordings/<sid>", defaults={"kind": ""})
@bp.get("/Accounts/<account_sid>/Recordings/<sid>.wav", defaults={"kind": "wav"})
@bp.get("/Accounts/<account_sid>/Recordings/<sid>.mp3", defaults={"kind": "mp3"})
async def fetch_recording_media(account_sid: str, sid: str, kind: str) -> Response:
    """Fetch the sound of a recording that has ended."""
    exchange = current_exchange()
    if exchange.config.protect_media:
        g.account_sid = account_sid
        await authenticate()
    recording = exchange.recordings.recordings.get(sid)
    if recording is None or recording.account_sid != account_sid or recording.status != "completed":
        raise RestError(20404, path=request.path)
    channels = _count_channels(recording)
    if kind == "mp3":
        size, stream, mimetype = mp3.count_bytes(recording, channels), mp3.stream_mp3, "audio/mpeg"
    else:
        size, stream, mimetype = voice.count_bytes(recording, channels), voice.stream_wave, "audio/x-wav"
    response = Response(Media(size, partial(stream, recording, channels)), mimetype=mimetype)
    response.content_length = size
    response.headers["Accept-Ranges"] = "bytes"
    response.last_modified = recording.updated_at
    response.set_etag(f"{recording.sid}-{channels}-{kind or 'wav'}")
    try:
        await response.make_conditional(request, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.status_code = 416
        response.set_data(b"")
        response.headers["Content-Range"] = f"bytes */{size}"
    return response


def _count_channels(recording: Recording) -> int:
    """Count the channels to send: as recorded, unless others are asked for; a call's two sides are kept apart anyway."""
    channels = recording.rules.channels
    wanted = request.args.get("RequestedChannels", str(channels))
    single = recording.rules.track != "both" or recording.source in {"RecordVerb", "Conference", "StartConferenceRecordingAPI"}
    if wanted not in {"1", "2"} or (wanted == "2" and single and channels == 1):
        raise RestError(16113)
    return int(wanted)
