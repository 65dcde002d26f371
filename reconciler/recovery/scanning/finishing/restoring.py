"""What files should be, found again where a part that said so was lost, or was never known.

It is worked out from what is left: the scan before, the findings, and the part itself once somebody
has restored it. Until all is known again, each scan says of which one something is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import NEEDS_PROOF, open_ones
from reconciler.recovery.findings.states import EITHER, OLDER
from reconciler.recovery.parts import convert, merge, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.repository import sound
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import ARCHIVED, CONTENT_COLUMNS, FILE, Content, Rows
from reconciler.recovery.scanning.finishing import knowing, remembering
from reconciler.recovery.scanning.finishing.away import Away, away
from reconciler.recovery.scanning.finishing.displaced import Displaced, once, path_beside, path_of
from reconciler.recovery.scanning.finishing.hiding import Hidden, hidden_by, listed
from reconciler.recovery.scanning.finishing.moved import with_details
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.earlier import contents_of
from reconciler.recovery.scanning.known.last_rows import Last, before, opened_of
from reconciler.recovery.values import DAMAGED, FileFinding, Scan

#: Of what the bytes may be known, here or by a report of the cloud.
_READ = (FILE, ARCHIVED)


def restored(
    repository: Repository,
    last: Last,
    apart: Sequence[str],
    folder: Path,
    opened: ExitStack,
    catch_up: Callable[[str], None],
) -> Last:
    """Return the last scan with what is known again of what was lost, written into `folder`.

    And with what scans know that were made `apart` from it. Its `lost` are then those of which
    something is still not known. `catch_up` keeps what killed scans of a place have found: of one
    that had lost its part that goes only once the part is there. Raises `RepositoryError`.
    """
    missed = list(dict.fromkeys([*last.lost, *apart]))
    if not missed:
        return last
    restoring = _Restoring(repository, last, folder, opened)
    lost = tuple(id for id in missed if not restoring.known_again(id))
    catch_up(last.scan.place)
    return last._replace(remembered=restoring.remembered(), lost=lost)


def still_lost(repository: Repository, lost: Sequence[str], now: Scan) -> list[str]:
    """Return the scans of which something is lost, once the parts of a scan are kept.

    One that had the very same parts knew nothing else: they are there again. Raises
    `RepositoryError`.
    """
    scans = record.whole(repository, now.place)
    same = {
        scan.id
        for scan in scans
        if scan.contents == now.contents and scan.remembered in ("", now.remembered)
    }
    return [id for id in lost if id not in same]


class _Restoring:
    """Looks for what files should be."""

    def __init__(self, repository: Repository, last: Last, folder: Path, opened: ExitStack) -> None:
        self._repository, self._last = repository, last
        self._folder, self._opened = folder, opened
        self._scans = record.whole(repository, last.scan.place)
        self._found: list[Path] = []
        #: When each file of those was there last, and what is remembered of it since (`Away`): by
        #: how it is named beside others.
        self._went: dict[bytes, tuple[str, bytes]] = {}

    def known_again(self, id: str) -> bool:
        """Take what a scan knew that the last one has otherwise; False if not all is known."""
        if id == self._last.scan.id:
            return self._made_anew()
        scan = next((scan for scan in self._scans if scan.id == id), None)
        # What nobody has told yet has gone after all that was.
        known = self._take(scan, timedelta(milliseconds=1)) if scan else None
        return known is not None and id not in known.lost

    def remembered(self) -> Path | None:
        """Return what files should be, of all that was found; the findings know it best."""
        last = self._gone_since()
        paths = [*self._found, *filter(None, [last])]
        paths += filter(None, [self._found_wrong(paths)])
        if paths in ([], [last]):
            return last
        displaced, there = Displaced(), contents_of(self._last.contents)
        for at, path in enumerate(paths):
            later = [contents_of(each) for each in paths[at + 1 :]]
            for rows in read.batches(path, CONTENTS):
                for each in later:
                    displaced.take(rows, each.beside(rows["path"]))

        def joined() -> Iterator[pa.RecordBatch]:
            for rows in merge.joined([read.batches(path, CONTENTS) for path in paths]):
                # Nothing takes the row of what the last scan saw there.
                yield rows.filter(pc.invert(displaced.take(rows, there.beside(rows["path"]))))

        # What was known to be missed when the last scan ended was missed before.
        every = displaced.joined(self._written(joined()), self._folder, is_newer=False)
        return once(every, self._folder).path

    def _written(self, batches: Iterable[pa.RecordBatch]) -> Written:
        with PartWriter(self._folder, CONTENTS) as writer:
            for batch in batches:
                writer.write(batch)
            return writer.finish()

    def _made_anew(self) -> bool:
        """Make what the last scan remembers from what the one before knew, as it did itself."""
        last = self._last.scan
        earlier = next(before(self._scans, last), None)
        known = self._take(earlier) if earlier else None
        if known is None or known.scan.id != last.after or known.scan.id in known.lost:
            return False
        # What the scan's own earlier runs had read can't be made anew.
        if self._made is None or self._made.sha256 != last.remembered:
            return False
        sound.keep(self._repository, self._made.sha256, self._made.path)
        return True

    def _take(self, scan: Scan, later: timedelta = timedelta()) -> Last | None:
        """Take what a scan knew and the last one has otherwise; None if it can't be read.

        What is gone went when the last one ended, or so much `later`.
        """
        self._made: Written | None = None
        try:
            known = opened_of(self._repository, scan, self._opened)
        except SnapshotError:
            return None
        now = self._last.scan
        moment = datetime.fromisoformat(now.ended_at) + later
        contents = self._last.contents
        hidden = hidden_by(now.excluded, now.unproved, listed(contents))
        self._made = remembering.remember(
            knowing.of_scan(known), contents, self._folder, moment, hidden
        )
        if self._made:
            self._found.append(self._made.path)
            self._note(self._made.path, scan, hidden)
        return known

    def _note(self, made: Path, scan: Scan, hidden: Hidden) -> None:
        """Note when what a scan knew was there last, and whether it went then, or can't be seen."""
        by_end, by_id = ({getattr(s, of): s for s in self._scans} for of in ("ended_at", "id"))
        for rows in read.batches(made, CONTENTS):
            for one in convert.contents(rows):
                was, since = away(one.detail), away(one.detail).since.decode()
                if was.is_missed:
                    found = by_end.get(since)
                    before = by_id.get(found.after) if found else scan
                    there = before.ended_at if before else since
                    went = there, Away(was.since, is_gone=True).detail
                elif hidden(one.path):
                    went = scan.ended_at, was.detail
                else:
                    continue
                self._went[path_beside(one)] = max(went, self._went.get(path_beside(one), went))

    def _was_back(self, one: Content) -> bool:
        """Return whether others saw a file that is gone, or has moved, come back and go since."""
        was, (there, _) = away(one.detail), self._went.get(path_beside(one), ("", b""))
        return (was.is_missed or was.is_moved) and there > was.since.decode()

    def _gone_since(self) -> Path | None:
        """Return what the last scan remembers; what others saw come back and go since, as gone so.

        What has moved is known so for long.
        """
        last = self._last.remembered
        if last is None or not self._went:
            return last

        def later(one: Content) -> bytes:
            was_back = self._was_back(one)
            return self._went[path_beside(one)][1] if was_back else away(one.detail).detail

        each = (
            with_details(rows, pa.array(map(later, convert.contents(rows)), pa.binary()))
            for rows in read.batches(last, CONTENTS)
        )
        return self._written(each).path

    def _found_wrong(self, paths: Sequence[Path]) -> Path | None:
        """Write what files were before they were found wrong, as far as they still are.

        But for those of which the rows at `paths` tell: they know when each went, or came back.
        """
        episodes = open_ones(store.read(self._repository, self._last.scan.place).episodes)
        every = [one for e in episodes.values() if not e.about for one in _good(e)]
        wanted = pa.array(
            {p for o in every for p in (path_of(o.path), path_beside(o))}, pa.binary()
        )
        known = set[bytes]()
        for path in paths if every else ():
            for rows in read.batches(path, CONTENTS):
                these = rows.filter(pc.is_in(rows["path"], value_set=wanted))
                known.update(map(path_beside, convert.contents(these)))
        good = {one.path: one for one in every if path_beside(one) not in known}
        if not good:
            return None
        rows = _rows([content for _, content in sorted(good.items())])
        return self._written([convert.to_batches(rows)[0]]).path


def _good(episode: FileFinding) -> list[Content]:
    """Return what a file was that is wrong, as far as that is known, and all that is missed there.

    With since when that is so.
    """
    if episode.what not in NEEDS_PROOF:
        return []
    since = Away(episode.first_seen.encode())
    first, missed = [episode.was] if episode.was else [], [*episode.missed]
    if episode.what != DAMAGED:
        # Another may lie there by now, or have lain there last.
        first, missed = [], [*first, *missed]
    first = [replace(each, detail=since.detail) for each in first]
    missed = [each for each in missed if each.detail not in (EITHER, OLDER)]
    gone = since._replace(is_gone=True).detail
    beside = [replace(each, path=path_beside(each), detail=gone) for each in missed]
    return [one for one in (*first, *beside) if one.kind in _READ and one.sha256 is not None]


def _rows(contents: Sequence[Content]) -> Rows:
    rows = Rows()
    for column in CONTENT_COLUMNS:
        setattr(rows, column, [getattr(content, column) for content in contents])
    return rows
