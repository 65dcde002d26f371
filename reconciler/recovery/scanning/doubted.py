"""Marks that reports of the cloud doubt something, kept apart from what they doubt.

Doubts lie beside the pieces of unfinished scans, which look as if nobody needed them: whoever
removes them is to hear of it. So does who was given a report by which nobody has looked, since the
run ended before all was kept: what that report says is in no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from reconciler.errors import RepositoryError
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import is_listed
from reconciler.recovery.scanning import reasons
from reconciler.recovery.values import CloudReport

_GIVEN, _LISTED, _SUFFIX = "given-", "listed-", ".parquet"


def keep(repository: Repository, place: str, doubts: str) -> None:
    """Keep that there is a file of doubts, once it is there; raises `RepositoryError`."""
    repository.write(_mark_of(place, doubts), b"")


def remove(repository: Repository, place: str, doubts: str) -> None:
    """Remove a file of doubts, and first what says that there is one; raises `RepositoryError`."""
    repository.remove(_mark_of(place, doubts))
    repository.remove(doubts)


class Marks:
    """The marks of one storage, as they were when they were looked up."""

    def __init__(self, repository: Repository, place: str) -> None:
        """Look them up; raises `RepositoryError`."""
        self._repository, self._place = repository, place
        self._marks = list(repository.names(layout.doubted(place)))

    def lost(self) -> str:
        """Say which file of doubts is gone, though nobody has ended them; empty: none.

        Raises `RepositoryError`.
        """
        for mark in self._marks:
            name = _doubts_of(self._place, mark)
            # What is over meanwhile lost its mark first.
            if name and not self._is_there(name) and self._is_there(mark):
                return f"{name} is lost"
        return ""

    def not_looked(self, given: Iterable[CloudReport] = ()) -> str:
        """Say which reports no run came to, but for those that are `given` now; empty: none."""
        left = self._reports(_GIVEN) - self._reports(_LISTED)
        left -= {report.digest for report in given}
        return reasons.not_looked(sorted(left)) if left else ""

    def begin(self, given: Iterable[CloudReport]) -> None:
        """Keep that a run is given reports, until it has listed all; raises `RepositoryError`."""
        for digest in {report.digest for report in given} - self._reports(_LISTED):
            self._repository.write(_name(self._place, _GIVEN, digest), b"")

    def forget(self) -> None:
        """Miss no more what is lost, nor what no run has come to; raises `RepositoryError`."""
        for mark in self._marks:
            name = _doubts_of(self._place, mark)
            if not (name and self._is_there(name)):
                self._repository.remove(mark)

    def _reports(self, what: str) -> set[str]:
        start = _name(self._place, what, "")
        return {mark.removeprefix(start) for mark in self._marks if mark.startswith(start)}

    def _is_there(self, name: str) -> bool:
        return is_listed(self._repository, name)


def listed(repository: Repository, place: str, given: Iterable[CloudReport]) -> None:
    """Keep that all was held against reports: what they doubt is kept, or was read."""
    for report in given:
        name = _name(place, _GIVEN, report.digest)
        try:
            repository.remove(name)
        except RepositoryError:  # nothing may be removed
            with suppress(RepositoryError):
                repository.write(_name(place, _LISTED, report.digest), b"")


def _mark_of(place: str, doubts: str) -> str:
    return layout.doubted(place) + doubts.removeprefix(layout.doubts(place)).removesuffix(_SUFFIX)


def _doubts_of(place: str, mark: str) -> str:
    """Return the name of the doubts that a mark is of; empty: it is of a report."""
    name = mark.removeprefix(layout.doubted(place))
    if name.startswith((_GIVEN, _LISTED)):
        return ""
    return f"{layout.doubts(place)}{name}{_SUFFIX}"


def _name(place: str, what: str, digest: str) -> str:
    return f"{layout.doubted(place)}{what}{digest}"
