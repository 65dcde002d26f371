"""`verify --objective` as a page: the verdict, then each storage."""

from __future__ import annotations

from reconciler.recovery.proving.results import PROVED, WRONG, Proved, StorageProved
from reconciler.report import style
from reconciler.report.html.page import ALARM, DOUBT, FINE, Group, Item, Page
from reconciler.report.html.writing import written
from reconciler.report.sentences.recovery import objectives as told
from reconciler.report.style import Style

_LEVELS = {PROVED: FINE, WRONG: ALARM}


def proved(result: Proved, _style: Style = style.PLAIN) -> str:
    """Show the verdict, and how much of each storage was proved, and why not more."""

    def storage(one: StorageProved) -> Item:
        facts = (*told.facts(one, result.at), *told.reasons(one, result.at))
        level = _LEVELS.get(one.verdict, DOUBT)
        return Item("storage", one.storage, level=level, note=told.result(one), facts=facts)

    return written(
        Page(
            "verify",
            told.total(result),
            "proved" if result.verdict == PROVED else "not proved",
            _LEVELS.get(result.verdict, DOUBT),
            lead=tuple(told.notes(result)),
            groups=(Group("Storages", tuple(map(storage, result.storages))),),
        )
    )
