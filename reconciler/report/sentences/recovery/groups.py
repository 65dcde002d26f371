"""What every format says of a storage's findings together: those of now, of earlier, accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from reconciler.environment.timestamps import whole_seconds
from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.findings.episodes import NEEDS_PROOF
from reconciler.recovery.paths import argument
from reconciler.recovery.values import INVENTORY, MISSING, FileFinding
from reconciler.recovery.verifying.results import Elsewhere, StorageVerified
from reconciler.recovery.verifying.telling.redaction import REDACTED
from reconciler.report.sentences.recovery.verifications import (
    LASTS,
    MEANINGS,
    command,
    found,
    meaning,
    verify,
)
from reconciler.report.sentences.terms import bare, count, spoken, word

#: So many findings below one folder are told together.
_HEAP = 20
_ACCEPTED = "a person has said that these may stay as they are"

#: What to do about what needs proof, in this order: to mend it, or to let it stay.
_MEND = "to mend it: `{} --explain {} {}` names the good copies; copy the bytes back from one"
_REBUILD = "to have records again that the platform lacks: `{}`"
_ACCEPT = "only what may stay as it is: `{} --accept {} PATH`"


class Folder(NamedTuple):
    """Findings of one class below a folder, which are told in one line."""

    path: bytes
    what: str
    number: int
    #: How many, in a few words.
    told: str


class Group(NamedTuple):
    """Findings that are told together."""

    #: What they are, in a word or two; and what that means.
    what: str
    meaning: str
    #: How many there are, and the first of them.
    number: int
    findings: Sequence[FileFinding]
    #: What is said of each where it stands alone.
    note: str = ""
    #: Whether they count, for the exit code and at all.
    counts: bool = True
    #: Those of them that lie together.
    folders: Sequence[Folder] = ()


def groups(one: StorageVerified) -> Iterator[Group]:
    """Yield what was found, by class, then what lasts of earlier, then what was accepted."""
    for (what, _), same in groupby(one.findings, key=lambda f: (f.what, f.about)):
        these = list(same)
        number = one.found.get(what, len(these))
        folders = [] if these[0].about else emptied(one, what)
        yield Group(spoken(what), meaning(these[0]), number, these, folders=folders)
    yield from lasting(one)
    if one.accepted_count:
        taken = "accepted", _ACCEPTED, one.accepted_count, one.accepted
        yield Group(*taken, counts=False, folders=heaps(one.accepted))


def lasting(one: StorageVerified | Elsewhere) -> Iterator[Group]:
    """Yield what was found earlier and lasts, by class, the worst first."""
    for what in MEANINGS:
        if number := one.lasts.get(what, 0):
            these = [finding for finding in one.lasting if finding.what == what]
            by = f"{spoken(what)} earlier", LASTS, number, these, "found earlier"
            yield Group(*by, folders=heaps(these))


def emptied(one: StorageVerified, what: str) -> list[Folder]:
    """Return the folders of which all files are `what`, and none is left."""
    return [
        Folder(each.path, what, each.files, f"all {each.files:,} files below it")
        for each in one.emptied
        if each.what == what
    ]


def heaps(findings: Sequence[FileFinding]) -> list[Folder]:
    """Return the folders below which many of the findings lie, as files, none in another one.

    Whether there are other files, nobody says.
    """
    paths: dict[str, list[bytes]] = {}
    for finding in findings:
        if not finding.about and b"/" in finding.path:
            paths.setdefault(finding.what, []).append(finding.path)
    told: list[Folder] = []
    for what, each in paths.items():
        last = b""
        for folder in sorted({path.rpartition(b"/")[0] + b"/" for path in each}):
            number = sum(path.startswith(folder) for path in each)
            if number >= _HEAP and not (last and folder.startswith(last)):
                last = folder
                told.append(Folder(folder, what, number, f"{number:,} files below it"))
    return told


def beside(findings: Sequence[FileFinding], folders: Sequence[Folder]) -> list[FileFinding]:
    """Return the findings that are not told with a folder."""
    by_class: dict[str, tuple[bytes, ...]] = {}
    for folder in folders:
        by_class[folder.what] = (*by_class.get(folder.what, ()), folder.path)
    return [each for each in findings if not each.path.startswith(by_class.get(each.what, ()))]


def earlier(one: StorageVerified, repository: str) -> list[str]:
    """Say what became of what earlier runs found, and what to do about what is wrong.

    `repository` is its address, as reports have it.
    """
    told = []
    if one.resolved_count:
        told.append(f"{count(one.resolved_count, 'earlier finding')} resolved")
    if one.still_open:
        what = f" ({found(one.still_open_of)})" if one.still_open_of else ""
        told.append(
            f"{count(one.still_open, 'earlier finding')} not proved to be over{what}, the oldest "
            f"of {whole_seconds(one.still_open_since)}"
        )
    wrong = [each for each in (*one.findings, *one.lasting) if each.what in NEEDS_PROOF]
    wrong.sort(key=lambda each: list(MEANINGS).index(each.what))
    files = [each.path for each in wrong if not each.about]
    which = word(one.named or one.storage)
    if files:
        told.append(_MEND.format(verify(repository), which, _path(files[0])))
    if any(each.about == INVENTORY and each.what == MISSING for each in wrong):
        told.append(_REBUILD.format(command("rebuild", repository)))
    if wrong:
        told.append(_ACCEPT.format(verify(repository), which))
    return told


def _path(path: bytes) -> str:
    """Return a path as an argument; one that was redacted has to be filled in by the reader."""
    return "PATH" if path.startswith(REDACTED) else argument(path)


def to_accept(shown: Acceptance) -> str:
    """Say what would be accepted, or be so no more."""
    number = count(len(shown.findings), "file")
    if shown.withdrawn:
        return f"{bare(shown.storage)}: {number} no more to be accepted"
    return f"{bare(shown.storage)}: {number} to be accepted as {_they(shown)}"


def total(done: Acceptance) -> str:
    """Say what came of it."""
    if done.changed:
        left = f"{count(done.changed, 'file')} left alone, for meanwhile it is something else: "
        what = "Withdrawn" if done.withdrawn else "Accepted"
        return f"{what}: {len(done.findings):,}; {left}look again."
    if done.withdrawn:
        return _withdrawn(done)
    if not done.findings:
        if done.before:
            return f"Nothing to accept: all that lasts on {bare(done.storage)} was accepted before."
        return f"Nothing to accept: no file of {bare(done.storage)} is damaged, missing or deleted."
    number = count(len(done.findings), "file")
    return (
        f"Accepted: {number} of {bare(done.storage)}. Counted no more while as {_they(done)} now."
    )


def _withdrawn(done: Acceptance) -> str:
    if not done.findings:
        return f"Nothing to withdraw: nothing that lasts on {bare(done.storage)} is accepted."
    number = count(len(done.findings), "file")
    again = (
        "It counts again until its" if len(done.findings) == 1 else "They count again until their"
    )
    return f"Withdrawn: {number} of {bare(done.storage)}. {again} bytes are read there again."


def _they(shown: Acceptance) -> str:
    return "it is" if len(shown.findings) == 1 else "they are"
