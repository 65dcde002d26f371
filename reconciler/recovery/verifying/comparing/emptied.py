"""Folders of which nothing is left: told in one line, where file by file would be hundreds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable

from reconciler.recovery import values
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.results import Emptied

#: Findings of files that are gone from where they were.
_GONE = frozenset({values.MISSING, values.DELETED, values.MOVED, values.RENAMED})
#: Those of which a folder is told as a whole.
WHOLE = frozenset({values.MISSING, values.DELETED})
#: With fewer files a folder is told file by file.
FEWEST = 5
#: So many folders are counted, and so many looked for in what is there: where faults are scattered
#: over more, hardly any folder is empty, and looking would cost more than the comparison did.
_MOST, _LOOKS = 50_000, 100


def emptied(
    findings: Iterable[FileFinding], accepted: Collection[bytes], holds: Callable[[bytes], bool]
) -> tuple[Emptied, ...]:
    """Return the folders, by path, of which all files are `MISSING`, or all `DELETED`.

    `accepted` are the paths of those that a person has accepted: they are told apart. `holds` says
    whether there is any file below a folder, whose path ends with `/`. Of a folder in another one
    only that is told.
    """
    counts = _counts(findings, accepted)
    found: dict[bytes, Emptied] = {}
    looks = 0
    # The largest come first, and so each before those that lie in it.
    for folder, of in sorted(counts.items(), key=lambda each: (-each[1].total(), each[0])):
        (what, files), *others = of.most_common()
        if files < FEWEST or looks == _LOOKS:
            break
        if others or what not in WHOLE or any(above in found for above in _folders(folder[:-1])):
            continue
        looks += 1
        if not holds(folder):
            found[folder] = Emptied(folder, what, files)
    return tuple(found[folder] for folder in sorted(found))


def _counts(
    findings: Iterable[FileFinding], accepted: Collection[bytes]
) -> dict[bytes, Counter[str]]:
    counts: dict[bytes, Counter[str]] = {}
    for finding in findings:
        if finding.what not in _GONE or finding.about:
            continue
        what = "accepted" if finding.path in accepted else finding.what
        for folder in _folders(finding.path):
            if folder not in counts and len(counts) == _MOST:
                return {}
            counts.setdefault(folder, Counter())[what] += 1
    return counts


def _folders(path: bytes) -> list[bytes]:
    return [path[: at + 1] for at, byte in enumerate(path) if byte == ord("/")]
