"""What a watch tells of storages, proofs and runs beside what is wrong: plain values, bounded.

Their text is fit for JSON, and addresses in them are masked; but for `place`, by which scans of a
storage are kept: nobody is told that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

#: How a storage stands towards the manifest, where it is none of the ways in which one differs:
#: as declared; live, declared nowhere, and that is allowed; the platform manages it itself.
DECLARED, LEFT_ALONE, UNMANAGED = "declared", "left_alone", "unmanaged"
#: Declared, and not live.
MISSING = "missing"


class Proof(Struct, frozen=True):
    """What the scans know of the files of one storage."""

    #: Its location, by which scans are kept.
    place: str
    #: The cycle in which each byte is to be proved, in seconds; 0 if it has no objective.
    every: int
    #: When the last scan ended; empty: there was none. Then nothing below is known.
    scanned_at: str = ""
    #: None: nobody knows.
    files: int | None = None
    bytes: int | None = None
    #: How many of the files were proved within the cycle; how many of these by reports of the
    #: cloud alone, which nobody has read here.
    proved: int | None = None
    attested: int | None = None
    #: When the file was proved whose proof is the oldest; empty: none was.
    oldest: str = ""
    #: `proved`, `wrong`, `not_proved`.
    verdict: str = ""
    #: What keeps it from being proved, in a few words each.
    reasons: tuple[str, ...] = ()


class Storage(Struct, frozen=True):
    """One storage that is live in scope, or declared."""

    name: str
    label: str
    type: str
    #: Its URL, without secrets.
    location: str
    #: By which scans of it are kept; empty: by none.
    place: str
    #: `DECLARED`, `LEFT_ALONE`, `UNMANAGED`, or in which way it differs, as conditions name it.
    standing: str
    #: The id that the platform gave it; empty where it is not live.
    id: str = ""
    #: None: no scan has told of it yet.
    proof: Proof | None = None


class Side(Struct, frozen=True):
    """One field of a storage that differs: as it is live, and as it is declared."""

    field: str
    #: None: it is not live, or not declared.
    live: str | None = None
    declared: str | None = None


class Difference(Struct, frozen=True):
    """In what a storage is not as declared."""

    #: As its condition names it.
    kind: str
    name: str
    #: The live name, where it would get another; empty otherwise.
    was: str = ""
    sides: tuple[Side, ...] = ()


class Finding(Struct, frozen=True):
    """One file that is not what it was, and that nobody has accepted so."""

    storage: str
    #: As it can be printed.
    path: str
    what: str
    since: str
    #: The command that tells its story; empty: without a snapshot there is none.
    explain: str


class Removal(Struct, frozen=True):
    """A storage that a run has removed, as far as its journal tells."""

    name: str
    #: How it ended: `done`, `failed`, …
    status: str
    label: str = ""
    location: str = ""


class Run(Struct, frozen=True):
    """One run: when, by whom, and what came of it."""

    run: str
    #: `ended`, `killed_or_running`, `recorded`.
    state: str
    started_at: str
    ended_at: str
    exit: int | None
    actor: str
    host: str
    commit: str
    #: The address of the job, without secrets.
    job: str
    #: What it has done, in a few words.
    done: str
    #: The first of what it has removed, and how many it has removed in all.
    removals: tuple[Removal, ...] = ()
    removed: int = 0
    #: What is wrong with its journal, in words; empty if nothing is.
    damage: str = ""


class Survey(Struct, frozen=True):
    """What a look has seen: all of it, also what is as it should be."""

    storages: tuple[Storage, ...]
    differences: tuple[Difference, ...] = ()
    #: The newest runs, newest first.
    #: None: they can't be read.
    runs: tuple[Run, ...] | None = ()


def with_proofs(storages: Iterable[Storage], proofs: Mapping[str, Proof]) -> tuple[Storage, ...]:
    """Return storages, each with what scans know of its place."""
    return tuple(
        one if one.proof is proofs.get(one.place) else replace(one, proof=proofs.get(one.place))
        for one in storages
    )
