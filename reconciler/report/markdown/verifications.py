"""`verify` as a comment in Markdown: the verdict first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.paths import shown
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.losses import Loss
from reconciler.recovery.verifying.results import StorageVerified, Verified
from reconciler.report.markdown.comments import Comment, Section, row, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences.recovery import beside, groups, losses
from reconciler.report.sentences.recovery import verifications as told
from reconciler.report.sentences.recovery.groups import Folder, earlier, total
from reconciler.report.sentences.terms import spoken
from reconciler.report.style import PLAIN, Style

_HEAD = "| storage | compared | found | was | is |\n|---|---|---|---|---|\n"


def verified(result: Verified, _style: Style = PLAIN) -> str:
    """Show the verdict, a table of storages, and the findings of each class, the worst first."""
    findings = [finding for one in result.storages for finding in one.findings]
    order = list(told.MEANINGS)
    findings.sort(key=lambda finding: (order.index(finding.what), bool(finding.about)))
    numbers = told.all_found(result.storages)
    sections = [
        _section(list(same), numbers[what], {} if about else _emptied(result, what))
        for (what, about), same in groupby(findings, key=lambda f: (f.what, f.about))
    ]
    lasting = [finding for one in result.storages for finding in one.lasting]
    lasting += [finding for one in result.elsewhere for finding in one.lasting]
    accepted = [finding for one in result.storages for finding in one.accepted]
    counted = [finding for one in result.storages for finding in one.counted]
    notes = [
        *beside.elsewhere(result.elsewhere, result.repository),
        *beside.passed_over(result),
        *result.notes,
        *(
            f"{one.storage}: {note}"
            for one in result.storages
            for note in _notes(one, result.repository)
        ),
    ]
    return written(
        Comment(
            told.total(result),
            (prose(told.heading(result)),),
            sections=(
                Section("", "storage", result.storages, _storage, table=_HEAD),
                *sections,
                Section(f"Found earlier, {told.LASTS}", "file", _together(lasting), str),
                Section("Accepted", "file", _together(accepted), str),
                Section("Only counted", "change", counted, _finding),
                Section("Notes", "note", notes, prose),
            ),
            see=code(result.rows) if result.rows else "the table of `--rows`",
        )
    )


def accepted(done: Acceptance, _style: Style = PLAIN) -> str:
    """Show what was accepted."""
    sections = (Section("", "file", done.findings, _named),)
    return written(Comment(total(done), sections=sections))


def loss(result: Loss, _style: Style = PLAIN) -> str:
    """Say what was lost, and is missed no more."""
    return written(Comment(losses.total(result)))


def _emptied(result: Verified, what: str) -> dict[str, list[Folder]]:
    """Return the folders of which all files are `what`, by storage."""
    return {one.storage: groups.emptied(one, what) for one in result.storages}


def _together(findings: list[FileFinding]) -> list[str]:
    """Return lines for findings, of which those below one folder have one line."""
    told = []
    for storage, same in groupby(findings, key=lambda finding: finding.storage):
        these = list(same)
        folders = groups.heaps(these)
        told += [f"{_folder(storage, folder)} ({spoken(folder.what)})" for folder in folders]
        told += map(_named, groups.beside(these, folders))
    return told


def _folder(storage: str, folder: Folder) -> str:
    return f"{code(storage)} {code(shown(folder.path))}: {folder.told}"


def _section(
    findings: list[FileFinding], number: int, folders: Mapping[str, Sequence[Folder]]
) -> Section[str]:
    what = spoken(findings[0].what)
    items = [_folder(storage, each) for storage in folders for each in folders[storage]]
    for storage, same in groupby(findings, key=lambda finding: finding.storage):
        items += map(_finding, groups.beside(list(same), folders.get(storage, ())))
    cut = f" of {number:,}" if number > len(items) else ""
    title = f"{what[:1].upper()}{what[1:]}: {told.meaning(findings[0])}"
    return Section(title, f"{what} one", items, str, added=cut)


def _storage(one: StorageVerified) -> str:
    was, now = (", ".join(told.rests_on(one)[at : at + 1]) for at in (0, 1))
    lasts = f"found earlier: {told.found(one.lasts)}" if one.lasts else ""
    return row(
        [
            code(one.storage),
            told.compared(one),
            "; ".join(filter(None, [told.found(one.found), lasts])) or "nothing",
            was.partition(": ")[2],
            now.partition(": ")[2],
        ]
    )


def _finding(finding: FileFinding) -> str:
    details = "; ".join(prose(detail) for detail in told.details(finding))
    subject = code(told.subject(finding)) if finding.path else told.subject(finding)
    return ": ".join(filter(None, [f"{code(finding.storage)} {subject}", details]))


def _named(finding: FileFinding) -> str:
    return f"{_finding(finding)} ({spoken(finding.what)})"


def _notes(one: StorageVerified, repository: str) -> list[str]:
    counted = told.only_counted(one)
    facts = [f"only counted: {', '.join(counted)}"] if counted else []
    return [*told.not_known(one), *facts, *earlier(one, repository), *one.notes]
