"""What a scan finds otherwise than it should be: kept as findings, for its own contents have it so.

The next snapshot takes rotten bytes, and that a file is gone, for what should be. What the scan
remembers of the good ones is what tells: as long as they are not back, the scans after it find the
same, so that a run that is killed before its findings are kept loses nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery import rows
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.history import is_of_bytes, is_over, of_each
from reconciler.recovery.findings.states import EITHER, is_bare
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content, same_bytes
from reconciler.recovery.scanning.finishing.away import away
from reconciler.recovery.scanning.finishing.displaced import is_displaced, path_of
from reconciler.recovery.scanning.finishing.hiding import Hidden, hidden_by, listed
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.comparing import attested, pairs
from reconciler.recovery.scanning.known.earlier import contents_of, fetched
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.values import DAMAGED, DELETED, MISSING, FileFinding, Scan
from reconciler.recovery.verifying.comparing.classify import another_version, is_under
from reconciler.recovery.verifying.recorded import look, of_scan
from reconciler.recovery.verifying.telling import forgotten
from reconciler.recovery.verifying.telling.wrong import Otherwise, Wrong
from reconciler.recovery.walking.exclusions import Exclusions

#: So many scans, of which each was killed before it told what it had found, are looked through.
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


def is_untold(repository: Repository, scan: Scan, known: store.Known) -> bool:
    """Return whether a scan has found something wrong that is not among what is `known`.

    It was killed before it could keep that. Raises `RepositoryError`, `SnapshotError`.
    """
    if not scan.remembered:
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
    store.keep(repository, scanned.place, after, known, clock())
    scanned.unkept = []


def _keep(
    repository: Repository, scanned: Scanned, scan: Scan, clock: Callable[[], datetime]
) -> None:
    known = store.read(repository, scan.place)
    gone = forgotten.findings(repository, scan, known)
    lost = [*known.problems, *([gone] if gone else [])]
    scanned.notes += lost
    scanned.forgotten = scanned.forgotten or bool(lost)
    hidden = hidden_by(scan.excluded, scan.unproved, _listed(repository, scan))
    now = timestamp(clock(), "milliseconds")
    # What a clock told that was ahead is told again.
    until = known.no_room_until if known.no_room_until <= now else ""
    before: Sequence[FileFinding] = known.episodes
    wrong = _taken(repository, scan, before, hidden, until)
    if asked := [e for e in wrong.untold if _is_seen(e, hidden)]:
        before = _caught_up(repository, scan, before, asked, now)
        wrong = _taken(repository, scan, before, hidden, until)
    for finding in _come_again(repository, scan, before):
        if episodes.key(finding) not in wrong.by_key and not hidden(finding.path):
            wrong.take(Otherwise(finding))
    ended = _ended(repository, scan, wrong, hidden)
    before = wrong.without_moved(wrong.without_renewed(before, scan.ended_at))
    after = episodes.observed(before, wrong.by_key, scan.ended_at, ended, now, left=wrong.left)
    left_out = Exclusions(scan.excluded).covers
    wrong.add((e for e in after if not (e.resolved or left_out(e.path))), hidden)
    wrong.tell(scanned)
    if after != list(known.episodes):
        until, more = scan.ended_at, wrong.no_room
        store.keep(repository, scan.place, after, known, clock(), no_room_until=until, no_room=more)


def _caught_up(
    repository: Repository,
    scan: Scan,
    known: Sequence[FileFinding],
    asked: Iterable[FileFinding],
    now: str,
) -> Sequence[FileFinding]:
    """Return what was known, but for what killed scans saw to be over, which never told so."""
    since, earlier, last = min(e.last_seen for e in asked), list[Scan](), scan
    while len(earlier) < _BACK:
        one = record.of(repository, scan.place, last.after) if last.after else None
        if one is None or one.ended_at <= since:
            break
        earlier.append(last := one)
    for one in reversed(earlier):
        hidden = hidden_by(one.excluded, one.unproved, _listed(repository, one))
        wrong = _taken(repository, one, known, hidden)
        ended, before = _ended(repository, one, wrong, hidden), wrong.without_moved(known)
        known = episodes.observed(before, {}, one.ended_at, ended, now, left=wrong.left)
    return known


def _taken(
    repository: Repository,
    scan: Scan,
    known: Sequence[FileFinding],
    hidden: Hidden,
    until: str = "",
) -> Wrong:
    """Hold what a scan has otherwise than it should be against what is known."""
    wrong = Wrong.of(known, until)
    for otherwise in _otherwise(repository, scan, hidden) if scan.remembered else ():
        wrong.take(otherwise)
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


def _otherwise(repository: Repository, scan: Scan, hidden: Hidden) -> Iterator[Otherwise]:
    with ExitStack() as opened:
        remembered = fetched(repository, scan.remembered, opened)
        there = contents_of(fetched(repository, scan.contents, opened))
        for good in read.batches(remembered, CONTENTS):
            now = there.beside(good["path"])
            yield from _damaged(scan, good, now)
            yield from _gone(scan, good, now, hidden)


def _damaged(scan: Scan, good: pa.RecordBatch, now: pa.RecordBatch) -> Iterator[Otherwise]:
    rotten = pc.or_(pairs.rotten(now, good), attested.rotten(now, good))
    found = convert.contents(good.filter(rotten)), convert.contents(now.filter(rotten))
    for one, other in zip(*found, strict=True):
        finding = FileFinding(DAMAGED, scan.name, scan.place, one.path, _plain(one), other)
        yield Otherwise(finding)


def _gone(
    scan: Scan, good: pa.RecordBatch, now: pa.RecordBatch, hidden: Hidden
) -> Iterator[Otherwise]:
    """Yield what the scan could have seen, and has not."""
    deleted = pc.fill_null(pc.equal(now["kind"], rows.DELETED), False)
    instead = functools.reduce(pc.or_, (pc.equal(now["kind"], kind) for kind in rows.INSTEAD))
    other_there = pc.or_(deleted, pc.fill_null(instead, False))
    gone = pc.or_(pc.is_null(now["path"]), other_there)
    others = iter(convert.contents(now.filter(other_there)))
    has_other = other_there.filter(gone).to_pylist()
    for one, is_there in zip(convert.contents(good.filter(gone)), has_other, strict=True):
        other = next(others) if is_there else None
        was = away(one.detail)
        if hidden(one.path):
            continue
        what, note = MISSING, ""
        if other and other.kind == rows.DELETED and not is_under(one, other):
            note = another_version(other)
        elif other and other.kind == rows.DELETED:
            what, note = DELETED, other.version or ""
        elif other:
            note = f"{one.kind} became {other.kind}"
        elif is_displaced(one.path):
            note = "another file has come there since"
        gone, *more = _gone_as(one)
        finding = FileFinding(what, scan.name, scan.place, gone.path, gone, other, note)
        finding = replace(finding, missed=tuple(more))
        how = bool(was.maybe), was.is_moved, is_displaced(one.path)
        yield Otherwise(finding, was.since.decode(), *how)


def _gone_as(remembered: Content) -> tuple[Content, ...]:
    """Return as what a file is gone: as it was known, or as it was written and never read.

    Where nobody knows which, as either.
    """
    was, known = away(remembered.detail), _plain(remembered)
    if was.written is None:
        return (known,)
    size, mtime_ns = was.written
    written = Content(known.path, rows.UNREADABLE, size, mtime_ns)
    # What has moved was found by what was written last.
    if was.is_written_lost or was.is_moved:
        return (written,)
    return known, replace(written, detail=EITHER)


def _plain(remembered: Content) -> Content:
    """Return a row as the scan had it that saw it: without since when it is only remembered."""
    return replace(remembered, path=path_of(remembered.path), detail=None)
