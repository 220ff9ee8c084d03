"""Recordings as MP3, which Twilio serves beside WAV: applications ask for it by adding .mp3 to the address.

At a constant bit rate every frame is as long as any other, so that the length is known before a sound is encoded.
"""

from collections.abc import Iterator

import lameenc

from simulator.voice import synthesis as voice
from simulator.voice.recordings import Recording

KILOBITS = {1: 24, 2: 48}
FRAME_SAMPLES, FRAME_BYTES = 576, {1: 216, 2: 432}  # MPEG-2.5, layer III, 8 kHz
MORE_FRAMES = 2  # the encoder's delay
FAST = 7


def count_bytes(recording: Recording, channels: int) -> int:
    """Count the bytes of the MP3 file."""
    samples = voice.count_frames(recording)
    return (-(-samples // FRAME_SAMPLES) + MORE_FRAMES) * FRAME_BYTES[channels] if samples else 0


def stream_mp3(recording: Recording, channels: int, begin: int, end: int) -> Iterator[bytes]:
    """Make the bytes of the MP3 file from one position up to another; all that comes before is made, too, for nothing.

    Making an hour takes 7 to 11 seconds; what is given for each second before the position is empty.
    """
    position = 0
    for piece in _encode(recording, channels):
        yield piece[max(begin - position, 0) : max(end - position, 0)]
        position += len(piece)
        if position >= end:
            return


def _encode(recording: Recording, channels: int) -> Iterator[bytes]:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(KILOBITS[channels])
    encoder.set_in_sample_rate(voice.RATE)
    encoder.set_channels(channels)
    encoder.set_quality(FAST)
    for samples in voice.stream_wave(recording, channels, voice.HEADER_SIZE, voice.count_bytes(recording, channels)):
        yield bytes(encoder.encode(samples))
    if voice.count_frames(recording):
        yield bytes(encoder.flush())
