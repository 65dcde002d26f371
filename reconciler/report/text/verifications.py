"""`verify` on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.printable import shown
from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.paths import shown as shown_path
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.losses import Loss
from reconciler.recovery.verifying.results import (
    AGREES,
    DIFFERS,
    Elsewhere,
    StorageVerified,
    Verified,
)
from reconciler.report.sentences.recovery import beside, losses
from reconciler.report.sentences.recovery import groups as told_together
from reconciler.report.sentences.recovery import verifications as told
from reconciler.report.sentences.recovery.groups import Folder, Group, earlier, groups
from reconciler.report.sentences.terms import bare, spoken
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, lines

#: So many findings of one class and storage are shown, unless more is asked for.
_SHOWN = 20
_RECORD = "the platform's record of it"
_COLOURS = {AGREES: "green", DIFFERS: "alarm"}


def verified(result: Verified, style: Style = PLAIN) -> str:
    """Show each storage: how much was compared, what was found, on what it rests; verdict last."""
    colour = _COLOURS.get(result.verdict, "yellow")
    last = lines(told.total(result), style.width, rest="  ")
    verdict = [style.paint(line, colour) for line in last]
    each = [_storage(one, result.repository, style) for one in result.storages]
    others = [
        line for one in result.elsewhere for line in _elsewhere(one, result.repository, style)
    ]
    if style.quiet:
        return joined([*(part for part in (*each, others) if part), verdict])
    notes = [*others, *_lines(_notes(result), style)]
    return joined([lines(told.heading(result), style.width, rest="  "), *each, notes, verdict])


def to_accept(shown: Acceptance, style: Style = PLAIN) -> str:
    """Show what would be accepted."""
    return joined([[f"{told_together.to_accept(shown)}:", *_accepted(shown, style)]])


def accepted(done: Acceptance, style: Style = PLAIN) -> str:
    """Show what was accepted; how much it was stands last."""
    last = lines(told_together.total(done), style.width, rest="  ")
    return joined([[] if style.quiet else _accepted(done, style), last])


def loss(result: Loss, style: Style = PLAIN) -> str:
    """Say what was lost, and is missed no more."""
    return joined([lines(losses.total(result), style.width)])


def _accepted(shown: Acceptance, style: Style) -> list[str]:
    name, most = bare(shown.storage), len(shown.findings) if style.verbose else _SHOWN
    told = [
        line
        for finding in shown.findings[:most]
        for line in _finding(
            finding, name, style, only_counted=True, note=_RECORD if finding.about else ""
        )
    ]
    more = len(shown.findings) - most
    return [*told, *(_line(f"… and {more:,} more: -v has all", name, style) if more > 0 else ())]


def _storage(one: StorageVerified, repository: str, style: Style) -> list[str]:
    if style.quiet and one.verdict == AGREES:
        return []
    name = bare(one.storage)
    done = style.record(lines(f"{name}: {told.compared(one)}", style.width, rest="    "))
    for fact in () if style.quiet else told.rests_on(one):
        done += _line(fact, name, style)
    for fact in told.not_known(one):
        done += _line(fact, name, style)
    for group in groups(one):
        done += _group(group, name, style)
    for finding in one.counted:
        done += _finding(finding, name, style, only_counted=True)
    facts = [f"only counted: {', '.join(counted)}"] if (counted := told.only_counted(one)) else []
    for fact in [*facts, *earlier(one, repository), *one.notes]:
        done += _line(fact, name, style)
    for finding in one.resolved if style.verbose else ():
        done += _line(f"resolved: {finding.what} {told.subject(finding)}", name, style)
    return done


def _elsewhere(one: Elsewhere, repository: str, style: Style) -> Iterator[str]:
    """Yield what is wrong with a storage that was not asked for, and the first findings."""
    yield from _lines(beside.elsewhere([one], repository), style)
    for group in told_together.lasting(one):
        yield from _group(group, bare(one.storage) if one.storage else "A storage", style)


def _group(group: Group, name: str, style: Style) -> Iterator[str]:
    """Yield findings of one kind: a title, the first ones, and how many more there are."""
    if not style.records:
        title = f"{group.what} ({group.number:,})"
        first, *rest = lines(f"{title}: {group.meaning}", style.width, "  ", "    ")
        yield first.replace(title, style.paint(title, "red"), 1)
        yield from rest
    yield from _listed(group, name, style)


def _listed(group: Group, name: str, style: Style) -> Iterator[str]:
    """Yield folders, the first findings that lie in none of them, and how many more there are."""
    told = group.findings
    for folder in group.folders:
        yield from _folder(folder, group, name, style)
    if not style.verbose:
        told = told_together.beside(told, group.folders)[:_SHOWN]
    for finding in told:
        note = group.note if style.records else ""
        yield from _finding(finding, name, style, only_counted=not group.counts, note=note)
    cut = group.number - len(told)
    cut -= 0 if style.verbose else sum(folder.number for folder in group.folders)
    if cut > 0:
        more = f"{cut:,} more {group.what}".rstrip()
        yield from _line(f"… and {more}: --rows FILE has all", name, style)


def _folder(folder: Folder, group: Group, name: str, style: Style) -> list[str]:
    path, what = shown_path(folder.path), spoken(folder.what)
    mark = what if group.counts else f"({what})"
    if style.records:
        return ["  ".join(filter(None, [f"{name}:", mark, path, folder.told, group.note]))]
    subject = path if group.counts else f"{mark} {path}"
    return [*lines([subject], style.width, "    ", "      "), f"      {folder.told}"]


def _finding(
    finding: FileFinding, name: str, style: Style, *, only_counted: bool = False, note: str = ""
) -> list[str]:
    subject, details = told.subject(finding), told.details(finding)
    if style.records:
        what = f"({spoken(finding.what)})" if only_counted else spoken(finding.what)
        return ["  ".join([f"{name}:", what, subject, *details, *filter(None, [note])])]
    mark = f"({spoken(finding.what)}) " if only_counted else ""
    done = lines([f"{mark}{subject}"], style.width, "    ", "      ")
    facts = ", ".join([*details, *filter(None, [note])])
    return done + lines(facts, style.width, "      ", "      ")


def _line(text: str, name: str, style: Style) -> list[str]:
    """Return a fact about a storage, which a line of its own must name it with."""
    if style.records:
        return [f"{name}:  {shown(text)}"]
    return lines(shown(text), style.width, "  ", "    ")


def _lines(sentences: Iterable[str], style: Style) -> list[str]:
    return [line for told in sentences for line in lines(shown(told), style.width, "", "  ")]


def _notes(result: Verified) -> list[str]:
    rows = [f"All findings are in {result.rows}."] if result.rows else []
    names = ["Names are replaced by short hashes."] if result.redacted else []
    return [*beside.passed_over(result), *result.notes, *rows, *names]
