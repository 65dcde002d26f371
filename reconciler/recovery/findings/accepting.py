"""Findings that a person accepts: they last, and count no more as long as the file stays so.

Whoever thinks otherwise later withdraws that, and they count again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import SnapshotError, UsageError
from reconciler.printable import quoted
from reconciler.recovery import paths
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import NEEDS_PROOF, Key, is_settled, key, open_ones
from reconciler.recovery.findings.giving_up import given_up, given_up_by
from reconciler.recovery.findings.states import is_bare
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.walking.exclusions import Exclusions


class Acceptance(Struct, frozen=True):
    """What came of it."""

    storage: str
    #: What was accepted; or is to be, as long as nobody has agreed.
    findings: tuple[FileFinding, ...]
    #: How many files were something else again when somebody agreed, and were left alone.
    changed: int = 0
    #: How many of those that are meant were accepted before, as they are.
    before: int = 0
    #: Whether what was accepted is withdrawn: `findings` are those that count again.
    withdrawn: bool = False


def to_accept(
    repository: Repository, place: str, storage: str, wanted: Sequence[str], why: str = ""
) -> Acceptance:
    """Return what can be accepted of the storage at a location: it lasts, and needs proof.

    What was accepted before is meant as well if nobody said why, and now there is a `why`.
    `wanted` are paths, as reports show them, and globs; without any all is meant. Raises
    `UsageError` for one that fits nothing, `SnapshotError` if not all findings can be read,
    `RepositoryError`.
    """
    lasting = _lasting(_known(repository, place))
    meant = _meant(wanted, lasting, storage, repository.address)
    waiting = [e for e in meant if not is_settled(e) or (why and _without_reason(e))]
    return Acceptance(storage, tuple(waiting), before=len(meant) - len(waiting))


def to_withdraw(
    repository: Repository, place: str, storage: str, wanted: Sequence[str]
) -> Acceptance:
    """Return what was accepted of the storage at a location, and still is as it was then.

    Of a path it is also what was accepted as gone, and in whose place another file has come: that
    is gone still, and counts from the next scan on. As `to_accept` otherwise.
    """
    known = _known(repository, place)
    lasting = _lasting(known)
    accepted = [e for e in lasting if is_settled(e)]
    named = {*filter(None, map(_named, wanted))}
    accepted += [e for e in known if e.resolved and _is_given_up(e) and e.path in named]
    for text in wanted:
        if _fitting(text, lasting) and not _fitting(text, accepted):
            raise UsageError(
                f"of {quoted(storage)} {quoted(text)} is not accepted, or is no more: there is "
                "nothing to withdraw, it counts as it is"
            )
    meant = _meant(wanted, accepted, storage, repository.address)
    return Acceptance(storage, tuple(meant), withdrawn=True)


def accept(
    repository: Repository, place: str, shown: Acceptance, said: Accepted, moment: datetime
) -> Acceptance:
    """Keep that somebody has accepted what was `shown`, as far as it is still so.

    `said` has who and why. Raises `RepositoryError`.
    """
    said = replace(said, at=timestamp(moment, "milliseconds"))

    def accepted(was: FileFinding, episode: FileFinding) -> Accepted | None:
        as_shown = replace(said, now=was.now, of=given_up(was), seen=was.last_seen)
        return as_shown if is_settled(replace(episode, accepted=as_shown)) else None

    return _kept(repository, place, shown, moment, accepted)


def withdraw(
    repository: Repository, place: str, shown: Acceptance, by: str, moment: datetime
) -> Acceptance:
    """Keep that somebody takes back what was accepted of what was `shown`; it counts again.

    Who accepted it, when and why, stays. Raises `RepositoryError`.
    """
    withdrawn = timestamp(moment, "milliseconds")

    def taken_back(was: FileFinding, episode: FileFinding) -> Accepted | None:
        if episode.accepted is None or episode.accepted != was.accepted:
            return None
        if not (is_settled(episode) or episode.resolved):
            return None
        return replace(episode.accepted, withdrawn=withdrawn, withdrawn_by=by)

    return _kept(repository, place, shown, moment, taken_back)


def _kept(
    repository: Repository,
    place: str,
    shown: Acceptance,
    moment: datetime,
    said_of: Callable[[FileFinding, FileFinding], Accepted | None],
) -> Acceptance:
    """Keep what is said of each finding as it was shown, and is; None: it is something else."""
    known = store.read(repository, place)
    wanted = {_which(finding): finding for finding in shown.findings}
    done, after = [], []
    for episode in known.episodes:
        was = wanted.get(_which(episode))
        said = said_of(was, episode) if was else None
        after.append(replace(episode, accepted=said) if said else episode)
        done += after[-1:] if said else []
    if done:
        store.keep(repository, place, after, known, moment)
    return replace(shown, findings=tuple(done), changed=len(wanted) - len(done))


def _which(episode: FileFinding) -> tuple[Key, str, str]:
    """Return by what an episode is known among all of its path: of what is over, when it was."""
    return key(episode), episode.resolved and episode.first_seen, episode.resolved


def _known(repository: Repository, place: str) -> Sequence[FileFinding]:
    """Return all that was found; raises `SnapshotError` where something of it is lost."""
    kept = store.read(repository, place)
    if kept.damaged:
        raise SnapshotError(f"nothing is accepted while not all is known: {kept.damaged[0]}")
    return kept.episodes


def _lasting(known: Sequence[FileFinding]) -> list[FileFinding]:
    """Return what needs proof that it is over, by path."""
    lasting = open_ones(known)
    return [lasting[each] for each in sorted(lasting) if lasting[each].what in NEEDS_PROOF]


def _is_given_up(episode: FileFinding) -> bool:
    """Return whether a person has accepted that what is missed is gone, also beside damage."""
    accepted = episode.accepted
    if accepted is None or accepted.withdrawn:
        return False
    return is_bare(accepted.now) or len(given_up_by(accepted, episode)) > 1


def _meant(
    wanted: Sequence[str], findings: Sequence[FileFinding], storage: str, repository: str
) -> list[FileFinding]:
    """Return those that paths or globs mean: all, where there are none; raises `UsageError`."""
    if not wanted:
        return list(findings)
    found = set()
    for text in wanted:
        these = _fitting(text, findings)
        if not these:
            shows = f"`reconciler verify {in_shell(repository)}` shows them"
            raise UsageError(
                f"{quoted(text)} fits no file of {quoted(storage)} that was found damaged, missing "
                f"or deleted, and still is{_near(text, findings)}: {shows}. What has changed on "
                "purpose needs no more than a new snapshot"
            )
        found |= {key(finding) for finding in these}
    return [finding for finding in findings if key(finding) in found]


def _near(text: str, findings: Iterable[FileFinding]) -> str:
    """Say which file was probably meant by a path with more before it; empty: none."""
    parts = [part for part in _named(text).split(b"/") if part not in (b"", b".")]
    ends = [b"/".join(parts[at:]) for at in range(len(parts))]
    there = {finding.path for finding in findings}
    meant = next((end for end in ends if end in there), b"")
    return f" (paths begin below the root: did you mean '{paths.shown(meant)}'?)" if meant else ""


def _without_reason(episode: FileFinding) -> bool:
    return episode.accepted is not None and not episode.accepted.why


def _fitting(text: str, findings: Iterable[FileFinding]) -> list[FileFinding]:
    """Return the findings of a path; of those that a glob means if there is none."""
    every, path = list(findings), _named(text)
    exact = [finding for finding in every if finding.path == path]
    covers = Exclusions((text,)).covers
    return exact or [finding for finding in every if covers(finding.path)]


def _named(text: str) -> bytes:
    """Return the path that a text has; empty where it can only be a glob."""
    try:
        return paths.read(text)
    except ValueError:  # a glob may have a backslash for itself
        return b""
