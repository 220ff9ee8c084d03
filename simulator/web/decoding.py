"""Bodies that come compressed: nobody asks for it, but servers do it, and never more is unpacked than is wanted."""

import zlib

GZIP_OR_ZLIB, RAW_DEFLATE = 47, -15  # zlib's window bits


class BadBody(Exception):
    """A body is not in the coding that its headers name."""


class Plain:
    """A body that comes as it is, or in a coding that is not known here."""

    def decode(self, data: bytes, most: int) -> bytes:
        """Decode the next part, at least `most` bytes of what it holds."""
        return data

    def finish(self) -> None:
        """Say that this was all; BadBody where more must follow."""


class Inflated(Plain):
    """A body in gzip or deflate."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(GZIP_OR_ZLIB)
        self._started = False

    def decode(self, data: bytes, most: int) -> bytes:
        """Unpack no more than `most` bytes; BadBody where this cannot be unpacked."""
        try:
            decoded = self._unpack(data, most)
        except zlib.error as error:
            raise BadBody(str(error)) from error
        self._started = True
        return decoded

    def _unpack(self, data: bytes, most: int) -> bytes:
        try:
            return self._zlib.decompress(data, most)
        except zlib.error:
            if self._started:
                raise
            self._zlib = zlib.decompressobj(RAW_DEFLATE)  # what some servers take deflate to be
            return self._zlib.decompress(data, most)

    def finish(self) -> None:
        """BadBody where the end is missing."""
        if self._started and not self._zlib.eof:
            raise BadBody("the body is cut off")


def find_decoder(coding: str) -> Plain:
    """Find what decodes a Content-Encoding."""
    return Inflated() if coding.strip().lower() in {"gzip", "x-gzip", "deflate"} else Plain()
