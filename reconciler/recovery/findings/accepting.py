"""Findings that a person accepts: they last, and count no more as long as the file stays so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import SnapshotError, UsageError
from reconciler.printable import quoted
from reconciler.recovery import paths
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import (
    NEEDS_PROOF,
    is_accepted,
    is_settled,
    key,
    open_ones,
)
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.walking.exclusions import Exclusions


class Acceptance(Struct, frozen=True):
    """What came of it."""

    storage: str
    #: What was accepted; or is to be, as long as nobody has agreed.
    findings: tuple[FileFinding, ...]
    #: How many files were something else again when somebody agreed, and were left alone.
    changed: int = 0
    #: How many of those that are meant were accepted before, as they are.
    before: int = 0


def to_accept(
    repository: Repository, place: str, storage: str, wanted: Sequence[str], why: str = ""
) -> Acceptance:
    """Return what can be accepted of the storage at a location: it lasts, and needs proof.

    What was accepted before is meant as well if nobody said why, and now there is a `why`.
    `wanted` are paths, as reports show them, and globs; without any all is meant. Raises
    `UsageError` for one that fits nothing, `SnapshotError` if not all findings can be read,
    `RepositoryError`.
    """
    kept = store.read(repository, place)
    if kept.damaged:
        raise SnapshotError(f"nothing is accepted while not all is known: {kept.damaged[0]}")
    known = open_ones(kept.episodes)
    lasting = [e for e in known.values() if e.what in NEEDS_PROOF]
    waiting = [e for e in lasting if not is_settled(e) or (why and _without_reason(e))]
    if not wanted:
        return Acceptance(storage, tuple(waiting), before=len(lasting) - len(waiting))
    found, before = {}, set()
    for text in wanted:
        these = _fitting(text, lasting)
        if not these:
            raise UsageError(
                f"{quoted(text)} fits no file of {quoted(storage)} that was found damaged, missing "
                "or deleted, and still is: `verify` shows them. What has changed on purpose needs "
                "no more than a new snapshot"
            )
        found.update({key(e): e for e in these if e in waiting})
        before |= {key(e) for e in these if e not in waiting}
    return Acceptance(storage, tuple(found[known] for known in sorted(found)), before=len(before))


def accept(
    repository: Repository, place: str, shown: Acceptance, said: Accepted, moment: datetime
) -> Acceptance:
    """Keep that somebody has accepted what was `shown`, as far as it is still so.

    `said` has who and why. Raises `RepositoryError`.
    """
    said = replace(said, at=timestamp(moment, "milliseconds"))
    known = store.read(repository, place)
    wanted = {key(finding): finding for finding in shown.findings}
    done, after = [], []
    for episode in known.episodes:
        was = None if episode.resolved else wanted.get(key(episode))
        as_shown = replace(was, accepted=replace(said, now=was.now)) if was else None
        if as_shown and is_accepted(as_shown, episode.now):
            done.append(replace(episode, accepted=as_shown.accepted))
            after.append(done[-1])
        else:
            after.append(episode)
    if done:
        store.keep(repository, place, after, known, moment)
    return replace(shown, findings=tuple(done), changed=len(wanted) - len(done))


def _without_reason(episode: FileFinding) -> bool:
    return episode.accepted is not None and not episode.accepted.why


def _fitting(text: str, findings: Iterable[FileFinding]) -> list[FileFinding]:
    """Return the findings of a path; of those that a glob means if there is none."""
    every = list(findings)
    try:
        path = paths.read(text)
    except ValueError:  # a glob may have a backslash for itself
        path = b""
    exact = [finding for finding in every if finding.path == path]
    covers = Exclusions((text,)).covers
    return exact or [finding for finding in every if covers(finding.path)]
