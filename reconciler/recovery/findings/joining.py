"""Findings of several records, put together: of runs that may have known nothing of each other.

In any order, any number of times, with the same result: runs at the same time need not wait for
each other, and one that was killed leaves either its record or none. What needs proof that it is
over is open until a run that looked at the file later has that proof, whatever others took it for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from reconciler.recovery.findings.episodes import (
    NEEDS_PROOF,
    Key,
    is_of_another,
    is_settled,
    key,
    rotted,
    still_missed,
)
from reconciler.recovery.findings.giving_up import given_up, missed, was_gone
from reconciler.recovery.findings.states import is_among, is_bare
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding


def joined(records: Iterable[Iterable[FileFinding]]) -> list[FileFinding]:
    """Put the findings of records together; episodes of one path that overlap become one."""
    by_key: dict[Key, list[FileFinding]] = {}
    for record in records:
        for finding in record:
            by_key.setdefault(key(finding), []).append(finding)
    return [episode for known in sorted(by_key) for episode in _episodes(by_key[known])]


def _episodes(findings: list[FileFinding]) -> list[FileFinding]:
    if len(findings) == 1:
        return findings
    findings.sort(key=_turn)
    lasting = _apart(f for f in findings if f.what in NEEDS_PROOF)
    others = _apart(f for f in findings if f.what not in NEEDS_PROOF)
    every = [*(_accepted(one, others) for one in lasting), *_beside(others, lasting)]
    return sorted(every, key=lambda f: f.first_seen)


def _apart(findings: Iterable[FileFinding]) -> list[FileFinding]:
    """Return episodes of which each ends before the next one begins; `findings` are sorted."""
    queue, after = deque(findings), list[FileFinding]()
    while queue:
        group = [queue.popleft()]
        # Whoever still had it open may not have known that another run resolved it meanwhile.
        # What begins at the moment at which another is over is not the same: see `observed`.
        while queue and (not (end := _end(group)) or queue[0].first_seen < end):
            group.append(queue.popleft())
        after.append(_one(group))
        if left := _left(group):
            queue = deque(sorted([*queue, *left], key=_turn))
    return after


def _end(group: Sequence[FileFinding]) -> str:
    return _one(group).resolved and max(f.resolved for f in group)


def _turn(finding: FileFinding) -> tuple[str, ...]:
    return (
        finding.first_seen,
        finding.last_seen,
        finding.resolved,
        finding.what,
        repr(finding),
    )


def _one(group: Sequence[FileFinding]) -> FileFinding:
    """Make one of episodes that overlap: the latest sight says what it is."""
    last = max(group, key=lambda f: (f.last_seen, f.resolved, f.what, f.note, repr(f)))
    # Who sees a damaged file written anew has no proof that one is back that was gone meanwhile.
    ends = (f for f in group if f.what == last.what or last.what not in NEEDS_PROOF)
    resolved = max(f.resolved for f in ends)
    resolved = resolved if resolved > last.last_seen else ""
    accepted = max((f.accepted for f in group), key=_when)
    if not (resolved or _holds(accepted, group)):
        accepted = None
    was = next((f.was for f in group if f.was is not None), None)
    if any(is_of_another(f, last) for f in group):
        was = last.was
    return replace(
        last,
        was=was,
        missed=missed(was, (each for f in group for each in (*_gone(f), *f.missed))),
        first_seen=group[0].first_seen,
        resolved=resolved,
        accepted=accepted,
        rotted=rotted(replace(last, accepted=accepted), group),
    )


def _holds(accepted: Accepted | None, group: Iterable[FileFinding]) -> bool:
    """Return whether what was accepted is all that lasts, and was not found once more since."""
    others = (f for f in group if not (f.resolved or f.accepted))
    return accepted is None or all(f.first_seen <= (accepted.seen or accepted.at) for f in others)


def _left(group: Sequence[FileFinding]) -> list[FileFinding]:
    """Return what is still missed where all that those knew who saw an end is over."""
    over = _one(group)
    if not over.resolved:
        return []
    left = [
        each
        for f in group
        if not (f.resolved or is_settled(f))
        for each in (*_gone(f), *f.missed)
        if not is_among(each, _over(group, f.first_seen))
    ]
    return still_missed(over, left, over.resolved)


def _over(group: Sequence[FileFinding], since: str) -> list[Content]:
    """Return which files are over of those that are gone `since` then.

    What was given up, or back, before that has gone once more.
    """
    ends = (f for f in group if (was_gone(f, since) if f.accepted else since < f.resolved))
    return [each for f in ends if f.resolved for each in given_up(f)]


def _gone(one: FileFinding) -> list[Content]:
    return [one.was] if one.was is not None and is_bare(one.now) else []


def _beside(others: Iterable[FileFinding], lasting: Sequence[FileFinding]) -> Iterator[FileFinding]:
    """Yield what is still told of beside what needs proof: what was seen after that was over."""
    for one in others:
        beneath = [each for each in lasting if _overlap(one, each)]
        if not beneath:
            yield one
        elif "" < beneath[-1].resolved < one.last_seen:
            yield replace(one, first_seen=beneath[-1].resolved)


def _accepted(one: FileFinding, others: Iterable[FileFinding]) -> FileFinding:
    """Return an episode with what was said of it while it was taken for something else."""
    said = [other.accepted for other in others if _overlap(one, other)]
    return replace(one, accepted=max((one.accepted, *said), key=_when))


def _overlap(one: FileFinding, other: FileFinding) -> bool:
    begins = not other.resolved or one.first_seen < other.resolved
    return begins and (not one.resolved or other.first_seen < one.resolved)


def _when(accepted: Accepted | None) -> tuple[str, ...]:
    if accepted is None:
        return ()
    return (accepted.at, accepted.withdrawn, accepted.by, accepted.why, accepted.withdrawn_by)
