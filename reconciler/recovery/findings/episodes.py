"""How long something was wrong: findings of one path over time.

An episode is a finding with its first and last sight, and when it was resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from reconciler.recovery import values
from reconciler.recovery.findings.giving_up import (
    given_up,
    given_up_by,
    is_told_by,
    missed,
    truly_missed,
)
from reconciler.recovery.findings.states import (
    EITHER,
    OLDER,
    is_among,
    is_bare,
    is_same_damage,
    state_of,
)
from reconciler.recovery.rows import ARCHIVED, FILE, WITH_BYTES, Content
from reconciler.recovery.values import Accepted, FileFinding

Key = tuple[str, bytes, str]
#: What may be gone for good: only the same bytes, seen again, end it; that a newer snapshot has it
#: so too proves nothing.
NEEDS_PROOF = frozenset({values.MISSING, values.DAMAGED, values.DELETED})
#: What says nothing of the bytes: one that needs proof lasts beneath it.
SILENT = frozenset({values.EXTRA, values.UNREADABLE, values.CHANGING, values.ARCHIVED})
#: From what matters most to what matters least, which is left out first.
SEVERITY = (
    values.DAMAGED,
    values.MISSING,
    values.DELETED,
    values.CHANGED,
    values.NOT_REACHABLE,
    values.UNREADABLE,
    values.NOT_VERIFIED,
    values.RENAMED,
    values.MOVED,
    values.ARCHIVED,
    values.CHANGING,
    values.EXTRA,
)
#: So many are kept of one storage; of those resolved the latest. Which bytes are good of others
#: that were restored, scans from before say (`verifying.earlier`), which costs more to ask. Which
#: files were given up nothing else says: they would be told again.
MOST_OPEN, MOST_RESOLVED, MOST_GIVEN_UP = 10_000, 10_000, 100_000
#: So many states are kept of one finding in which the file was damaged: the latest.
_MOST_ROTTED = 16


def key(finding: FileFinding) -> Key:
    """Return by what a finding is known again: a file by its path, a part by its reason as well."""
    return finding.about, finding.path, finding.reason


def open_ones(episodes: Iterable[FileFinding]) -> dict[Key, FileFinding]:
    """Return those that last, by key."""
    return {key(episode): episode for episode in episodes if not episode.resolved}


def observed(
    episodes: Iterable[FileFinding],
    found: Mapping[Key, FileFinding],
    moment: str,
    ended: Callable[[FileFinding], bool],
    now: str,
    *,
    is_compared: bool = False,
    left: Callable[[FileFinding], Iterable[Content]] = lambda episode: episode.missed,
) -> list[FileFinding]:
    """Return the episodes after a run that, at `moment`, found `found`.

    `ended` says of one that was not found whether the run proves that it is over, and `left` what
    is missed beside it still. What was told of a time that is later than `now` was told by a clock
    that was ahead, and is no later than this. What `is_compared` with a snapshot may have been
    written over long before it went.
    """
    told, after = set(), []
    every = list(episodes)
    over: dict[Key, str] = {}
    for episode in every:
        over[key(episode)] = max(episode.resolved, over.get(key(episode), ""))
    for known_before in every:
        episode = _come(known_before, moment, now)
        known = key(episode)
        if episode.resolved:
            after.append(episode)
        elif known in found:
            told.add(known)
            of_others = OLDER if is_compared else None
            after += _seen_again(episode, found[known], moment, over[known], of_others)
        elif (moment > episode.last_seen or episode is not known_before) and ended(episode):
            after.append(replace(episode, resolved=moment))
            # The first file that was missed there is back, and no other.
            others = () if is_settled(episode) else left(episode)
            after += still_missed(episode, others, moment)
        else:
            after.append(episode)
    new = [f for known, f in found.items() if known not in told]
    after += [replace(f, first_seen=moment, last_seen=moment, resolved="") for f in new]
    return after


def still_missed(episode: FileFinding, every: Iterable[Content], moment: str) -> list[FileFinding]:
    """Return that `every` one of those is still missed at the path of an episode that is over."""
    others = [each for each in every if each.detail not in (EITHER, OLDER)]
    if not others:
        return []
    was, *more = others
    of_others = FileFinding(values.MISSING, episode.storage, episode.place, episode.path, was)
    seen = {"first_seen": moment, "last_seen": moment}
    return [replace(of_others, about=episode.about, missed=missed(was, more), **seen)]


def _come(episode: FileFinding, moment: str, now: str) -> FileFinding:
    """Return an episode without times that have not come yet."""
    first, last, over = episode.first_seen, episode.last_seen, episode.resolved
    if max(first, last, over) <= now:
        return episode
    return replace(
        episode,
        first_seen=min(first, moment),
        last_seen=last if last <= now else moment,
        resolved=over if over <= now else moment,
    )


def is_accepted(episode: FileFinding, now: Content | None) -> bool:
    """Return whether a person has accepted a file as it is `now`: by its bytes, or as gone.

    And nobody has withdrawn that, nor is another missed at that path.
    """
    accepted = episode.accepted
    if accepted is None or accepted.withdrawn or state_of(accepted.now) != state_of(now):
        return False
    of = given_up_by(accepted, episode)
    every = given_up(episode) if is_bare(now) else truly_missed(episode)
    return all(is_among(each, of) for each in every)


def is_given_up(episode: FileFinding, now: FileFinding) -> bool:
    """Return whether a person has accepted what is found `now`, and of that very file.

    Another may have come there since, and gone, or have become what that one was.
    """
    if episode.accepted is None or not is_accepted(episode, now.now):
        return False
    of = given_up_by(episode.accepted, episode)
    return not of or all(is_among(each, of) for each in given_up(now))


def is_settled(episode: FileFinding) -> bool:
    """Return whether a person has accepted what was found last."""
    return is_accepted(episode, episode.now)


def is_written(episode: FileFinding, now: Content | None) -> bool:
    """Return whether somebody has written a damaged file since: it is to be what they wrote.

    So is whatever comes where it was accepted that there is nothing.
    """
    was, rotten = episode.was, episode.now
    if now is None or any(is_same_damage(each, now) for each in episode.rotted):
        return False
    if is_bare(rotten) and is_settled(episode):
        return now.kind in WITH_BYTES
    if now.sha256 is None or now.kind not in (FILE, ARCHIVED):
        return False
    if was is None or rotten is None or episode.what != values.DAMAGED:
        return False
    times = {each.mtime_ns for each in (was, rotten, *episode.rotted)}
    return now.mtime_ns not in times and now.sha256 != rotten.sha256


def rotted(now: FileFinding, seen: Iterable[FileFinding]) -> tuple[Content, ...]:
    """Return as what else than `now` a file was found damaged, as it was `seen` in one episode.

    What was accepted is left out, and what was good for any of them.
    """
    every = list(seen)
    left_out = {state_of(each.was) for each in (now, *every)}
    left_out |= {state_of(now.now)} if now.what == values.DAMAGED else set()
    left_out |= {state_of(e.accepted.now) for e in (now, *every) if e.accepted and is_settled(e)}
    found: dict[tuple[object, ...], Content] = {}
    for each in every:
        damaged = [each.now] if each.what == values.DAMAGED and each.now else []
        for one in (*each.rotted, *damaged):
            if one.sha256 is not None and state_of(one) not in left_out:
                alike = (one.sha256, one.size or one.mtime_ns)
                found[alike] = min(found.get(alike, one), one, key=_when)
    return tuple(sorted(found.values(), key=_when)[-_MOST_ROTTED:])


def bounded(episodes: Iterable[FileFinding]) -> tuple[list[FileFinding], int]:
    """Return as many as are kept, sorted by path, and how many there was no room for."""
    every = list(episodes)
    lasting = [episode for episode in every if not episode.resolved]
    over = [episode for episode in every if episode.resolved]
    # What was accepted must not take the room of what nobody has looked at.
    lasting.sort(key=lambda e: (is_settled(e), _severity(e), e.first_seen, key(e)))
    over.sort(key=lambda e: (e.resolved, key(e)), reverse=True)
    given_up = list(filter(is_told_by, over))
    others = [episode for episode in over if not is_told_by(episode)]
    kept = lasting[:MOST_OPEN] + given_up[:MOST_GIVEN_UP] + others[:MOST_RESOLVED]
    return ordered(kept), max(0, len(lasting) - MOST_OPEN)


def ordered(episodes: Iterable[FileFinding]) -> list[FileFinding]:
    """Return episodes as they are kept: by path, the earliest first."""
    return sorted(episodes, key=lambda e: (key(e), e.first_seen))


def outlasts(episode: FileFinding, now: FileFinding) -> bool:
    """Return whether what was found earlier still holds, as what is found now does not end it.

    Another file in the place of one that is missing, or its bytes elsewhere, are no proof.
    """
    if episode.what not in NEEDS_PROOF or now.what in NEEDS_PROOF:
        return False
    return now.what in SILENT or not (is_settled(episode) or is_written(episode, now.now))


def _severity(finding: FileFinding) -> int:
    return SEVERITY.index(finding.what) if finding.what in SEVERITY else len(SEVERITY)


def _seen_again(
    episode: FileFinding, now: FileFinding, moment: str, over: str, of_others: bytes | None
) -> list[FileFinding]:
    """Keep when it began, and what the file was then: a newer snapshot may have the wrong bytes.

    What was accepted ends if it becomes something else: that is another finding. What was seen
    before another was `over` at that path may have been that one.
    """
    if outlasts(episode, now):
        return [episode]
    first_seen = min(episode.first_seen, moment) if moment > over else episode.first_seen
    if moment < episode.last_seen and (episode.what in NEEDS_PROOF or now.what not in NEEDS_PROOF):
        # A run at the same time has looked later: so it is.
        known = rotted(episode, (episode, now))
        return [replace(episode, first_seen=first_seen, rotted=known)]
    # As it was by then, changed or not, it should be again.
    begins = episode.what not in NEEDS_PROOF and now.what in NEEDS_PROOF
    # What rots where another is missed came after that one.
    is_other = is_of_another(episode, now)
    begins = begins or is_other
    was = (begins and now.was) or episode.was or now.was
    # Older snapshots have what was there before: that is given up with what came after it.
    is_new = is_bare(now.now) and not is_accepted(episode, now.now)
    before = given_up(episode) if is_other else episode.missed
    before = () if is_other and is_settled(episode) else before
    others = [replace(each, detail=of_others or each.detail) for each in given_up(now)]
    again = replace(
        now,
        was=was,
        missed=missed(was, (*before, *(others if is_new else now.missed))),
        first_seen=first_seen,
        last_seen=moment,
        resolved="",
        accepted=_still_accepted(episode, now),
    )
    again = replace(again, rotted=rotted(again, (episode, again)))
    # That it is over is said, for runs at the same time that do not know it.
    is_over = is_settled(episode) or (episode.what in NEEDS_PROOF and now.what not in NEEDS_PROOF)
    if moment > episode.last_seen and is_over and not is_settled(again):
        left = again.missed
        if episode.accepted is not None and is_settled(episode):
            of = given_up_by(episode.accepted, episode)
            left = tuple(each for each in left if not is_among(each, of))
        return [replace(episode, resolved=moment), replace(again, first_seen=moment, missed=left)]
    return [again]


def is_of_another(episode: FileFinding, now: FileFinding) -> bool:
    """Return whether a file is damaged where another is missed."""
    if now.what != values.DAMAGED or now.was is None or episode.was is None:
        return False
    return is_bare(episode.now) and not is_among(now.was, (episode.was,))


def _still_accepted(episode: FileFinding, now: FileFinding) -> Accepted | None:
    """Return what was accepted: that it is gone only as long as it stays away."""
    accepted = episode.accepted
    is_of_gone = accepted is not None and is_bare(accepted.now)
    is_there = now.now is not None and now.now.kind in WITH_BYTES
    return None if is_of_gone and is_there else accepted


def _when(content: Content) -> tuple[object, ...]:
    return content.proved_at or 0, content.mtime_ns or 0, repr(content)
