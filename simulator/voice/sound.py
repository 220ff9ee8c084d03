"""How long a sound file lasts."""

import struct


def wave_seconds(head: bytes) -> float | None:
    """Read the length from the header of a WAV file, of which the beginning is enough; None for anything else."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    position, byte_rate = 12, 0
    while position + 8 <= len(head):
        name = head[position : position + 4]
        (size,) = struct.unpack_from("<I", head, position + 4)
        if name == b"fmt " and position + 20 <= len(head):
            (byte_rate,) = struct.unpack_from("<I", head, position + 16)
        if name == b"data":
            return size / byte_rate if byte_rate else None
        position += 8 + size + size % 2
    return None
