"""What a recording sounds like: speech is a soft hum whose syllables follow the words, keys are their true tones.

The sound is made where it is asked for, second by second, and is always the same: nothing is kept. Twilio's media are
16-bit PCM at 8 kHz, the inbound side on the left channel: https://www.twilio.com/docs/voice/api/recording
"""

import math
import re
import struct
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias
from zlib import crc32

from simulator.voice.recordings import Recording, Sound

Samples: TypeAlias = "array[int]"

RATE = 8000  # samples a second
WIDTH = 2  # bytes a sample
HEADER_SIZE = 44
LOUDEST = 32767
PITCHES = {True: (110.0, 123.5, 130.8, 146.8, 164.8), False: (196.0, 220.0, 233.1, 261.6, 293.7)}  # Hz: person, account
OVERTONES = ((1, 0.16), (2, 0.06), (3, 0.025))  # multiples of the pitch, and how loud
SPOKEN_SHARE = 0.8  # the rest of a word's time is the gap to the next one
LONGEST_SYLLABLE = 0.4  # seconds
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)  # Hz: ITU-T Q.23
KEYS = "123A456B789C*0#D"
TONE_SECONDS, KEY_SECONDS = 0.1, 0.2


def count_frames(recording: Recording) -> int:
    """Count the samples of each channel."""
    return round(recording.length * RATE)


def count_bytes(recording: Recording, channels: int) -> int:
    """Count the bytes of the WAV file."""
    return HEADER_SIZE + count_frames(recording) * channels * WIDTH


def write_header(frames: int, channels: int) -> bytes:
    """Write what a WAV file begins with."""
    size, block = frames * channels * WIDTH, channels * WIDTH
    form = struct.pack("<4sI4s", b"RIFF", HEADER_SIZE - 8 + size, b"WAVE")
    return form + struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, channels, RATE, RATE * block, block, WIDTH * 8, b"data", size)


def stream_wave(recording: Recording, channels: int, begin: int, end: int) -> Iterator[bytes]:
    """Make the bytes of the WAV file from one position up to another, a second at a time."""
    header = write_header(count_frames(recording), channels)
    if begin < HEADER_SIZE:
        yield header[begin:end]
    block = channels * WIDTH
    first, last = max(begin - HEADER_SIZE, 0), end - HEADER_SIZE
    for frame in range(first // block, -(-last // block), RATE):
        stop = min(frame + RATE, -(-last // block))
        data = mix(recording, channels, frame, stop).tobytes()
        yield data[max(first - frame * block, 0) : last - frame * block]


def mix(recording: Recording, channels: int, first: int, last: int) -> Samples:
    """Make the samples from one moment up to another: both sides in one channel, or each in its own."""
    if channels == 1:
        return _overlay(recording.sounds, first, last)
    samples = array("h", bytes((last - first) * channels * WIDTH))
    for channel, inbound in enumerate((True, False)):
        samples[channel::channels] = _overlay([each for each in recording.sounds if each.inbound is inbound], first, last)
    return samples


def _overlay(sounds: list[Sound], first: int, last: int) -> Samples:
    samples = array("h", bytes((last - first) * WIDTH))
    for sound in sounds:
        for start, piece in _pieces(sound, first, last):
            begin, end = max(start, first), min(start + len(piece), last)
            if begin >= end:
                continue
            heard, place = piece[begin - start : end - start], slice(begin - first, end - first)
            if any(samples[place]):
                pairs = zip(samples[place], heard, strict=True)
                heard = array("h", [max(-LOUDEST, min(LOUDEST, one + other)) for one, other in pairs])
            samples[place] = heard
    return samples


def _pieces(sound: Sound, first: int, last: int) -> Iterator[tuple[int, Samples]]:
    """Make the words or tones of a sound that are heard between two moments, each with its first sample."""
    parts = list(sound.text) if sound.kind == "digits" else sound.text.split() or [""]
    slot = max(sound.seconds / len(parts), KEY_SECONDS) if sound.kind == "digits" else sound.seconds / len(parts)
    if slot <= 0:
        return
    earliest = max(math.floor((first / RATE - sound.offset) / slot), 0)
    latest = min(math.ceil((last / RATE - sound.offset) / slot), len(parts))
    for index in range(earliest, latest):
        start = round((sound.offset + index * slot) * RATE)
        if sound.kind == "speech":
            yield start, hum_word(parts[index].lower(), slot, sound.inbound)
        elif parts[index] in KEYS:
            yield start, make_tone(parts[index])


def hum_word(word: str, seconds: float, inbound: bool) -> Samples:
    """Hum a word: a note for each of its syllables, which are its groups of vowels."""
    spoken = seconds * SPOKEN_SHARE
    syllables = max(len(re.findall("[aeiouyäöü]+", word)), math.ceil(spoken / LONGEST_SYLLABLE))
    scale, seed = PITCHES[inbound], crc32(word.encode("utf-8", "replace"))
    length = round(spoken / syllables * RATE)
    samples = array("h")
    for index in range(syllables):
        samples += make_note(scale[(seed >> index % 16) % len(scale)], length)
    return samples


@lru_cache(maxsize=256)
def make_note(pitch: float, length: int) -> Samples:
    """Make a note that swells and fades, so that nothing clicks."""
    note = array("h")
    for index in range(length):
        swell = math.sin(math.pi * index / length) ** 0.5 if 0 < index < length else 0.0
        edge = min(index, length - index, RATE // 100) / (RATE // 100)
        angle = 2 * math.pi * pitch * index / RATE
        note.append(round(LOUDEST * swell * edge * sum(loud * math.sin(times * angle) for times, loud in OVERTONES)))
    return note


@lru_cache(maxsize=len(KEYS))
def make_tone(key: str) -> Samples:
    """Make the two tones of a key."""
    row, column = divmod(KEYS.index(key), len(COLUMNS))
    length, ramp = round(TONE_SECONDS * RATE), RATE // 200
    tone = array("h")
    for index in range(length):
        edge = min(index, length - index, ramp) / ramp
        angle = 2 * math.pi * index / RATE
        tone.append(round(LOUDEST * 0.2 * edge * (math.sin(ROWS[row] * angle) + math.sin(COLUMNS[column] * angle))))
    return tone
