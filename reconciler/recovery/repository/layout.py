"""What is called how in a repository: one place knows the names."""

from __future__ import annotations

import hashlib

#: Says that this is a repository, which one, and of which format; written first.
MARKER = "reconciler-repository.json"
FORMAT_VERSION = 1


def part(sha256: str) -> str:
    """Return the name of a Parquet file by its own SHA-256, in hex."""
    return f"parts/{sha256[:2]}/{sha256}.parquet"


def storage_key(place: str) -> str:
    """Return the key under which a storage's scans and findings lie: of its location.

    Not its id or name: the bytes are the same under another id, and on another platform.
    """
    return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def scans(place: str) -> str:
    """Return where the records of a storage's finished scans lie: `<scan id>.json` each."""
    return f"scans/{storage_key(place)}/"


def unfinished(place: str, scan: str) -> str:
    """Return where a scan keeps the pieces that it has finished, until all of it is."""
    return f"unfinished/{storage_key(place)}/{scan}/"


def snapshot(id: str, file: str = "snapshot.json") -> str:
    """Return the name of a file of a snapshot; `snapshot.json` is written last."""
    return f"snapshots/{id}/{file}"


def findings(place: str) -> str:
    """Return where what was found wrong with a storage is kept."""
    return f"findings/{storage_key(place)}/"
