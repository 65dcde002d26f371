"""What is told of a storage after it was compared: dates from earlier runs, and how much of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError
from reconciler.recovery.findings import episodes as over_time
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import Key, key
from reconciler.recovery.findings.history import is_of_bytes, is_over, of_each
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying.comparing.classify import LEFT_OUT
from reconciler.recovery.verifying.comparing.spool import Spool, Spooled
from reconciler.recovery.verifying.earlier import CameFirst
from reconciler.recovery.verifying.results import StorageVerified
from reconciler.recovery.verifying.telling import forgotten
from reconciler.recovery.verifying.telling.apart import Apart
from reconciler.recovery.verifying.telling.firsts import MOST_TOLD, First
from reconciler.recovery.verifying.telling.means import Means, Present
from reconciler.recovery.verifying.telling.original import wrong_in_copy


class Concluded:
    """The findings of one storage, held against what earlier runs found."""

    def __init__(
        self,
        place: str,
        means: Means,
        present: Present | None,
        original: str = "",
        about: str = "",
        came_first: CameFirst | None = None,
        *,
        is_copy: bool = False,
    ) -> None:
        """Without `present` the comparison says nothing of today, and nothing is kept of it.

        What was lay at the place `original`, if not at the same, of which this may be a copy, or
        the storage itself, moved since; `came_first` knows what lay there before. What is told is
        `about` what `Present.about` says, if there is one.
        """
        self._came_first = came_first
        self._is_copy = is_copy
        self._place = place
        self._about = present.about if present else about
        self._original = original or place
        self._means = means
        self._present = present
        self.notes: list[str] = []

    def conclude(
        self, so_far: StorageVerified, findings: Callable[[], Iterable[Spooled]]
    ) -> StorageVerified:
        """Return what is told: `findings` with their dates, and what became of earlier ones.

        Raises `RepositoryError` if what is known can't be read; that it can't be kept is a note.
        """
        means = self._means
        known = store.read(means.repository, self._place)
        lost = forgotten.sentences(means.repository, means.lasts, self._place, known)
        self.notes += lost
        before = over_time.open_ones(known.episodes)
        if self._present is None:
            told = self._told(so_far, First.of(findings()), findings, {}, Apart({}))
            known_before = [e for e in before.values() if e.about in ("", self._about)]
            return replace(self._with_silent(told, known_before), forgotten=bool(lost))
        moved = self._original != self._place
        there = store.read(means.repository, self._original) if moved else store.Known()
        self.notes += there.problems
        known_there = of_each(there.episodes)
        apart = Apart(of_each(known.episodes, known_there), self._came_first)
        with Spool() as rest:
            apart.part(findings(), rest)
            if self._is_copy:
                wrong = wrong_in_copy(means, self._original, known_there, rest, self._present)
                here = (replace(f, storage=so_far.storage, place=self._place) for f in wrong)
                apart.also(here, rest)
                lost += there.problems
            told = self._concluded(so_far, self._present, known, apart, rest)
        return replace(told, forgotten=bool(lost))

    def _concluded(
        self,
        so_far: StorageVerified,
        present: Present,
        known: store.Known,
        apart: Apart,
        rest: Spool,
    ) -> StorageVerified:
        """Keep, and return, what is told of the `rest` of the findings: others are set apart."""
        before = over_time.open_ones(known.episodes)

        def findings() -> Iterator[Spooled]:
            return iter(rest)

        first = First.of(findings())
        found = first.by_key
        new = {k: f for k, f in found.items() if k not in before}
        over_since = self._over_since(present, new)
        lasting_now = {k: f for k, f in found.items() if k not in over_since}
        ended = self._ended(present, before, found, apart)
        now = timestamp(self._means.clock(), "milliseconds")
        after = over_time.observed(
            known.episodes, lasting_now, present.moment, ended, now, is_compared=True
        )
        after = [apart.turned(e) if e.resolved == present.moment else e for e in after]
        self._keep(after, known, first.no_room)
        lasting = over_time.open_ones(after)
        told = self._told(so_far, first, findings, lasting, apart)
        about, moment = self._about, present.moment
        # With `deep` the scan itself has seen it, and kept that.
        over = [e for e in after if e.resolved == moment and e.about == about]
        silent = self._silent(lasting, found, moment, apart)
        return replace(
            self._with_silent(told, silent),
            resolved=tuple(map(self._redacted, over[:MOST_TOLD])),
            resolved_count=len(over),
        )

    def _silent(
        self,
        lasting: Mapping[Key, FileFinding],
        found: Mapping[Key, FileFinding],
        moment: str,
        apart: Apart,
    ) -> list[FileFinding]:
        """Return what lasts, and is not told by what was `found` of this moment."""
        about = self._about
        # What was accepted, and lasts as it was then, is counted where it was found.
        accepted = {k for k, finding in found.items() if apart.is_accepted(finding)}
        rest = {k: e for k, e in lasting.items() if not (k in accepted and over_time.is_settled(e))}
        return [
            e
            for k, e in rest.items()
            if (e.about == about and (k not in found or over_time.outlasts(e, found[k])))
            # It was accepted as it was then; what it came to since, nobody has.
            or (k in accepted and e.last_seen > moment)
            # Records that agree say nothing of a file that is known to be wrong.
            or (about and not e.about and e.what in over_time.NEEDS_PROOF)
        ]

    def _over_since(self, present: Present, found: dict[Key, FileFinding]) -> set[Key]:
        """Return what was `found` of the past, and is over as the last scan of the place says."""
        asked = {k: f for k, f in found.items() if is_of_bytes(f)}
        paths = {finding.path for finding in asked.values()}
        now = self._means.last_rows(self._place, paths, present.moment)
        if now is None:
            return set()
        of_then = ((k, replace(f, last_seen=present.moment)) for k, f in asked.items())
        return {each for each, finding in of_then if is_over(finding, now.get(finding.path))}

    def _with_silent(self, told: StorageVerified, silent: Iterable[FileFinding]) -> StorageVerified:
        """Add what lasts, of which this run says nothing."""
        accepted: list[FileFinding] = []
        rest: list[FileFinding] = []
        for episode in silent:
            (accepted if over_time.is_settled(episode) else rest).append(episode)
        needing = [e for e in rest if e.what in over_time.NEEDS_PROOF]
        table = self._means.table
        for episode in (*needing, *accepted) if table is not None else ():
            if table is not None:
                table.add(self._redacted(episode))
        return replace(
            told,
            still_open=len(rest),
            still_open_since=min((e.first_seen for e in rest), default=""),
            still_open_of=dict(sorted(Counter(e.what for e in rest).items())),
            lasts=dict(sorted(Counter(e.what for e in needing).items())),
            lasting=tuple(map(self._redacted, needing[:MOST_TOLD])),
            accepted=(*told.accepted, *map(self._redacted, accepted[:MOST_TOLD])),
            accepted_count=told.accepted_count + len(accepted),
        )

    def _told(
        self,
        so_far: StorageVerified,
        first: First,
        findings: Callable[[], Iterable[Spooled]],
        lasting: dict[Key, FileFinding],
        apart: Apart,
    ) -> StorageVerified:
        def told(spooled: Spooled) -> FileFinding:
            return self._redacted(self._dated(spooled, lasting))

        table = self._means.table
        for spooled in findings() if table is not None else ():
            if table is not None:
                table.add(told(spooled))
        open_ones = first.told(lambda finding: not apart.is_accepted(finding))
        redaction = self._means.redaction
        return replace(
            so_far,
            was=redaction.taken(so_far.was) if redaction else so_far.was,
            now=redaction.taken(so_far.now) if redaction else so_far.now,
            found=apart.rest_of(so_far.found),
            findings=tuple(told(Spooled(finding, listed=True)) for finding in open_ones),
            accepted=tuple(
                told(Spooled(finding, listed=True)) for finding in first.told(apart.is_accepted)
            ),
            accepted_count=apart.accepted.total(),
            restored=apart.restored,
            counted=tuple(told(Spooled(finding, listed=False)) for finding in first.counted),
            notes=(*so_far.notes, *self.notes),
        )

    def _dated(self, spooled: Spooled, lasting: dict[Key, FileFinding]) -> FileFinding:
        moment = self._present.moment if self._present else ""
        finding, listed = spooled
        since = lasting.get(key(finding)) if listed else None
        if since is None:
            return replace(finding, first_seen=moment, last_seen=moment)
        return replace(
            finding,
            first_seen=since.first_seen,
            last_seen=since.last_seen,
            accepted=_accepted(since, finding),
        )

    def _keep(self, after: list[FileFinding], known: store.Known, more: int) -> None:
        means, now = self._means, self._means.clock()
        try:
            no_room = store.keep(means.repository, self._place, after, known, now, no_room=more)
        except RepositoryError as error:
            self.notes.append(f"since when things are wrong could not be kept: {error}")
            return
        if no_room > known.no_room:  # else it was told already
            self.notes.append(
                f"of {no_room:,} findings is not kept since when they last: there are too many"
            )

    def _ended(
        self,
        present: Present,
        before: dict[Key, FileFinding],
        found: dict[Key, FileFinding],
        apart: Apart,
    ) -> Callable[[FileFinding], bool]:
        """Return what says of an earlier finding, not found again, whether it is proved over."""
        to_prove = [f for k, f in before.items() if k not in found and f.about == present.about]
        wanted = {f.path for f in to_prove if f.what in over_time.NEEDS_PROOF}
        now = present.look(wanted) if wanted else {}

        def ended(finding: FileFinding) -> bool:
            if finding.about != present.about or present.side.lost.over(b"") is not None:
                return False
            path = finding.path
            if not path:  # it was about many files, or the storage
                return not (present.side.is_partial and finding.reason == LEFT_OUT)
            if present.side.lost.over(path) is not None or present.side.excluded(path):
                return False
            if key(finding) in apart.mistaken:
                return True
            return finding.what not in over_time.NEEDS_PROOF or is_over(finding, now.get(path))

        return ended

    def _redacted(self, finding: FileFinding) -> FileFinding:
        return self._means.redaction.finding(finding) if self._means.redaction else finding


def _accepted(since: FileFinding, finding: FileFinding) -> Accepted | None:
    """Return that a person has accepted a file as it is, or what somebody has withdrawn of it."""
    accepted = since.accepted
    if accepted is not None and accepted.withdrawn:
        return accepted
    return accepted if over_time.is_accepted(since, finding.now) else None
