"""What is known to be wrong with a storage, held against a copy of it.

A snapshot may have the wrong bytes as well: a copy that agrees with it is not right for that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from reconciler.errors import SnapshotError
from reconciler.recovery import values
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.episodes import NEEDS_PROOF, Key
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import DELETED, PROVEN, Content
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.classify import same_bytes
from reconciler.recovery.verifying.comparing.sides import Side
from reconciler.recovery.verifying.recorded import look, of_scan
from reconciler.recovery.verifying.telling.apart import has_good_bytes, was_wrong


class Original:
    """Where a copy was made, or rather what is known of it."""

    def __init__(self, repository: Repository, lasts: LastRecords, place: str) -> None:
        """Read what was found wrong there; raises `RepositoryError`."""
        self._repository, self._lasts, self._place = repository, lasts, place
        known = store.read(repository, place)
        #: What of it is not known, in sentences.
        self.problems = known.problems
        #: What is wrong there, or else was last.
        self.known: dict[Key, FileFinding] = {
            **episodes.over_last(known.episodes),
            **episodes.open_ones(known.episodes),
        }

    def asked(self) -> dict[bytes, FileFinding]:
        """Return what is known of files that are wrong there, or were, by path."""
        each = self.known.values()
        return {e.path: e for e in each if e.what in NEEDS_PROOF and e.path and not e.about}

    def in_copy(
        self,
        asked: dict[bytes, FileFinding],
        side: Side,
        rows_of: Callable[[Collection[bytes]], dict[bytes, Content]],
        storage: str,
        place: str,
    ) -> list[FileFinding]:
        """Return what of `asked` is wrong with the copy, too, which lies at `place`.

        `side` and `rows_of` say what is there. Raises `RepositoryError`, `SnapshotError`.
        """
        rows, told = rows_of(asked) if asked else {}, []
        for path in sorted(asked):
            known, row = asked[path], rows.get(path)
            if side.lost.over(path) is None and not side.excluded(path):
                what = _what(known, row)
                if what:
                    told.append(FileFinding(what, storage, place, path, known.was, row))
        good = self._good_again([asked[f.path] for f in told if asked[f.path].resolved])
        return [f for f in told if not asked[f.path].resolved or f.path in good]

    def _good_again(self, over: Collection[FileFinding]) -> set[bytes]:
        """Return the paths of files that have their good bytes, as the last scan there says."""
        try:
            last = self._lasts.of(self._place) if over else None
            if last is None:
                return set()
            now = look(self._repository, of_scan(last), {known.path for known in over})
        except SnapshotError:
            return set()
        return {known.path for known in over if has_good_bytes(known, now.get(known.path))}


def _what(known: FileFinding, row: Content | None) -> str:
    """Return as what a copy of a file is wrong as the file is `known` to be; empty: it is not."""
    if row is None or row.kind == DELETED:
        is_gone = known.what in (values.MISSING, values.DELETED)
        return values.MISSING if is_gone and not episodes.is_settled(known) else ""
    if row.proof not in PROVEN or episodes.is_accepted(known, row) or known.was is None:
        return ""
    is_wrong = same_bytes(known.was, row) is False and was_wrong(known, row)
    return values.DAMAGED if is_wrong else ""
