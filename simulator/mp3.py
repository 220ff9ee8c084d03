"""Recordings as MP3, which Twilio serves beside WAV: applications ask for it by adding .mp3 to the address."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO

import lameenc

from simulator import voice
from simulator.recordings import Recording

KILOBITS = {1: 24, 2: 48}
FAST = 7
CHUNK = 64 * 1024


def encode_recording(recording: Recording, channels: int) -> IO[bytes]:
    """Write a recording as MP3 into a file that goes away when it is closed; an hour takes about 4 seconds."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(KILOBITS[channels])
    encoder.set_in_sample_rate(voice.RATE)
    encoder.set_channels(channels)
    encoder.set_quality(FAST)
    file = TemporaryFile()  # noqa: SIM115 - whoever asked for it closes it
    for samples in voice.stream_wave(recording, channels, voice.HEADER_SIZE, voice.count_bytes(recording, channels)):
        file.write(encoder.encode(samples))
    if voice.count_frames(recording):
        file.write(encoder.flush())
    return file


def stream_file(file: IO[bytes], begin: int, end: int) -> Iterator[bytes]:
    """Read a part of a file, piece by piece."""
    file.seek(begin)
    while begin < end and (data := file.read(min(CHUNK, end - begin))):
        begin += len(data)
        yield data
