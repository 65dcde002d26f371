"""Where a storage is cut into shards, for several runs, which may be on several machines.

`--shard K/N` is the K-th of them. Which one reads a file its path alone says: whoever lists the
storage, and when, comes to the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct


class Shard(Struct, frozen=True):
    """One of so many shards; the first one is 1."""

    number: int
    of: int

    def has(self, path: bytes) -> bool:
        """Return whether the file at a path is read by this shard."""
        # A checksum such as a CRC is linear: of names that count up, it may leave shards empty.
        digest = hashlib.blake2b(path, digest_size=8).digest()
        return int.from_bytes(digest) % self.of == self.number - 1

    def among(self, paths: Sequence[bytes]) -> list[int]:
        """Return which of the paths it has, by their positions."""
        return [i for i, path in enumerate(paths) if self.has(path)]

    def others(self) -> list[Shard]:
        """Return all shards but this one."""
        numbers = range(1, self.of + 1)
        return [Shard(number, self.of) for number in numbers if number != self.number]

    def __str__(self) -> str:
        """Return it as on the command line: `2/4`."""
        return f"{self.number}/{self.of}"
