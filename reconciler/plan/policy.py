"""Changes -> reasons that block. Every reason says which storage, and what the author could write.

docs/reference/policy.md tells the rules to users. Nothing here knows how operations are
ordered or carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from reconciler.diff import Diff, Pair, Removal
from reconciler.diff.temporary_names import resting
from reconciler.location import ByLocation
from reconciler.model import Desired, Entry, Notice, Policy, Storage
from reconciler.names import Globs
from reconciler.plan.likely_renames import likely_renames
from reconciler.plan.yaml_text import flow
from reconciler.printable import listed, quoted, shown

#: Stands in `Removed.file` for a consent that was given on the command line.
ALLOW_REMOVE = "--allow-remove"


class Facts(Struct, frozen=True):
    """What had to be read of the storages that may be removed, by live id."""

    holds_files: Mapping[str, bool]
    spaces: Mapping[str, tuple[str, ...]]


class Rules:
    """A manifest's policy, with the names that its entries protect."""

    def __init__(self, desired: Desired, *, allow_empty: bool = False) -> None:
        self.policy = desired.policy
        self.declares_something = bool(desired.entries or desired.removed)
        self.allow_empty = allow_empty
        self._protected = frozenset(entry.name for entry in desired.entries if entry.protect)
        self._globs = Globs(self.policy.protect)

    def protects(self, storage: Storage) -> bool:
        """Return whether the name a live storage has may neither be removed nor given up."""
        name = resting(storage.name, storage.id)
        return name in self._protected or self._globs.match(name)


def removals(diff: Diff, policy: Policy) -> tuple[Removal, ...]:
    """Return what is to be removed, by name: what `removed:` names, and by policy the rest."""
    chosen = list(diff.removed)
    if policy.undeclared == "remove":
        chosen += map(Removal, diff.undeclared)
    return tuple(sorted(chosen, key=lambda removal: removal.live.name))


def reasons(
    diff: Diff, chosen: Sequence[Removal], renames: Sequence[Pair], facts: Facts, rules: Rules
) -> list[Notice]:
    """Return every reason that blocks, sorted by kind and name.

    `chosen` and `renames` are the removals and name changes that are really planned, which with
    `--target` may be fewer than those that `diff` calls for.
    """
    found = [
        *_nothing_declared(diff, rules),
        *_undeclared(diff, rules.policy),
        *_max_removals(diff, chosen, rules.policy),
        *_protected(chosen, renames, rules),
        *_file_records(chosen, facts),
        *(() if rules.policy.undeclared == "ignore" else likely_renames(diff)),
        *_moved(diff.moved),
        *_outside(diff),
        *_interrupted(diff.interrupted),
    ]
    return sorted(found)


def limit(policy: Policy, live: int) -> int:
    """Return the number of undeclared storages that may be removed with `live` of them in scope."""
    if isinstance(policy.max_removals, int):
        return policy.max_removals
    return max(1, live * int(policy.max_removals.removesuffix("%")) // 100)


def counted(number: int, what: str) -> str:
    """Return `1 storage` or `2 storages`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _nothing_declared(diff: Diff, rules: Rules) -> Iterator[Notice]:
    if not rules.declares_something and diff.live_in_scope and not rules.allow_empty:
        yield Notice(
            "nothing_declared",
            "",
            "the manifest declares nothing, but live has "
            f"{counted(diff.live_in_scope, 'storage')}: if that is meant, `plan` and `apply` take "
            "`--allow-empty`",
        )


def _undeclared(diff: Diff, policy: Policy) -> Iterator[Notice]:
    if policy.undeclared != "fail":
        return
    for storage in diff.undeclared:
        yield Notice(
            "undeclared",
            storage.name,
            f"{quoted(storage.name)} is live but not declared: declare it in `storages:` "
            "(`reconciler export --undeclared` writes the entry), name it in `removed:`, "
            "or set `policy.undeclared`",
        )


def _max_removals(diff: Diff, chosen: Sequence[Removal], policy: Policy) -> Iterator[Notice]:
    by_policy = [removal for removal in chosen if removal.consent is None]
    allowed = limit(policy, diff.live_in_scope)
    if len(by_policy) > allowed:
        yield Notice(
            "max_removals",
            "",
            f"{counted(len(by_policy), 'undeclared storage')} would be removed, and "
            f"`policy.max_removals: {policy.max_removals}` allows {allowed} of "
            f"{diff.live_in_scope}: name them in `removed:`, or raise `policy.max_removals`",
        )


def _protected(
    chosen: Sequence[Removal], renames: Sequence[Pair], rules: Rules
) -> Iterator[Notice]:
    way_out = "take it out of `policy.protect` and drop `protect: true` first"
    for removal in chosen:
        if rules.protects(removal.live):
            name = removal.live.name
            yield Notice(
                "protected", name, f"{quoted(name)} is protected and can't be removed: {way_out}"
            )
    for pair in renames:
        name = pair.live.name
        # To give a storage back the name that a move took from it is no rename away from it.
        if pair.entry.name != resting(name, pair.live.id) and rules.protects(pair.live):
            yield Notice(
                "protected",
                name,
                f"{quoted(name)} is protected and can't be renamed to "
                f"{quoted(pair.entry.name)}: {way_out}",
            )


def _file_records(chosen: Sequence[Removal], facts: Facts) -> Iterator[Notice]:
    for removal in chosen:
        live = removal.live
        if removal.loses_records:
            continue
        way_out = (
            "to consent to that, write in `removed:` "
            f"- {{name: {flow(live.name)}, id: {flow(live.id)}, holds_files: true}}"
        )
        if facts.holds_files[live.id]:
            yield Notice(
                "holds_files",
                live.name,
                f"{quoted(live.name)} holds files, and removing it loses the platform's records "
                f"of them: {way_out}",
            )
        if spaces := facts.spaces.get(live.id):
            yield Notice(
                "used_by_space",
                live.name,
                f"{quoted(live.name)} is used by {listed(spaces)}: untie it "
                f"from there; or, {way_out}",
            )


def _moved(moved: Iterable[Pair]) -> Iterator[Notice]:
    for pair in moved:
        entry, live = pair.entry, pair.live
        yield Notice(
            "location_change",
            entry.name,
            f"{quoted(entry.name)} is declared at {_place(entry)}, but it is live at "
            f"{_place(live)}: type and location can't be changed. Declare a new storage under a "
            "new name, move the files there, then remove the old one",
        )


def _outside(diff: Diff) -> Iterator[Notice]:
    if not diff.creates or not diff.outside:
        return
    places = ByLocation(diff.outside)
    for entry in diff.creates:
        if places.at(entry):
            yield Notice(
                "outside_location",
                entry.name,
                f"{quoted(entry.name)} would be created at the location of a storage outside "
                "the scope: ask its owner, or choose another location",
            )


def _interrupted(storages: Iterable[Storage]) -> Iterator[Notice]:
    for storage in storages:
        yield Notice(
            "interrupted_move",
            storage.name,
            f"{quoted(storage.name)} was being renamed by an apply that was cut off, and no "
            f"entry says which storage it is: pin its id, `id: {flow(storage.id)}`",
        )


def _place(storage: Entry | Storage) -> str:
    return f"{storage.type} {shown(storage.default_url)}"
