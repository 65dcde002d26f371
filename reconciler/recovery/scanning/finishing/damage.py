"""Damage that was read, kept as a finding before anything else is done.

Whoever touches a rotten file after a scan was killed makes it look like one that was written: only
the scan that read it can tell. What is kept is a small record of what was found since the last one;
the end of the run puts them together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.episodes import Key
from reconciler.recovery.findings.states import same_state
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.means import Here
from reconciler.recovery.values import DAMAGED, FileFinding, Target


class Damage:
    """Keeps what is found damaged of one storage; nothing is read or written while nothing is."""

    def __init__(
        self, repository: Repository, target: Target, here: Here, prove: Callable[[], object]
    ) -> None:
        """Take what proves once more that what was read is the storage."""
        self._repository = repository
        self._target = target
        self._here = here
        self._prove = prove
        #: What was open when the first damage was found.
        self._lasting: dict[Key, FileFinding] | None = None
        #: Which scans had told then.
        self._told: tuple[str, ...] = ()

    def keep(self, rotten: Sequence[tuple[Content, Content]]) -> None:
        """Keep files as they should be and as they are, but for what is known already.

        Raises `UnreachableError` if the root is not proved: then it may be of another storage. That
        it can't be kept is no error here: the end of the run tries it again, and tells.
        """
        self._prove()
        with contextlib.suppress(RepositoryError):
            self._keep(rotten)

    def _keep(self, rotten: Sequence[tuple[Content, Content]]) -> None:
        if self._lasting is None:
            known = store.read(self._repository, self._target.place)
            self._lasting = episodes.open_ones(known.episodes)
            self._told = () if known.records else store.NO_SCANS
        name, place = self._target.name, self._target.place
        each = (FileFinding(DAMAGED, name, place, now.path, good, now) for good, now in rotten)
        found = {episodes.key(finding): finding for finding in each if not self._knows(finding)}
        if not found:
            return
        before = [self._lasting[known] for known in found if known in self._lasting]
        now = self._here.now()
        moment = timestamp(now, "milliseconds")
        after = episodes.observed(before, found, moment, lambda _: False, moment)
        store.keep(self._repository, place, after, store.Known(), now, told_scans=self._told)

    def _knows(self, finding: FileFinding) -> bool:
        known = (self._lasting or {}).get(episodes.key(finding))
        if known is None:
            return False
        # Where what should be was lost, the rotten bytes were taken for the good ones.
        is_good = known.was is not None and same_state(known.was, finding.now)
        told = known.what == DAMAGED and same_state(known.now, finding.now)
        return is_good or told
