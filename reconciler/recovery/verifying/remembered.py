"""What a scan finds otherwise than it should be: kept as findings, for its own contents have it so.

The next snapshot takes rotten bytes, and that a file is gone, for what should be. What the scan
remembers of the good ones is what tells: as long as they are not back, the scans after it find the
same, so that a run that is killed before its findings are kept loses nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

import pyarrow as pa

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.history import is_of_bytes, is_over, of_each
from reconciler.recovery.findings.states import is_bare
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content, same_bytes
from reconciler.recovery.scanning.finishing.hiding import Hidden, hidden_by, listed
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.earlier import fetched
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.values import DAMAGED, FileFinding, Scan
from reconciler.recovery.verifying.recorded import look, of_scan
from reconciler.recovery.verifying.telling import forgotten
from reconciler.recovery.verifying.telling.otherwise import otherwise
from reconciler.recovery.verifying.telling.wrong import Otherwise, Wrong
from reconciler.recovery.walking.exclusions import Exclusions

#: So many scans, of which each was killed before it told what it had found, are told by the next.
_MOST = 30
_LOST = (
    "What the scan {} had found, which was killed before it could tell, is not known any more, but "
    "for what this one has found as well: {}"
)
#: So many are looked through for what a damaged file was.
_BACK = 5


def keep(repository: Repository, scanned: Scanned, clock: Callable[[], datetime]) -> None:
    """Keep which files have other bytes than they should, or are gone, and which are good again.

    `scanned` then counts those that nobody has accepted. That they can't be kept is a note of it.
    """
    try:
        if scanned.rotten:
            _keep_rotten(repository, scanned, clock)
        if scanned.scan is not None:
            _keep(repository, scanned, scanned.scan, clock)
    except (RepositoryError, SnapshotError) as error:
        scanned.notes.append(f"Which files are damaged or gone could not be kept: {error}")
        scanned.forgotten = True


def catch_up(repository: Repository, place: str, clock: Callable[[], datetime]) -> None:
    """Keep what scans of a place have found that were killed before they could.

    What is found after them is to be kept after that. If it can't be, the next scan tries again.
    """
    with contextlib.suppress(RepositoryError, SnapshotError):
        last = record.latest(repository, place, complete=False)
        known = store.read(repository, place)
        is_old = known.records and not known.told_scans
        if last is not None and last.id not in known.told_scans and not is_old:
            after = _after(repository, last, known, clock)
            if not after.lost:  # else the scan that begins tells it
                _write(repository, last, known, after, clock)


def is_untold(repository: Repository, scan: Scan, known: store.Known) -> bool:
    """Return whether a scan has found something wrong that is not among what is `known`.

    It was killed before it could keep that. Raises `RepositoryError`, `SnapshotError`.
    """
    if scan.id in known.told_scans or not scan.remembered:
        return False
    hidden = hidden_by(scan.excluded, scan.unproved, _listed(repository, scan))
    return bool(_taken(repository, scan, known.episodes, hidden, known.no_room_until).new)


def _keep_rotten(repository: Repository, scanned: Scanned, clock: Callable[[], datetime]) -> None:
    """Keep what was read of a scan that has no record: somebody may touch the file before one has.

    It says nothing of any other file.
    """
    scanned.unkept = [
        FileFinding(DAMAGED, scanned.storage, scanned.place, good.path, good, now)
        for good, now in scanned.rotten
    ]
    known = store.read(repository, scanned.place)
    wrong = Wrong.of(known.episodes, "")
    for finding in scanned.unkept:
        wrong.take(Otherwise(finding))
    scanned.unkept = wrong.new
    if scanned.scan is None:
        more = scanned.altered - len(scanned.rotten)
        wrong.tell(scanned)
        scanned.altered += max(0, more)
    moment = timestamp(clock(), "milliseconds")
    after = episodes.observed(known.episodes, wrong.by_key, moment, lambda _: False, moment)
    told = known.told_scans if known.records else store.NO_SCANS
    store.keep(repository, scanned.place, after, known, clock(), told_scans=told)
    scanned.unkept = []


def _keep(
    repository: Repository, scanned: Scanned, scan: Scan, clock: Callable[[], datetime]
) -> None:
    known = store.read(repository, scan.place)
    gone = forgotten.findings(repository, scan, known)
    lost = [*known.problems, *([gone] if gone else [])]
    scanned.notes += lost
    scanned.forgotten = scanned.forgotten or bool(lost)
    after = _after(repository, scan, known, clock)
    scanned.notes += after.lost
    scanned.forgotten = scanned.forgotten or bool(after.lost)
    left_out = Exclusions(scan.excluded).covers
    lasting = (e for e in after.episodes if not (e.resolved or left_out(e.path)))
    after.wrong.add(lasting, after.hidden)
    after.wrong.tell(scanned)
    _write(repository, scan, known, after, clock)


class _After(NamedTuple):
    """What is known after a scan: all findings, and what it has itself otherwise than it should."""

    episodes: list[FileFinding]
    wrong: Wrong
    hidden: Hidden
    no_room: int = 0
    #: What scans that were killed have found can't be read any more: a sentence for each.
    lost: Sequence[str] = ()


def _after(
    repository: Repository, scan: Scan, known: store.Known, clock: Callable[[], datetime]
) -> _After:
    """Return what is known after a scan, and those before it that were killed."""
    now = timestamp(clock(), "milliseconds")
    before: Sequence[FileFinding] = known.episodes
    untold = _untold(repository, scan, known)
    # What a clock told that was ahead is told again.
    until, more = known.no_room_until if known.no_room_until <= now else "", 0
    lost = list[str]()
    for one in untold:
        try:
            after = _found(repository, one, before, now, until)
        except SnapshotError as error:
            lost.append(_LOST.format(one.id, error))
            continue
        before, more = after.episodes, max(more, after.wrong.no_room)
    after = _found(repository, scan, before, now, until)
    return after._replace(no_room=max(more, after.wrong.no_room), lost=lost)


def _write(
    repository: Repository,
    scan: Scan,
    known: store.Known,
    after: _After,
    clock: Callable[[], datetime],
) -> None:
    is_told = scan.id in known.told_scans or not (known.records or scan.remembered)
    if after.episodes != list(known.episodes) or not is_told:
        store.keep(
            repository,
            scan.place,
            after.episodes,
            known,
            clock(),
            no_room_until=scan.ended_at,
            no_room=after.no_room,
            told_scans=(scan.id,),
        )


def _untold(repository: Repository, scan: Scan, known: store.Known) -> list[Scan]:
    """Return the scans before one that were killed before they told what they had found."""
    if known.records:
        # Those from before `told_scans` tell of every scan.
        told = known.told_scans or (scan.after,)
        return record.untold(repository, scan, told, _MOST)
    # Where nothing was ever told, one that remembers nothing has found nothing.
    if not scan.remembered:
        return []
    earlier = reversed(record.untold(repository, scan, (), _BACK))
    return list(takewhile(lambda one: one.remembered, earlier))[::-1]


def _found(
    repository: Repository, scan: Scan, known: Sequence[FileFinding], now: str, until: str
) -> _After:
    """Return the findings after a scan: what was `known` before it, and what it saw."""
    hidden = hidden_by(scan.excluded, scan.unproved, _listed(repository, scan))
    wrong = _taken(repository, scan, known, hidden, until)
    for finding in _come_again(repository, scan, known):
        if episodes.key(finding) not in wrong.by_key and not hidden(finding.path):
            wrong.take(Otherwise(finding))
    # Another run may have looked later, and seen that it is over.
    over = {episodes.key(e) for e in known if e.resolved > scan.ended_at} - wrong.lasting.keys()
    found = {key: each for key, each in wrong.by_key.items() if key not in over}
    ended = _ended(repository, scan, wrong, hidden)
    before = wrong.without_moved(wrong.without_renewed(known, scan.ended_at))
    after = episodes.observed(before, found, scan.ended_at, ended, now, left=wrong.left)
    return _After(after, wrong, hidden)


def _taken(
    repository: Repository,
    scan: Scan,
    known: Sequence[FileFinding],
    hidden: Hidden,
    until: str = "",
) -> Wrong:
    """Hold what a scan has otherwise than it should be against what is known."""
    wrong = Wrong.of(known, until)
    for each in otherwise(repository, scan, hidden) if scan.remembered else ():
        wrong.take(each)
    return wrong


def _come_again(
    repository: Repository, scan: Scan, known: Iterable[FileFinding]
) -> list[FileFinding]:
    """Return the files that have bytes again which were found damaged, as from a mirror.

    They may have another time then, and look like files that somebody wrote. What is good is what
    the scan before had. A scan that was killed before it told of them has read them, so that this
    one may not have. Raises `RepositoryError`, `SnapshotError`.
    """
    every = [e for e in known if is_of_bytes(e)]
    damaged = {e.path for e in every if e.what == DAMAGED or e.rotted or e.accepted}
    over = {path: h for (_, path, _), h in of_each([e for e in every if e.path in damaged]).items()}
    there = look(repository, of_scan(scan), over) if over else {}
    now = {path: over[path].with_bytes(row) for path, row in there.items()}
    again = {path: each for path, row in now.items() if (each := over[path].come_again(row))}
    # Nobody can read an object in an archive: what is known of it here no row of the scan says.
    of_archived = [path for path, row in now.items() if row != there[path]]
    again |= {path: each for path in of_archived if (each := over[path].lasts)}
    before: dict[bytes, Content] = {}
    last = scan
    for _ in range(_BACK):
        left = again.keys() - before.keys()
        one = record.of(repository, scan.place, last.after) if left and last.after else None
        if one is None:
            break
        last, was = one, look(repository, of_scan(one), left)
        before |= {path: row for path, row in was.items() if same_bytes(row, now[path]) is False}
    good = {path: over[path].good_before(before.get(path), each) for path, each in again.items()}
    return [
        FileFinding(DAMAGED, scan.name, scan.place, path, good[path], now[path])
        for path in sorted(again)
    ]


def _ended(
    repository: Repository, scan: Scan, wrong: Wrong, hidden: Hidden
) -> Callable[[FileFinding], bool]:
    """Return what says of a finding that needs proof whether this scan has seen that it is over."""
    open_ones = {
        finding.path
        for known, finding in wrong.lasting.items()
        if known not in wrong.by_key and is_of_bytes(finding) and _is_seen(finding, hidden)
    }
    now = look(repository, of_scan(scan), open_ones) if open_ones else {}
    return lambda finding: (
        is_of_bytes(finding)
        and finding.path in open_ones
        and not wrong.is_missed(finding)
        and (wrong.is_moved(finding) or is_over(finding, now.get(finding.path)))
    )


def _is_seen(finding: FileFinding, hidden: Hidden) -> bool:
    """Return whether a scan can say that a finding is over; of what nobody can read, it may.

    That is so of what nobody ever could, and is no more readable than it was; and of whatever lies
    where a person has accepted that there is nothing.
    """
    if not hidden(finding.path) or (finding.was is not None and finding.was.sha256 is None):
        return True
    return is_bare(finding.now) and episodes.is_settled(finding)


def _listed(repository: Repository, scan: Scan) -> Iterator[pa.RecordBatch]:
    with ExitStack() as opened:
        yield from listed(fetched(repository, scan.contents, opened))
