"""What is called how in a repository: one place knows the names."""

from __future__ import annotations

import hashlib
import re

#: What a name is made of: it means the same in every file system and bucket.
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9.-]*)*")
FORMAT_VERSION = 1
#: The lock of `prune`, which is no name of ours, and what it keeps from one run to the next.
LOCK = ".prune-lock"
PRUNE = "prune/"
#: Where the files of all snapshots lie.
SNAPSHOTS = "snapshots/"
PARTS = "parts/"
SCANS = "scans/"
FINISHED = "finished/"
FINDINGS = "findings/"
FOUND = "found/"
UNFINISHED = "unfinished/"
DOUBTED = "doubted/"
#: Where there is something once a scan was begun or a snapshot made, whatever `prune` removed.
KNOWLEDGE = (SCANS, SNAPSHOTS, FINDINGS, FINISHED, UNFINISHED)
#: The key by which `--redact` makes short hashes of names: 32 bytes, made when it is first wanted.
REDACTION = "redaction.key"
#: What a key is named with where nobody knows the location: a place that no location is like.
_BY_KEY = "key:"
_KEY = re.compile(r"[0-9a-f]{32}")


def is_name(text: str) -> bool:
    """Return whether a text can be a name: nothing in it leads elsewhere."""
    return _NAME.fullmatch(text) is not None


def part(sha256: str) -> str:
    """Return the name of a Parquet file by its own SHA-256, in hex."""
    return f"{PARTS}{sha256[:2]}/{sha256}.parquet"


def storage_key(place: str) -> str:
    """Return the key under which a storage's scans and findings lie: of its location.

    Not its id or name: the bytes are the same under another id, and on another platform.
    """
    if place.startswith(_BY_KEY):
        return place.removeprefix(_BY_KEY)
    return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def place_by(key: str) -> str:
    """Return what stands for the location with a key where nobody knows it; empty: it is none."""
    return f"{_BY_KEY}{key}" if _KEY.fullmatch(key) else ""


def scans(place: str) -> str:
    """Return where the records of a storage's finished scans lie: `<scan id>.json` each."""
    return f"{SCANS}{storage_key(place)}/"


def finished(place: str, scan: str = "") -> str:
    """Return where it is kept that a scan has ended: so a record that is gone is missed."""
    return f"{FINISHED}{storage_key(place)}/{scan}"


def unfinished(place: str, scan: str) -> str:
    """Return where a scan keeps the pieces that it has finished, until all of it is."""
    return f"{UNFINISHED}{storage_key(place)}/{scan}/"


def doubts(place: str) -> str:
    """Return how the names begin of what reports of the cloud doubt, and nobody has read yet.

    They outlast the scans of which they lie beside the pieces.
    """
    return f"{UNFINISHED}{storage_key(place)}/doubts-"


def doubted(place: str) -> str:
    """Return where it is kept that there are doubts: so those that are gone are missed."""
    return f"{DOUBTED}{storage_key(place)}/"


def snapshot(id: str, file: str = "snapshot.json") -> str:
    """Return the name of a file of a snapshot; `snapshot.json` is written last."""
    return f"{SNAPSHOTS}{id}/{file}"


def verified(id: str) -> str:
    """Return where `verify` keeps that a snapshot was verified: `snapshots.marks.Verified` as JSON.

    The last one verified is never pruned. Replaced by each later verification that agrees.
    """
    return snapshot(id, "verified.json")


def findings(place: str) -> str:
    """Return where what was found wrong with a storage is kept."""
    return f"{FINDINGS}{storage_key(place)}/"


def found(place: str, record: str = "") -> str:
    """Return where it is kept that there is a record of findings: so one that is gone is missed."""
    return f"{FOUND}{storage_key(place)}/{record}"
