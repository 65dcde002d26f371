"""`verify` as a page: the verdict, then the findings of each class, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.paths import shown
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.losses import Loss
from reconciler.recovery.verifying.results import (
    AGREES,
    DIFFERS,
    UNPROVED,
    StorageVerified,
    Verified,
)
from reconciler.report import style
from reconciler.report.html.page import ALARM, DOUBT, FINE, PLAIN, Group, Item, Page
from reconciler.report.html.writing import written
from reconciler.report.sentences.recovery import beside, groups, losses
from reconciler.report.sentences.recovery import verifications as told
from reconciler.report.sentences.recovery.groups import Folder
from reconciler.report.sentences.terms import spoken
from reconciler.report.style import Style

_LEVELS = {AGREES: FINE, DIFFERS: ALARM}


def verified(result: Verified, _style: Style = style.PLAIN) -> str:
    """Show the verdict, the findings of each class, and on what each storage rests."""
    numbers = told.all_found(result.storages)
    order = [what for what in told.MEANINGS if numbers.get(what)]
    counts = [(numbers[what], spoken(what), _level(what)) for what in order]
    notes = (*beside.passed_over(result), *result.notes)
    if result.rows:
        notes += (f"All findings are in {result.rows}.",)
    if result.redacted:
        notes += ("Names are replaced by short hashes.",)
    return written(
        Page(
            "verify",
            *_title(told.total(result)),
            _LEVELS.get(result.verdict, DOUBT),
            lead=(told.heading(result), *notes),
            counts=((result.compared, "compared", PLAIN), *counts),
            groups=tuple(_groups(result)),
        )
    )


def _title(total: str) -> tuple[str, str]:
    """Split the verdict, `FINDINGS: 2 damaged`, into a title and the word that it begins with."""
    word, _, rest = total.partition(": ")
    return f"{rest[:1].upper()}{rest[1:]}", word.lower()


def accepted(done: Acceptance, _style: Style = style.PLAIN) -> str:
    """Show what was accepted."""
    group = Group("Files", tuple(map(_finding, done.findings)))
    return written(Page("verify", groups.total(done), "accepted", groups=(group,)))


def loss(result: Loss, _style: Style = style.PLAIN) -> str:
    """Say what was lost, and is missed no more."""
    return written(Page("verify", losses.total(result), "accepted"))


def _groups(result: Verified) -> Iterator[Group]:
    numbers = told.all_found(result.storages)
    findings = [finding for one in result.storages for finding in one.findings]
    order = list(told.MEANINGS)
    findings.sort(key=lambda finding: (order.index(finding.what), bool(finding.about)))
    for (what, about), same in groupby(findings, key=lambda each: (each.what, each.about)):
        these = list(same)
        folders = [] if about else list(_emptied(result.storages, what))
        items = (*folders, *map(_finding, these))
        number = len(folders) + max(numbers[what], len(these)) if not about else None
        title = spoken(what).capitalize()
        yield Group(title, items, told.meaning(these[0]), _level(what), number)
    lasting = [finding for one in result.storages for finding in one.lasting]
    lasting += [finding for one in result.elsewhere for finding in one.lasting]
    yield Group("Found earlier", tuple(map(_finding, lasting)), told.LASTS, ALARM)
    others = beside.elsewhere(result.elsewhere, result.repository)
    items = tuple(Item("storage", level=ALARM, facts=(text,)) for text in others)
    yield Group("Other storages", items, level=ALARM, stays=True)
    storages = tuple(_storage(one, result.repository) for one in result.storages)
    yield Group("Storages", storages)
    taken = [finding for one in result.storages for finding in one.accepted]
    yield Group("Accepted", tuple(_as("accepted", taken)))
    counted = [finding for one in result.storages for finding in one.counted]
    yield Group("Only counted", tuple(_as("only counted", counted)))


def _emptied(storages: Iterable[StorageVerified], what: str) -> Iterator[Item]:
    for one in storages:
        for folder in groups.emptied(one, what):
            yield _folder(one.storage, folder)


def _folder(storage: str, folder: Folder) -> Item:
    kind, level = spoken(folder.what), _level(folder.what)
    return Item(kind, shown(folder.path), storage, level=level, note=folder.told)


def _finding(finding: FileFinding) -> Item:
    facts = tuple(told.details(finding))
    kind, level = spoken(finding.what), _level(finding.what)
    return Item(kind, told.subject(finding), finding.storage, level=level, facts=facts)


def _as(kind: str, findings: Sequence[FileFinding]) -> Iterator[Item]:
    """Yield findings that do not count."""
    for finding in findings:
        facts = (spoken(finding.what), *told.details(finding))
        yield Item(kind, told.subject(finding), finding.storage, facts=facts)


def _storage(one: StorageVerified, repository: str) -> Item:
    counted = told.only_counted(one)
    numbers = told.found(one.found)
    facts = [f"found: {numbers}" if numbers else ""]
    facts += [f"found earlier: {told.found(one.lasts)}" if one.lasts else ""]
    facts += [*told.rests_on(one), *told.not_known(one)]
    facts += [f"only counted: {', '.join(counted)}" if counted else ""]
    facts += [*groups.earlier(one, repository), *one.notes]
    level = _LEVELS.get(one.verdict, DOUBT)
    return Item(
        "storage",
        one.storage,
        level=level,
        note=told.compared(one),
        facts=tuple(filter(None, facts)),
    )


def _level(what: str) -> str:
    return DOUBT if what in UNPROVED else ALARM
