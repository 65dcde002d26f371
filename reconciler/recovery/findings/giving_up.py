"""Which files are missed at one path, and which of them a person has given up."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.recovery.findings.states import OLDER, is_among, is_bare, state_of
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding

#: So many other files that are missed at a path are kept, the latest: ten new ones a day, for as
#: long as any is remembered.
_MOST = 4_096


def given_up(episode: FileFinding) -> tuple[Content, ...]:
    """Return which files are given up by whoever accepts that nothing lies at a path."""
    return (*([episode.was] if episode.was else ()), *episode.missed)


def truly_missed(episode: FileFinding) -> tuple[Content, ...]:
    """Return which files are missed at a path, without those that were written over before."""
    return tuple(each for each in given_up(episode) if each.detail != OLDER)


def missed(was: Content | None, every: Iterable[Content | None]) -> tuple[Content, ...]:
    """Return what is missed beside what `was` there first, each once.

    What an older snapshot has, and is missed as well, is missed.
    """
    known = list(every)
    found: list[Content] = []
    for each in (*(e for e in known if e and e.detail != OLDER), *(e for e in known if e)):
        if not is_among(each, (*([was] if was else ()), *found)):
            found.append(each)
    return tuple(found[-_MOST:])


def has_given_up(episode: FileFinding, files: Iterable[Content]) -> bool:
    """Return whether a person has accepted that those files are gone, whatever lies there now.

    Whoever accepts a damaged file gives up what it was, as long as that one lies there.
    """
    accepted = episode.accepted
    if accepted is None or accepted.withdrawn:
        return False
    of = given_up_by(accepted, episode)
    if not (is_bare(accepted.now) or state_of(accepted.now) == state_of(episode.now)):
        of = of[1:]
    return all(is_among(each, of) for each in files)


def was_gone(episode: FileFinding, since: str) -> bool:
    """Return whether a file that is gone `since` then was gone when a finding was accepted."""
    accepted = episode.accepted
    return accepted is not None and since <= (accepted.seen or accepted.at)


def is_told_by(episode: FileFinding) -> bool:
    """Return whether what is over tells which files a person has given up: nothing else does."""
    accepted = episode.accepted
    return bool(episode.resolved) and accepted is not None and not accepted.withdrawn


def given_up_by(accepted: Accepted, episode: FileFinding) -> tuple[Content, ...]:
    """Return which files somebody has given up who accepted that an episode's are gone."""
    return accepted.of or given_up(episode)[:1]
