"""What every format says of scans: how they ended, and how much there is to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from reconciler.environment.timestamps import day_of
from reconciler.recovery import rows
from reconciler.recovery.paths import argument, shown
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.scanning.outcome import COMPLETE, STATUSES, Estimate, Scanned
from reconciler.report.sentences import left_out
from reconciler.report.sentences.terms import bare, count, spoken, word

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")
#: Kinds of which there are several as of things.
_NOUNS = frozenset({rows.LINK, rows.PIPE, rows.SOCKET, rows.DEVICE, rows.MARKER, rows.FOLDER})
#: So many things of one kind are told one by one.
_TOLD = 5


def amount(size: float) -> str:
    """Return an amount of bytes as people read it: `1.2 GiB`."""
    if size < 1000:
        return f"{size:.0f} B"
    for unit in _UNITS:
        size /= 1024
        if size < 999.5 or unit == _UNITS[-1]:
            break
    return f"{size:.1f} {unit}" if size < 99.95 else f"{size:.0f} {unit}"


def lasting(seconds: float) -> str:
    """Return a time as people say it: `20 s`, `5 min`, `3 h`, `2 days`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def estimated(storage: str, estimate: Estimate) -> str:
    """Say how much there is to do on a storage, from what that is known, and how long it takes."""
    much = f"{count(estimate.files, 'file')}, {amount(estimate.bytes)}"
    known = f"by the scan of {estimate.since[:10]}" if estimate.since else "as was just counted"
    told = f"{bare(storage)}: {much}, {known}"
    if estimate.attested:
        told += f", {estimate.attested:,} of them attested by reports of the cloud"
    if estimate.requests is not None:
        told += f"; {count(estimate.requests, 'request')} if all is read"
    long = f"about {lasting(estimate.seconds)}"
    if estimate.all_read:
        whole = "the rest" if estimate.attested else "all"
        share = whole if estimate.shards == 1 else f"one of {estimate.shards:,} shares"
        return f"{told}; to read {share} of it takes {long}{_assumed(estimate)}."
    read = "that, and what is due" if estimate.due else "that"
    return f"{told}; {long} to look for what has changed, and the time to read {read}."


def _assumed(estimate: Estimate) -> str:
    return f", at {amount(estimate.rate)} a second" if estimate.rate_is_assumed else ""


def result(scanned: Scanned) -> str:
    """Say how the scan of one storage ended, in a few words."""
    return spoken(scanned.status)


def facts(scanned: Scanned) -> list[str]:
    """Return what was done, each in a few words: what there is, what was read, what was kept."""
    told = []
    if scanned.scan:
        counts = scanned.scan.counts
        told.append(f"{count(counts.kinds.get('file', 0), 'file')}, {amount(counts.bytes)}")
        if others := _others(counts.kinds, scanned.unread):
            told.append(f"also {others}")
    if scanned.files_read or scanned.scan:
        told.append(f"{scanned.files_read:,} read ({amount(scanned.bytes_read)})")
    if scanned.files_kept:
        told.append(f"{scanned.files_kept:,} kept")
    if attested := scanned.scan and scanned.scan.counts.proofs.get(rows.ATTESTED):
        told.append(f"{attested:,} by reports of the cloud")
    return told


def _others(kinds: Mapping[str, int], unread: int) -> str:
    """Say what lies there beside files: `1 link, 2 pipes, 1 unreadable, 4 not read yet`."""
    numbers = {kind: number for kind, number in kinds.items() if kind != rows.FILE}
    if unread:
        numbers[rows.UNREADABLE] -= unread
        numbers["not read yet"] = unread
    return ", ".join(
        count(number, kind) if kind in _NOUNS else f"{number:,} {kind}"
        for kind, number in numbers.items()
        if number
    )


def oldest(scanned: Scanned) -> str:
    """Return the day of the oldest proof; empty if there is none."""
    proof = scanned.scan.counts.oldest_proof if scanned.scan else None
    return "" if proof is None else day_of(proof)


def notes(scanned: Scanned) -> list[str]:
    """Return what a reader has to know beside, in sentences, what is worst first."""
    told = []
    if scanned.altered:
        first = _first(scanned.altered_first, scanned.altered)
        told.append(
            f"{count(scanned.altered, 'file')} damaged: other bytes, though by the time nobody "
            f"wrote there: {first}. Stop what may overwrite good copies; "
            f"`{_explain(scanned, scanned.altered_first)}` names them."
        )
    told += _gone(scanned)
    if scanned.changed:
        told.append(
            f"{count(scanned.changed, 'file')} written since the last scan, though settled then: "
            f"{_first(scanned.changed_first, scanned.changed)}. If nobody meant to, look now: "
            f"`{_explain(scanned, scanned.changed_first)}` says where the earlier bytes are."
        )
    if scanned.reason:
        told.append(_sentence(scanned.reason))
    if scanned.scan:
        # What a limit or the listing left out is the reason itself.
        each = scanned.scan.unproved
        parts = (part for part in each if not (part.is_unread or part.is_unlisted))
        told += _some([_sentence(part.message) for part in parts], "part")
        if omitted := left_out.note(scanned.scan.counts.left_out):
            told.append(_sentence(omitted[:1].upper() + omitted[1:]))
    if scanned.doubted:
        told.append(
            f"Reports of the cloud have other bytes of {count(scanned.doubted, 'file')} than were "
            "recorded. Such a file is read here, and what was read counts. Where a limit left no "
            "room for it, it is not known; where its storage class lets nobody read it, what the "
            "report has counts."
        )
    if scanned.alike:
        pairs = (f"{shown(one)} and {shown(two)}" for one, two in scanned.alike_first[:_TOLD])
        told.append(
            f"{count(scanned.alike, 'pair')} of paths that a file system which folds case or "
            f"Unicode takes for one: {', '.join(pairs)}{_more(scanned.alike)}."
        )
    told += map(_sentence, scanned.notes)
    if scanned.went_on_from:
        told.append(f"It went on from the scan that began at {scanned.went_on_from[:19]}Z.")
    return told


def _gone(scanned: Scanned) -> list[str]:
    told = []
    if scanned.missing:
        told.append(
            f"{count(scanned.missing, 'file')} missing, from folders that could be read: "
            f"{_first(scanned.missing_first, scanned.missing)}. Restore what is needed "
            f"(`{_explain(scanned, scanned.missing_first)}` names the good copies), and accept the "
            f"rest with `{_accept(scanned)}`."
        )
    if scanned.deleted:
        told.append(
            f"{count(scanned.deleted, 'object')} deleted, with a version that is still there: "
            f"{_first(scanned.deleted_first, scanned.deleted)}. Copy the version that "
            f"`{_explain(scanned, scanned.deleted_first)}` names back to its key where it is "
            "needed (removing the delete marker may bring back another), and accept the rest with "
            f"`{_accept(scanned)}`."
        )
    if scanned.unseen:
        told.append(
            f"{count(scanned.unseen, 'file')} found damaged or gone before, and not seen by this "
            f"scan: {_first(scanned.unseen_first, scanned.unseen)}. It is no better as far as is "
            f"known: `{_explain(scanned, scanned.unseen_first)}` tells more, and what may stay so "
            f"is accepted with `{_accept(scanned)}`."
        )
    if scanned.awaited:
        told.append(
            f"{count(scanned.awaited, 'file')} gone from their paths, and perhaps only moved: a "
            "file of the same size and time was not read yet at another path. Once it is read, "
            f"they are moved or missing: {_first(scanned.awaited_first, scanned.awaited)}. "
            f"`{_explain(scanned, scanned.awaited_first)}` names that path."
        )
    return told


def _explain(scanned: Scanned, paths: Sequence[bytes]) -> str:
    path = argument(paths[0]) if paths else "PATH"
    return f"{_verify(scanned)} --explain {word(scanned.storage)} {path}"


def _accept(scanned: Scanned) -> str:
    return f"{_verify(scanned)} --accept {word(scanned.storage)} PATH"


def _verify(scanned: Scanned) -> str:
    return f"reconciler verify {in_shell(scanned.repository) if scanned.repository else 'REPO'}"


def _first(paths: Sequence[bytes], number: int) -> str:
    return ", ".join(shown(path) for path in paths[:_TOLD]) + _more(number)


def totals(results: Sequence[Scanned]) -> list[tuple[str, int]]:
    """Count how scans ended, leaving out what none did."""
    number = Counter(scanned.status for scanned in results)
    return [(status, number[status]) for status in STATUSES if number[status]]


def total(results: Sequence[Scanned]) -> str:
    """Say how many storages were scanned, and how that ended."""
    if not results:
        return "Nothing was scanned: there is no storage."
    if all(scanned.status == COMPLETE for scanned in results):
        told = f"Scan: {count(len(results), 'storage')}, complete{_partly(results)}."
    else:
        ended = ", ".join(f"{number} {spoken(status)}" for status, number in totals(results))
        told = f"Scan: {count(len(results), 'storage')}: {ended}{_partly(results)}."
    found = {
        "damaged": sum(scanned.altered for scanned in results),
        "missing": sum(scanned.missing for scanned in results),
        "deleted": sum(scanned.deleted for scanned in results),
        "found before and not seen now": sum(scanned.unseen for scanned in results),
    }
    findings = ", ".join(f"{number:,} {what}" for what, number in found.items() if number)
    return f"FINDINGS: {findings}. {told}" if findings else told


def _partly(results: Sequence[Scanned]) -> str:
    scans = [(each.storage, each.scan) for each in results if each.scan]
    forgetting = [bare(each.storage) for each in results if each.forgotten]
    lost = f"; NOT ALL IS KNOWN any more of {', '.join(forgetting)}" if forgetting else ""
    return lost + left_out.in_all([name for name, s in scans if left_out.any_of(s.counts.left_out)])


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _more(number: int) -> str:
    return f" and {number - _TOLD:,} more" if number > _TOLD else ""


def _some(told: list[str], noun: str) -> list[str]:
    if len(told) <= _TOLD:
        return told
    return [*told[:_TOLD], f"And {count(len(told) - _TOLD, f'more {noun}')}."]
