"""All that a repository knows of one file, as one value: which of its bytes are good, which wrong.

Nothing is read here. What was found of a file answers first: what lasts, and what is over. Where
that is lost, rows of scans do, the oldest first: see `first_bytes`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.findings import episodes, giving_up
from reconciler.recovery.findings.episodes import NEEDS_PROOF, Key
from reconciler.recovery.findings.states import is_among, is_bare, is_same_damage, same_state
from reconciler.recovery.rows import Content, same_bytes
from reconciler.recovery.values import FileFinding

#: What a file is called that has its good bytes again, where a snapshot has the wrong ones.
_CALLED = frozenset({values.DAMAGED, values.CHANGED, values.EXTRA})


class History(Struct, frozen=True):
    """What was found of one file, in the order of time."""

    #: What is over, the last one at the end; and what lasts, if anything does.
    over: tuple[FileFinding, ...] = ()
    lasts: FileFinding | None = None

    @property
    def last(self) -> FileFinding | None:
        """What lasts, or else was over last."""
        return self.lasts or (self.over[-1] if self.over else None)

    def is_accepted(self, finding: FileFinding) -> bool:
        """Return whether a person has accepted the file as it is, and nothing else was seen."""
        known = self.lasts
        is_it = known is not None and episodes.is_accepted(known, finding.now)
        return known is not None and is_it and not has_come_since_accepted(known, finding.was)

    def has_good(self, finding: FileFinding) -> bool:
        """Return whether what was found is what the file should be, and its snapshot is wrong.

        What is over tells of nothing new only where the snapshot has what was wrong then.
        """
        known = [self.lasts] if _needs_proof(self.lasts) else self._wrong_by(finding.was)
        return finding.what in _CALLED and any(
            each is not None and has_good_bytes(each, finding.now) for each in known
        )

    def truly(self, finding: FileFinding) -> FileFinding:
        """Return a finding as what it is: damaged or gone since the snapshot was made.

        Where the snapshot has what was wrong then, it was something else before.
        """
        known = self.lasts
        if known is not None and is_instead(known, finding):
            return replace(finding, what=values.MISSING, was=known.was)
        if finding.what != values.CHANGED:
            return finding
        if known and known.what == values.DAMAGED and not episodes.is_written(known, finding.now):
            return replace(finding, what=values.DAMAGED, was=known.was)
        before = (each.was for each in self._wrong_by(finding.was) if each.was is not None)
        return replace(finding, was=next(before, finding.was))

    def with_bytes(self, now: Content) -> Content:
        """Return a file with the hash that it was attested when it was damaged, if it has none.

        An archived object that was gone is back as what it was last: nobody can read its bytes.
        Nor does it matter whether somebody accepted them.
        """
        if self.lasts is None or now.kind != rows.ARCHIVED or now.sha256 is not None:
            return now
        known = [each for each in (*self.over, self.lasts) if not each.about]
        wrong = [one for each in known for one in (*_damage(each), *_accepted(each))]
        good = [each.was for each in known if each.was is not None]
        # Of what was proved in one second the damage counts, which is the last here.
        said = [one for one in (*good, *wrong) if one.sha256 and _is_same_object(one, now)]
        last = max(reversed(said), key=_proved, default=None)
        return last if last in wrong else now

    def come_again(self, now: Content) -> FileFinding | None:
        """Return what was found in which the file had the very bytes that it has again.

        None where that was accepted, or is what was seen last of what lasts.
        """
        last = self.lasts
        seen = last.now if last and last.what == values.DAMAGED else None
        if seen and is_same_damage(seen, now):
            return None
        for known in (last, *reversed(self.over)):
            wrong = _damage(known)
            if known is None or known.was is None or not wrong:
                continue
            if same_bytes(known.was, now) is not False:
                break
            if any(is_same_damage(each, now) for each in wrong):
                return None if episodes.is_accepted(known, now) else known
        return None

    def good_before(self, before: Content | None, again: FileFinding) -> Content | None:
        """Return what a file should be that is damaged `again`, as it was in a scan `before`.

        That is not what was wrong in that scan.
        """
        if self.lasts is not None and self.lasts.was is not None:
            return self.lasts.was
        if before is None or self.come_again(before) is not None:
            return again.was
        return before

    def in_copy(self, row: Content | None) -> FileFinding | None:
        """Return that a copy is wrong as the file itself is known to be; None: it is not."""
        known = self.last
        if known is None or episodes.is_accepted(known, row):
            return None
        what = values.DAMAGED
        if row is None or row.kind == rows.DELETED:
            what = values.MISSING
            is_wrong = known.what != values.DAMAGED and not episodes.is_settled(known)
        else:
            is_other = known.was is not None and same_bytes(known.was, row) is False
            is_wrong = is_other and row.proof in rows.PROVEN
            is_wrong = is_wrong and (was_wrong(known, row) or self.come_again(row) is not None)
        return FileFinding(what, "", "", known.path, known.was, row) if is_wrong else None

    def _wrong_by(self, was: Content | None) -> list[FileFinding]:
        """Return in what a file was wrong as a snapshot has it, the last one first."""
        known = (self.lasts, *reversed(self.over))
        return [e for e in known if e is not None and _needs_proof(e) and was_wrong(e, was)]


def is_of_bytes(known: FileFinding) -> bool:
    """Return whether a finding says of a file, rather than a record, that its bytes may be lost."""
    return known.what in NEEDS_PROOF and not known.about and bool(known.path)


def of_each(
    known: Collection[FileFinding], there: Mapping[Key, History] | None = None
) -> dict[Key, History]:
    """Return what is known of each file, or part, by key; where nothing was over, as it is `there`.

    That is the place where what lies here was copied, or moved, from.
    """
    open_ones = episodes.open_ones(known)
    ended = {key: [*filter(None, (*h.over, h.lasts))] for key, h in (there or {}).items()}
    own: dict[Key, list[FileFinding]] = {}
    for each in sorted((e for e in known if e.resolved), key=lambda e: e.resolved):
        own.setdefault(episodes.key(each), []).append(each)
    ended |= own
    keys = dict.fromkeys((*ended, *open_ones))
    return {key: History(tuple(ended.get(key, ())), open_ones.get(key)) for key in keys}


def _needs_proof(known: FileFinding | None) -> bool:
    return known is not None and known.what in NEEDS_PROOF


def _damage(known: FileFinding | None) -> tuple[Content, ...]:
    """Return as what a file was found damaged in an episode; nothing if in a record of it."""
    if known is None or known.about:
        return ()
    now = known.now if known.what == values.DAMAGED else None
    return (*known.rotted, *([now] if now else ()))


def _accepted(known: FileFinding) -> tuple[Content, ...]:
    """Return as what damaged file a person has accepted it, whether or not it was withdrawn."""
    now = known.accepted.now if known.accepted and not known.about else None
    is_wrong = now is not None and known.was is not None and same_bytes(known.was, now) is False
    return (now,) if now is not None and is_wrong else ()


def _proved(content: Content) -> int:
    return content.proved_at or 0


def was_wrong(known: FileFinding, was: Content | None) -> bool:
    """Return whether a file was found so while it was `known` to be wrong.

    That is what was found last or, as it may have rotted and gone in turn, any other bytes of the
    time that the good ones have.
    """
    good = known.was
    if any(same_state(each, was) for each in (known.now, *known.rotted)):
        return True
    if good is None or was is None:
        return False
    alike = (good.mtime_ns, good.version) == (was.mtime_ns, was.version)
    return alike and good.mtime_ns is not None and same_bytes(good, was) is False


def is_instead(known: FileFinding, finding: FileFinding) -> bool:
    """Return whether a file is `known` to be missing, in whose place something else was found."""
    now = finding.now
    is_changed = (known.what, finding.what) == (values.MISSING, values.CHANGED)
    return is_changed and now is not None and now.kind in rows.INSTEAD


def has_come_since_accepted(known: FileFinding, was: Content | None) -> bool:
    """Return whether a file was read after a person accepted what is `known`: that it is gone."""
    if was is None or was.proved_at is None or known.accepted is None or not is_bare(known.now):
        return False
    if is_among(was, giving_up.given_up(known)):
        return False
    return was.proved_at > _seconds(known.accepted.seen or known.accepted.at)


def has_come_since(known: FileFinding, file: Content) -> bool:
    """Return whether a file may have come to a path since it was `known` that one is gone there."""
    return file.proved_at is None or file.proved_at >= _seconds(known.first_seen)


def is_over(finding: FileFinding, now: Content | None) -> bool:
    """Return whether what was wrong is what it was before, or what somebody wrote or accepted."""
    if has_good_bytes(finding, now) or episodes.is_written(finding, now):
        return True
    return episodes.is_accepted(finding, now) and not episodes.is_settled(finding)


def has_good_bytes(finding: FileFinding, now: Content | None) -> bool:
    """Return whether a file is what it was before it was wrong, and was read since.

    Of an archived object that was gone it is enough that it is there again: nobody can read it. So
    it is of a file of which nobody ever knew the bytes.
    """
    was = finding.was
    if was is None or now is None:
        return False
    if finding.what != values.DAMAGED:
        wrong = (*finding.rotted, *_accepted(finding))
        is_rotten = any(_is_same_object(each, now) for each in wrong)
        is_rotten = is_rotten and same_bytes(was, now) is not True
        if was.sha256 is None and was.kind in rows.WITH_BYTES:
            return _is_that_file(was, now) and not is_rotten
        if rows.ARCHIVED in (was.kind, now.kind):
            return _is_same_object(was, now) and not is_rotten
    if now.proof == rows.STORED or _is_older(now, finding):
        return False
    if was.sha256 is None:
        return (was.kind, was.detail, was.size) == (now.kind, now.detail, now.size)
    return same_bytes(was, now) is True


def _is_same_object(was: Content, now: Content) -> bool:
    """Return whether an archived object that was gone is back: nobody can read its bytes."""
    if now.kind not in (rows.FILE, rows.ARCHIVED) or same_bytes(was, now) is False:
        return False
    same = (was.size, was.mtime_ns, was.version) == (now.size, now.mtime_ns, now.version)
    return same or same_bytes(was, now) is True


def _is_that_file(was: Content, now: Content) -> bool:
    """Return whether all that is known of a file, whose bytes nobody knew, is what it was."""
    same = (was.size, was.mtime_ns, was.version) == (now.size, now.mtime_ns, now.version)
    return now.kind in rows.WITH_BYTES and same


def _is_older(now: Content, finding: FileFinding) -> bool:
    """Return whether a hash is from before the file was found to be wrong."""
    if (
        now.proof not in (rows.KEPT, rows.ATTESTED)
        or now.proved_at is None
        or not finding.last_seen
    ):
        return False
    return now.proved_at < _seconds(finding.last_seen)


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
