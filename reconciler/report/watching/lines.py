"""What is said of conditions that begin, change and end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.environment.timestamps import moment_of
from reconciler.masking import masked_in
from reconciler.printable import quoted, shown
from reconciler.recovery.findings.episodes import SEVERITY
from reconciler.recovery.proving.results import Coverage, StorageProved
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.results import Elsewhere
from reconciler.report.sentences.drift import Difference, meaning
from reconciler.report.sentences.recovery.objectives import lasting
from reconciler.report.sentences.terms import count, value
from reconciler.watching.conditions import (
    BEGAN,
    BLOCKED,
    CHANGED,
    DRIFT,
    DROPPED,
    FINDING,
    LONG_SCAN,
    NOT_APPLIED,
    NOT_KNOWN,
    NOT_PROVED,
    NOT_PULLED,
    NOT_REACHABLE,
    NOT_SCANNED,
    OVERDUE,
    UNREAD,
    News,
)
from reconciler.watching.files import Due

#: What is said of each kind as it begins, and as it ends.
SAID = {
    DRIFT: ("drift", "no drift any more"),
    BLOCKED: ("blocked", "not blocked any more"),
    UNREAD: ("can't look", "can look again, after"),
    NOT_PULLED: ("can't pull", "can pull again, after"),
    NOT_APPLIED: ("not applied", "nothing is left to apply, after"),
    NOT_SCANNED: ("not scanned", "scanned again, after"),
    FINDING: ("finding", "no finding any more"),
    NOT_REACHABLE: ("not reachable", "reachable again"),
    OVERDUE: ("overdue", "not overdue any more"),
    NOT_PROVED: ("not proved", "proved, after"),
    LONG_SCAN: ("scan runs long", "no long scan any more, after"),
    NOT_KNOWN: ("not known", "known again, after"),
}
#: What is said of those that are for another reason now; others have changed.
_CHANGED = {
    UNREAD: "can't look, for another reason now",
    NOT_PULLED: "can't pull, for another reason now",
    NOT_APPLIED: "another plan is not applied",
}


def words_of(kind: str) -> tuple[str, str]:
    """Return what is said of a kind, also of a later version's, as it begins and as it ends."""
    called = shown(kind).replace("_", " ")
    return SAID.get(kind, (called, f"not any more, {called}"))


def changed(kind: str) -> str:
    """Return what is said of a kind that lasts, and is another way than before."""
    return _CHANGED.get(kind, f"{words_of(kind)[0]} has changed")


def line(news: News) -> str:
    """Return one line, without its end, that begins with the time."""
    if news.condition.message.startswith(DROPPED):
        return f"{news.time} {news.condition.message}"
    began, ended = words_of(news.condition.kind)
    told = {BEGAN: began, CHANGED: changed(news.condition.kind)}.get(news.event, ended)
    return f"{news.time} {told}: {news.condition.message}"


def of_difference(difference: Difference) -> str:
    """Say in one line in what a storage is not as declared; all of it can be printed."""
    told = [f"{quoted(difference.name)}: {meaning(difference.kind)}"]
    told += [
        "{}: live {}, declared {}".format(change.field, *map(value(change.field), sides))
        for change in difference.changes
        for sides in [(change.before, change.after)]
    ]
    if difference.message:
        told.append(shown(" ".join(difference.message.split())))
    return masked_in("; ".join(told))


def of_proofs(
    one: StorageProved, found: Iterable[FileFinding], *, wanted: bool
) -> list[tuple[str, str, str]]:
    """Return what is wrong with the proofs of a storage: its kind, its code, and a sentence.

    `found` is what is wrong with files of it; `wanted`: every byte is to be proved.
    """
    name, coverage = quoted(one.storage), one.coverage
    told = [_wrong(name, one.wrong, found)] if one.wrong else []
    if one.not_reachable_since:
        told.append((NOT_REACHABLE, "", f"{name}: {shown(one.not_reachable)}"))
    if one.problem:
        told.append((NOT_KNOWN, "", f"{name}: {shown(one.problem)}"))
    if coverage is not None and coverage.late.files:
        cycle = lasting(one.objective.every)
        late = count(coverage.late.files, "file")
        told.append((OVERDUE, "", f"{name}: {late} proved longer ago than {cycle}"))
    if wanted and (missed := _missed(one, coverage)):
        told.append((NOT_PROVED, "", f"{name}: {missed}"))
    return told


def name_of(one: Elsewhere) -> str:
    """Return what a storage is called that is none of those that are declared."""
    return one.storage or one.address or one.named


def of_elsewhere(one: Elsewhere) -> list[tuple[str, str, str]]:
    """Return the same of a storage that is none of those that are declared."""
    where = f" at {quoted(one.address)}" if one.storage and one.address else ""
    name = f"{quoted(name_of(one))}{where}, which is none of the storages any more"
    told = [_wrong(name, one.lasts, one.lasting)] if one.lasts else []
    if one.problem:
        told.append((NOT_KNOWN, "", f"{name}: {shown(one.problem)}"))
    return told


def _wrong(
    name: str, wrong: Mapping[str, int], found: Iterable[FileFinding]
) -> tuple[str, str, str]:
    """Say how many files are wrong, and when the latest was found.

    By that it is seen that it is another one, where there are as many as before.
    """
    classes = sorted(wrong, key=SEVERITY.index)
    counts = ", ".join(f"{wrong[what]:,} {shown(what)}" for what in classes)
    latest = max((one.first_seen for one in found), default="")
    said = f"; the latest was found at {latest}" if latest else ""
    return FINDING, classes[0], f"{name}: {counts}, and not accepted{said}"


def _missed(one: StorageProved, coverage: Coverage | None) -> str:
    """Say of what there is no proof at all; empty if there is of everything, or else told."""
    if coverage is None:
        return "" if one.problem or one.not_reachable_since else "never scanned"
    told = []
    if files := coverage.never.files + coverage.ahead.files:
        told.append(f"{count(files, 'file')} never read")
    if coverage.closed:
        told.append(f"{count(coverage.closed, 'folder')} that could not be listed")
    if one.left_out or one.is_hollow:
        told.append("not all of it is read: something is left out")
    return ", ".join(told)


def of_dues(one: StorageProved) -> list[Due]:
    """Return when the oldest proof of a storage is too old, and what is said then."""
    every, coverage = one.objective.every, one.coverage
    if coverage is None or coverage.oldest is None:
        return []
    said = f"{quoted(one.storage)}: the oldest proof is older than {lasting(every)}"
    return [Due(one.storage, moment_of(coverage.oldest + every), said)]
