"""gzip for answers: whole ones, and streams as they go."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

#: Answers smaller than this, in bytes, are not worth the work.
WORTHWHILE = 1024
#: Of zlib's levels the one past which JSON hardly gets smaller, and work grows fast.
_LEVEL = 4
_GZIP = 31


def gzipped(body: bytes) -> bytes:
    """Compress a whole body."""
    return b"".join(gzip_stream([body]))


def gzip_stream(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress chunks; what comes out is cut elsewhere than what goes in."""
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if pressed := press.compress(chunk):
            yield pressed
    yield press.flush()
