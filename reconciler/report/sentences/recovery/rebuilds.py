"""What every format says of a rebuild: from what, what came of it, and that it proves nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from reconciler.model import Notice
from reconciler.printable import listed
from reconciler.recovery.rebuilding.outcome import NOT_TAKEN, Left, Rebuilt
from reconciler.recovery.rebuilding.records import Records
from reconciler.recovery.rebuilding.wanted import Wanted
from reconciler.recovery.snapshots.checking.problems import Problem
from reconciler.recovery.snapshots.document import Kept, Snapshot
from reconciler.report.sentences.scans import lasting
from reconciler.report.sentences.terms import address, bare, count

NOT_VERIFIED = "NOT VERIFIED"
WAYS_OUT = (
    "Nothing is rebuilt while the plan is blocked. --relocate FROM=TO says where storages lie now, "
    "--keep-live leaves what is live as it is, --scope GLOB narrows it to some storages."
)
#: So many storages that are not as they were are told one by one.
_ENOUGH = 100


def source(kept: Kept, now: datetime | None = None) -> str:
    """Say which snapshot is rebuilt from, and how old it is by now."""
    snapshot = kept.snapshot
    made = snapshot.created_at if now is None else _age(snapshot.created_at, now)
    state = "" if snapshot.complete else ", INCOMPLETE"
    return (
        f"From the snapshot {snapshot.id}{state}, made {made} of "
        f"{address(snapshot.platform.address)}: {count(len(snapshot.storages), 'storage')}. "
        f"Digest of the snapshot: {kept.digest}."
    )


def _age(moment: str, now: datetime) -> str:
    age = (now - datetime.fromisoformat(moment)).total_seconds()
    ago = f"{lasting(age)} ago" if age >= 0 else "in the future, by the clock of this machine,"
    return f"{ago} ({moment})"


def lacking(snapshot: Snapshot) -> list[str]:
    """Say what an incomplete snapshot lacks."""
    return [_line(f"{each.what}: {each.message}", each.storage) for each in snapshot.lacking]


def damaged(problem: Problem) -> str:
    """Say what is wrong with a part of a snapshot."""
    return _line(f"{problem.what}: {problem.message}", problem.storage)


def strange_records(
    wanted: Sequence[Wanted], records: Mapping[str, Records], keeps: Collection[str]
) -> Iterator[Notice]:
    """Warn of storages whose records of files differ from those in the snapshot.

    `keeps` are those whose records stay as they are, by their ids in the snapshot.
    """
    for one in wanted:
        found, name = records.get(one.storage.id), one.entry.name
        if found and found.different:
            differ = f"{count(found.different, 'file record')} on the platform differ"
            yield Notice(
                "records_differ",
                name,
                f"{bare(name)}: {differ} from the snapshot, and stay as they are: `verify` lists "
                "them",
            )
        if found and found.is_torn:
            left = "they stay away" if one.storage.id in keeps else "they are added"
            yield Notice(
                "records_missing",
                name,
                f"{bare(name)} has {count(found.live, 'file record')}, and lacks "
                f"{found.missing:,} that the snapshot has: {left}. If files were removed on "
                "purpose since, --keep-live leaves their records away",
            )


def to_add(records: Mapping[str, Records], left: Sequence[Left]) -> str:
    """Say which records of files go with a plan."""
    missing = [each.missing for each in records.values() if each.missing]
    told = "File records to add: "
    told += f"{sum(missing):,}, to {count(len(missing), 'storage')}" if missing else "none"
    if left:
        told += f". They can't be added to {count(len(left), 'storage')}"
        alike = {each.message for each in left}
        told += f": {left[0].message}" if len(alike) == 1 else ", each for its reason"
    return f"{told}."


def facts(rebuilt: Rebuilt) -> list[str]:
    """Say, in sentences, all that is not as it was or not certain."""
    told = [_line(each.message, each.storage) for each in rebuilt.left[:_ENOUGH]]
    if cut := len(rebuilt.left) - len(told):
        told.append(f"… and {count(cut, 'storage')} more: `-o json` has them all")
    told += _records(rebuilt)
    told += [
        f"{bare(name)}: tie it again, by hand, to {listed(spaces)}"
        for name, spaces in sorted(rebuilt.spaces.items())
    ]
    lacking = rebuilt.kept.snapshot.lacking
    told += [_line(each.message, each.storage) for each in lacking if each.what == "spaces"]
    told += rebuilt.files
    told += [f"Failed: {problem}" for problem in rebuilt.problems]
    return told


def unknown(rebuilt: Rebuilt) -> str:
    """Say what nobody can know of a platform that takes no records of files; empty if it does."""
    if not any(each.what == NOT_TAKEN for each in rebuilt.records.left):
        return ""
    return (
        "Unknown: whether the platform finds again what was uploaded to these storages. It takes "
        "no file records, so that none could be written and none can be verified on it: ask the "
        "vendor before anybody relies on it."
    )


def total(rebuilt: Rebuilt) -> str:
    """Say how much was rebuilt, and that it was not verified."""
    known = "nobody knows how many" if rebuilt.live is None else f"{rebuilt.live:,}"
    parts = [f"Rebuilt: {known} of {count(rebuilt.wanted, 'storage')}"]
    if rebuilt.records.added:
        parts.append(f"{count(rebuilt.records.added, 'file record')} added")
    if missing := len({each.storage for each in rebuilt.records.left if each.is_failure}):
        which = "those" if rebuilt.records.added else "file records"
        parts.append(f"{which} of {count(missing, 'storage')} missing")
    if any(each.what == NOT_TAKEN for each in rebuilt.records.left):
        parts.append("file records not taken by the platform")
    return f"{', '.join(parts)}. {NOT_VERIFIED}."


def steps(rebuilt: Rebuilt) -> list[str]:
    """Say what is to be done next, in this order; the last one stands before `rebuilt.verify`."""
    steps = ["Run the same command again: it does the rest."] if rebuilt.again else []
    if any(each.is_for_people for each in (*rebuilt.left, *rebuilt.records.left)):
        steps.append("Mend by hand what no run of this command can: each line says how.")
    if rebuilt.spaces:
        steps.append("Tie the spaces again: until then nobody can upload to these storages.")
    if rebuilt.verify:
        steps.append("See whether files are what they were, which nothing has shown yet:")
    elif not rebuilt.again:
        steps.append("The snapshot knows of no files: there is nothing to verify.")
    return steps


def _records(rebuilt: Rebuilt) -> list[str]:
    """Say of which storages the records of files are not there; alike ones together."""
    alike: dict[str, list[str]] = {}
    for each in rebuilt.records.left:
        alike.setdefault(each.message, []).append(each.storage)
    return [
        f"File records of {listed(names)} were not written: {message}"
        for message, names in alike.items()
    ]


def _line(message: str, storage: str) -> str:
    return f"{bare(storage)}: {message}" if storage else message
