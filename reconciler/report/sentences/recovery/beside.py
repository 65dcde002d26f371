"""What every format says beside what was compared: other storages, and newer snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

from reconciler.printable import listed, quoted
from reconciler.recovery.verifying import results
from reconciler.recovery.verifying.results import Elsewhere, Verified
from reconciler.report.sentences.recovery.verifications import LASTS, found, verify
from reconciler.report.sentences.terms import bare


def elsewhere(each: Iterable[Elsewhere], repository: str) -> list[str]:
    """Say of each what is wrong, where it lies or lay, and what to do, in a sentence or two.

    `repository` is its address, as reports have it.
    """
    return [_sentence(one, verify(repository)) for one in each]


def _sentence(one: Elsewhere, command: str) -> str:
    where = f" at {quoted(one.address)}" if one.address else ""
    name = bare(one.storage) if one.storage else "A storage"
    told = f"{name}{where}, which is none of the storages above"
    if one.lasts:
        told += f": {found(one.lasts)} found earlier, {LASTS}"
    which = quote(one.named or one.address or "STORAGE")
    if one.problem:
        accepting = f"`{command} --accept-loss {which}`"
        return f"{told}: {one.problem}. Where it is scanned no more: {accepting} goes on without"
    return (
        f"{told}. To mend it: `{command} --explain {which} PATH` names the good copies; only what "
        f"may stay as it is: `{command} --accept {which}`"
    )


def passed_over(verified: Verified) -> list[str]:
    """Say which newer snapshots were not compared, and how they can be."""
    if not (ids := verified.passed_over):
        return []
    which, newest = ("a newer snapshot", "it") if len(ids) == 1 else ("newer snapshots", "the last")
    command = verify(verified.repository, f"@{max(ids)}")
    command += " --deep" if verified.how == results.DEEP else ""
    told = f"Passed over, as incomplete: {which}, {listed(ids)}."
    return [f"{told} `{command}` compares with what {newest} has."]
