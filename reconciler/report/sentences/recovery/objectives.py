"""What every format says of storages that are held against their objectives."""

from __future__ import annotations

from collections import Counter

from reconciler.environment.timestamps import day_of, moment_of
from reconciler.printable import listed, shown
from reconciler.recovery.proving.results import PROVED, WRONG, Coverage, Much, Proved, StorageProved
from reconciler.report.sentences import left_out
from reconciler.report.sentences.recovery import beside
from reconciler.report.sentences.scans import amount
from reconciler.report.sentences.terms import bare, count

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
#: So many storages that are not proved are named in the last line.
_NAMED = 3


def lasting(seconds: int) -> str:
    """Return a cycle, or an age, as people say it: `30 days`, `36 hours`."""
    for size, noun in _UNITS:
        if seconds >= 2 * size or seconds == size:
            return count(seconds // size, noun)
    return count(seconds, "second")


def result(one: StorageProved) -> str:
    """Say in a few words whether every byte of a storage was proved."""
    if one.wrong:
        return "wrong"
    return "proved" if one.is_proved else "not proved"


def facts(one: StorageProved, at: int) -> list[str]:
    """Return how much was proved, each in a few words."""
    coverage, cycle = one.coverage, lasting(one.objective.every)
    if coverage is None:
        return []
    told = [f"{_of(coverage.proved, coverage.files)} within {cycle}"]
    if coverage.attested.files:
        told.append(
            f"{_much(coverage.attested)} of them by reports of the cloud, and not read here"
        )
    if exempt := _exempt(one):
        told.append(f"without what `exclude` of `proof:` leaves out ({exempt})")
    if coverage.oldest is not None:
        told.append(f"oldest proof {_age(coverage.oldest, at)}")
    if one.listed_at:
        told.append(f"by a list of {one.listed_at}")
    if one.scanned_at:
        told.append(f"last scan {one.scanned_at[:10]}")
    return told


def reasons(one: StorageProved, at: int) -> list[str]:
    """Return what keeps a storage from being proved, each in a few words, what is worst first."""
    told = [f"{number:,} {what}, and not accepted" for what, number in one.wrong.items()]
    if one.not_reachable_since:
        told.append(f"not reachable since {one.not_reachable_since[:10]}: {one.not_reachable}")
    if one.problem:
        told.append(one.problem)
    coverage = one.coverage
    if coverage is None:
        return told if one.problem else [*told, "never scanned"]
    told += _unlike(one, coverage, at)
    if coverage.late.files:
        told.append(f"{_much(coverage.late)} longer ago than {lasting(one.objective.every)}")
    if coverage.unread:
        told.append(f"{count(coverage.unread, 'file')} not read yet: limits left no room")
    if failed := coverage.never.files - coverage.unread:
        told.append(f"{count(failed, 'file')} that could not be read")
    if coverage.closed:
        told.append(f"{count(coverage.closed, 'folder')} that could not be listed")
    if one.left_out:
        told.append(f"{left_out.note(one.left_out)} (`exclude` of `proof:` says what needs none)")
    return told


def _unlike(one: StorageProved, coverage: Coverage, at: int) -> list[str]:
    """Return what makes all that was counted no proof."""
    told = []
    if not coverage.files:
        told.append("nothing lies there" + (" that is not left out" if one.is_hollow else ""))
    if coverage.ahead.files and coverage.latest is not None:
        told.append(
            f"{_much(coverage.ahead)} read at a time that has not come yet "
            f"({moment_of(coverage.latest)}) by the clock of this machine ({moment_of(at)}): this "
            "clock, or that of the machine that read them, is wrong. Set it right, and scan with "
            "--full"
        )
    return told


def _exempt(one: StorageProved) -> str:
    more = one.coverage.exempt if one.coverage else 0
    each = [left_out.counted(one.exempt), f"{count(more, 'path')}" if more else ""]
    return ", ".join(filter(None, each))


def total(result: Proved) -> str:
    """Say of how many storages every byte was proved, and which of them are not."""
    storages = result.storages
    if not storages:
        return "Nothing has an objective."
    if result.is_empty and result.verdict != WRONG:
        return "NOT PROVED: nothing lies there."
    proved = sum(one.is_proved for one in storages)
    told = (
        f"every byte of {proved:,} of {count(len(storages), 'storage')} proved within "
        f"{_cycles(result)}"
    )
    if result.oldest is not None:
        told += f"; oldest proof {_age(result.oldest, result.at)}"
    if attested := sum(one.coverage.attested.files for one in storages if one.coverage):
        told += f"; {count(attested, 'file')} by reports of the cloud"
    told += _failing(result)
    wrong = Counter[str]()
    for one in storages:
        wrong.update(one.wrong)
    for other in result.elsewhere:
        wrong.update(other.lasts)
    if result.verdict == WRONG:
        found = ", ".join(f"{number:,} {what}" for what, number in sorted(wrong.items()))
        return f"FINDINGS: {found}; {told}."
    return f"{'Proved' if result.verdict == PROVED else 'NOT PROVED'}: {told}."


def _failing(result: Proved) -> str:
    """Name the storages that are not proved, each with the one reason that matters most."""
    failing = [one for one in result.storages if one.problem or not one.is_proved]
    told = "".join(f"; {bare(one.storage)} {_short(one)}" for one in failing[:_NAMED])
    more = len(failing) - _NAMED
    verb = "is" if more == 1 else "are"
    told += f"; and {more:,} more {verb} not" if more > 0 else ""
    lost = [bare(one.storage) or "another storage" for one in result.elsewhere if one.problem]
    return f"{told}; not all is known of {listed(lost, str)}" if lost else told


def _short(one: StorageProved) -> str:
    coverage = one.coverage
    if one.not_reachable_since:
        since = f"not since {one.scanned_at[:10]}" if one.scanned_at else "never"
        return f"{since}: not reachable"
    if coverage is None:
        known = "not: what is known of it is corrupt or lost"
        return known if one.problem else "never: it was not scanned"
    if one.is_proved:
        return "not: not all is known of it"
    if one.is_hollow:
        return "not: all of it is left out"
    if coverage.closed or one.left_out:
        return "not: a part of it is not known"
    missed = coverage.files - coverage.proved.files
    return f"lacks {missed:,} of {count(coverage.files, 'file')}"


def _cycles(result: Proved) -> str:
    every = sorted({one.objective.every for one in result.storages})
    if len(every) == 1:
        return lasting(every[0])
    return f"its cycle ({lasting(every[0])} to {lasting(every[-1])})"


def _age(moment: int, at: int) -> str:
    return f"{lasting(max(0, at - moment))} ago, {day_of(moment)}"


def _of(much: Much, files: int) -> str:
    return f"{much.files:,} of {count(files, 'file')} ({amount(much.bytes)})"


def _much(much: Much) -> str:
    return f"{count(much.files, 'file')} ({amount(much.bytes)})"


def notes(result: Proved) -> list[str]:
    """Return what else is worth knowing, in sentences."""
    return [
        shown(note)
        for note in (*beside.elsewhere(result.elsewhere, result.repository), *result.notes)
    ]
