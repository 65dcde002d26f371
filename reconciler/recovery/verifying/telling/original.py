"""What is known to be wrong with a storage, held against a copy of it.

A snapshot may have the wrong bytes as well: a copy that agrees with it is not right for that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from msgspec.structs import replace

from reconciler.recovery.findings import history, store
from reconciler.recovery.findings.history import History, has_good_bytes, is_of_bytes
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.sides import Side
from reconciler.recovery.verifying.telling.means import Means


class Original:
    """Where a copy was made, or rather what is known of it."""

    def __init__(self, means: Means, place: str) -> None:
        """Read what was found wrong there; raises `RepositoryError`."""
        self._means, self._place = means, place
        known = store.read(means.repository, place)
        #: What of it is not known, in sentences.
        self.problems = known.problems
        #: What is known of each file there.
        self.known = history.of_each(known.episodes)

    def asked(self) -> dict[bytes, History]:
        """Return what is known of files that are wrong there, or were, by path."""
        each = ((known, known.last) for known in self.known.values())
        return {e.path: known for known, e in each if e and e.path and is_of_bytes(e)}

    def in_copy(
        self,
        asked: Mapping[bytes, History],
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
            row = rows.get(path)
            if side.lost.over(path) is None and not side.excluded(path):
                finding = asked[path].in_copy(row)
                if finding is not None:
                    told.append(replace(finding, storage=storage, place=place))
        over = {f.path: last for f in told if (last := asked[f.path].last) and last.resolved}
        now = self._means.last_rows(self._place, over) or {}
        good = {path for path, last in over.items() if has_good_bytes(last, now.get(path))}
        return [f for f in told if f.path not in over or f.path in good]
