"""Which exit code the results of recovery come to: the one place that says 7 or 8.

7: something is wrong. 8: nothing is, as far as is known, but not all is known. 0: all is known, and
nothing is wrong. Before them all comes 130, where a signal kept something from being done. Errors
carry their own codes; what each code means stands in `cli/exits.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import FINDINGS, INTERRUPTED, SUCCESS, UNPROVED
from reconciler.recovery.proving import results as proving
from reconciler.recovery.proving.results import Proved
from reconciler.recovery.scanning.outcome import DONE, NOT_BEGUN, UNFINISHED, Scanned
from reconciler.recovery.verifying import results as verifying
from reconciler.recovery.verifying.results import Verified
from reconciler.recovery.verifying.stories import Story


def of_scans(
    results: Sequence[Scanned], *, interrupted: bool = False, follows: bool = False
) -> int:
    """Return the exit code of scans: where nothing was scanned, nobody knows anything.

    Whoever was interrupted when all was done already has lost nothing, and is told so; not where
    something `follows` the scans: that is what the signal kept from being done.
    """
    undone = follows or any(result.status in (UNFINISHED, NOT_BEGUN) for result in results)
    if interrupted and undone:
        return INTERRUPTED
    done = all(result.status in DONE and not result.forgotten for result in results)
    return _code(wrong=any(r.found for r in results), all_known=bool(results) and done)


def of_snapshot(*, complete: bool, scans: int = SUCCESS) -> int:
    """Return the exit code of a snapshot that was made; `scans` is that of those before it."""
    return _code(wrong=scans == FINDINGS, all_known=complete and scans == SUCCESS)


def of_verified(verified: Verified, *, interrupted: bool = False) -> int:
    """Return the exit code of a comparison."""
    if interrupted and any(one.is_partial for one in verified.storages):
        return INTERRUPTED
    verdict = verified.verdict
    return _code(wrong=verdict == verifying.DIFFERS, all_known=verdict == verifying.AGREES)


def of_story(story: Story) -> int:
    """Return the exit code of what is told of one file, or folder."""
    return _code(wrong=story.is_wrong, all_known=story.is_known and not story.lost)


def of_proved(proved: Proved) -> int:
    """Return the exit code of storages held against their objectives."""
    verdict = proved.verdict
    return _code(wrong=verdict == proving.WRONG, all_known=verdict == proving.PROVED)


def _code(*, wrong: bool, all_known: bool) -> int:
    if wrong:
        return FINDINGS
    return SUCCESS if all_known else UNPROVED
