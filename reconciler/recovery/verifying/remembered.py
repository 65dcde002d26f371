"""What a scan finds otherwise than it should be: kept as findings, for its own contents have it so.

The next snapshot takes rotten bytes, and that a file is gone, for what should be. What the scan
remembers of the good ones is what tells: as long as they are not back, the scans after it find the
same, so that a run that is killed before its findings are kept loses nothing.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.history import is_of_bytes, is_over, of_each
from reconciler.recovery.findings.states import is_bare
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content, same_bytes
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.known import apart, record, untold
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.values import DAMAGED, FileFinding, Scan
from reconciler.recovery.verifying.recorded import look, of_scan
from reconciler.recovery.verifying.telling import forgotten, found
from reconciler.recovery.verifying.telling.wrong import Otherwise, Wrong
from reconciler.recovery.walking.exclusions import Exclusions

_LOST = (
    "What the scan {} had found, and could not keep, or tell, before it was killed, is not known "
    "any more, but for what this one has found as well: {}"
)
#: How often as many as have room are kept of what nobody was told of yet.
_UNHEARD = 10
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
        if last is None or known.lost or not known.has(last.findings):
            return
        beside = apart.untold(repository, last, record.ids(repository, place), known)
        before = untold.before(last, known, functools.partial(record.of, repository, place))
        scans = [*beside, *before.scans, *([] if known.tells_of(last) else [last])]
        # Whoever tells of it says which of these have no room.
        most = _UNHEARD * episodes.MOST_OPEN
        after = _after(repository, scans, known, clock, most) if scans else None
        if after and not (before.lost or after.lost):  # else the scan that begins tells it
            told = (last.id, *(scan.id for scan in beside))
            _write(repository, last, known, after, clock, told, is_heard=False)


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
    store.keep(repository, scanned.place, after, known, clock())
    scanned.unkept = []


def _keep(
    repository: Repository, scanned: Scanned, scan: Scan, clock: Callable[[], datetime]
) -> None:
    known = store.read(repository, scan.place)
    gone = forgotten.findings(repository, scan, known)
    problems = [*known.problems, *([gone] if gone else [])]
    scanned.notes += problems
    scanned.forgotten = scanned.forgotten or bool(problems)
    before = untold.before(scan, known, functools.partial(record.of, repository, scan.place))
    after = _after(repository, [*before.scans, scan], known, clock)
    lost = dict([*([before.lost] if before.lost else []), *after.lost])
    # Of those that it could not read itself the scan has said so.
    untellable = [_LOST.format(id, why) for id, why in lost.items() if id not in scan.lost]
    scanned.notes += untellable
    scanned.forgotten = scanned.forgotten or bool(untellable)
    left_out = Exclusions(scan.excluded).covers
    lasting = (e for e in after.episodes if not (e.resolved or left_out(e.path)))
    after.wrong.add(lasting, after.hidden)
    after.wrong.tell(scanned)
    # What was held against nothing has to be held against it once it is back.
    is_held = known.lost or gone or not lost.keys().isdisjoint(scan.lost)
    told = None if is_held else (scan.id,)
    _write(repository, scan, known, after, clock, told)


class _After(NamedTuple):
    """What is known after a scan: all findings, and what it has itself otherwise than it should."""

    episodes: list[FileFinding]
    wrong: Wrong
    hidden: Hidden
    no_room: int = 0
    #: Of which scans that were killed nobody can know any more what they had found, and why.
    lost: Sequence[tuple[str, str]] = ()


def _after(
    repository: Repository,
    scans: Sequence[Scan],
    known: store.Known,
    clock: Callable[[], datetime],
    most: int | None = None,
) -> _After:
    """Return what is known after scans, of which all but the last were killed."""
    now = timestamp(clock(), "milliseconds")
    before: Sequence[FileFinding] = known.episodes
    *killed, scan = scans
    # What a clock told that was ahead is told again.
    until, more = known.no_room_until if known.no_room_until <= now else "", 0
    lost = list[tuple[str, str]]()
    for one in killed:
        try:
            after = _found(repository, one, before, now, until, most)
        except SnapshotError as error:
            lost.append((one.id, str(error)))
            continue
        before, more = after.episodes, max(more, after.wrong.no_room)
    after = _found(repository, scan, before, now, until, most)
    return after._replace(no_room=max(more, after.wrong.no_room), lost=lost)


def _write(
    repository: Repository,
    scan: Scan,
    known: store.Known,
    after: _After,
    clock: Callable[[], datetime],
    told: Sequence[str] | None,
    *,
    is_heard: bool = True,
) -> None:
    is_kept = not (known.records or scan.remembered) or {*(told or ())} <= {*known.told_scans}
    if after.episodes != list(known.episodes) or not is_kept:
        store.keep(
            repository,
            scan.place,
            after.episodes,
            known,
            clock(),
            # The scan that begins tells somebody, and which had no room.
            no_room_until=scan.ended_at if is_heard else "",
            no_room=after.no_room if is_heard else None,
            told_scans=told,
        )


def _found(
    repository: Repository,
    scan: Scan,
    known: Sequence[FileFinding],
    now: str,
    until: str,
    most: int | None,
) -> _After:
    """Return the findings after a scan: what was `known` before it, and what it saw."""
    hidden = found.hidden_from(repository, scan)
    wrong = found.found(repository, scan, known, hidden, until, most)
    for finding in _come_again(repository, scan, known):
        if episodes.key(finding) not in wrong.by_key and not hidden(finding.path):
            wrong.take(Otherwise(finding))
    # Another run may have looked later, and seen that it is over.
    begun = {key for key, e in wrong.lasting.items() if e.first_seen <= scan.ended_at}
    over = {episodes.key(e) for e in known if e.resolved > scan.ended_at} - begun
    there = {key: each for key, each in wrong.by_key.items() if key not in over}
    ended = _ended(repository, scan, wrong, hidden)
    before = wrong.without_moved(wrong.without_renewed(known, scan.ended_at), scan.ended_at)
    after = episodes.observed(before, there, scan.ended_at, ended, now, left=wrong.left)
    return _After(after, wrong, hidden)


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
