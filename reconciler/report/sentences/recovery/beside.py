"""What every format says beside what was compared: other storages, and newer snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

from reconciler.printable import listed, quoted
from reconciler.recovery.verifying import results
from reconciler.recovery.verifying.results import Elsewhere, Verified
from reconciler.report.sentences.recovery.verifications import LASTS, found
from reconciler.report.sentences.terms import bare


def elsewhere(each: Iterable[Elsewhere]) -> list[str]:
    """Say of each what is wrong, where it lies or lay, and what to do, in a sentence or two."""
    return [_sentence(one) for one in each]


def _sentence(one: Elsewhere) -> str:
    where = f" at {quoted(one.address)}" if one.address else ""
    name = bare(one.storage) if one.storage else "A storage"
    told = f"{name}{where}, which is none of the storages above"
    if one.lasts:
        told += f": {found(one.lasts)} found earlier, {LASTS}"
    if one.problem:
        return f"{told}: {one.problem}"
    which = quoted(one.address) if one.address else "STORAGE"
    return (
        f"{told}. First: verify REPO --explain {which} PATH names the good copies; only what may "
        f"stay so: verify REPO --accept {which}"
    )


def passed_over(verified: Verified) -> list[str]:
    """Say which newer snapshots were not compared, and how they can be."""
    if not (ids := verified.passed_over):
        return []
    which, newest = ("a newer snapshot", "it") if len(ids) == 1 else ("newer snapshots", "the last")
    address = verified.repository.removeprefix("'").removesuffix("'")
    command = f"reconciler verify {quote(f'{address}@{max(ids)}')}"
    command += " --deep" if verified.how == results.DEEP else ""
    told = f"Passed over, as incomplete: {which}, {listed(ids)}."
    return [f"{told} `{command}` compares with what {newest} has."]
