"""Damage that was over and has come back, as where a mirror that had it is copied back.

Its file has another time then than the one before, and looks like a file that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.recovery.findings import episodes
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import READ, Content
from reconciler.recovery.values import DAMAGED, FileFinding, Scan
from reconciler.recovery.verifying.comparing.classify import same_bytes
from reconciler.recovery.verifying.recorded import look, of_scan


def damaged(repository: Repository, scan: Scan, known: Iterable[FileFinding]) -> list[FileFinding]:
    """Return the files that are, by bytes and time, as they were found damaged before a scan.

    That was over, and nobody had accepted it. Raises `RepositoryError`, `SnapshotError`.
    """
    over = {each.path: each for each in known if _is_over(each)}
    if not over or not scan.counts.proofs.get(READ):  # what was not read is what it was
        return []
    now = look(repository, of_scan(scan), over)
    return [
        FileFinding(DAMAGED, scan.name, scan.place, path, over[path].was, row)
        for path, row in sorted(now.items())
        if _is_again(over[path], row)
    ]


def _is_over(episode: FileFinding) -> bool:
    return bool(episode.resolved) and episode.what == DAMAGED and not episode.about


def _is_again(episode: FileFinding, row: Content) -> bool:
    was, wrong = episode.was, episode.now
    if was is None or wrong is None or wrong.sha256 is None or wrong.mtime_ns is None:
        return False
    if (row.sha256, row.mtime_ns) != (wrong.sha256, wrong.mtime_ns):
        return False
    return same_bytes(was, row) is False and not episodes.is_accepted(episode, row)
