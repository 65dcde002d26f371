"""What every format says of what scans were told to leave out: that nothing is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.printable import listed, quoted
from reconciler.recovery.values import LeftOut
from reconciler.report.sentences.terms import bare, count

_NOTHING_KNOWN = "nothing is known of that"
#: So many storages are named in one line.
_NAMED = 3


def any_of(globs: Iterable[LeftOut]) -> bool:
    """Return whether anything was left out: a glob may have matched nothing."""
    return any(each.files or each.folders for each in globs)


def note(globs: Sequence[LeftOut], when: str = "") -> str:
    """Say what was left out, and how much, as far as it was counted; empty if nothing was."""
    if not any_of(globs):
        return ""
    return f"left out by --exclude{when and f', {when}'}: {counted(globs)}; {_NOTHING_KNOWN}"


def counted(globs: Iterable[LeftOut]) -> str:
    """Say by which glob how much was left out; empty if nothing was."""
    return ", ".join(_of(each) for each in globs if each.files or each.folders)


def of_both(was: Sequence[LeftOut], now: Sequence[LeftOut]) -> list[str]:
    """Say what was left out of a storage when it was scanned, and when it was scanned again."""
    if was == now:
        return [told] if (told := note(was)) else []
    return [told for told in (note(was, "in what was"), note(now, "in what is")) if told]


def in_all(storages: Sequence[str]) -> str:
    """Say in the line of a verdict from which storages something was left out; empty for none."""
    if not storages:
        return ""
    few = len(storages) <= _NAMED
    where = listed(storages, bare) if few else count(len(storages), "storage")
    return f"; nothing is known of what was left out of {where}"


def _of(each: LeftOut) -> str:
    much = ((each.files, "file"), (each.folders, "folder"))
    return f"{quoted(each.glob)} ({', '.join(count(n, noun) for n, noun in much if n)})"
