"""Which entry means which live storage: three passes, each seeing what the earlier left.

By `id`, by name, by `renamed_from`. What can't be said for certain is a
problem of the manifest, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from reconciler.diff.scoping import OUTSIDE, names_outside, outside, problem_of
from reconciler.diff.temporary_names import resting
from reconciler.location import same_place
from reconciler.model import Entry, Problem, Removed, Storage, unmanaged_because
from reconciler.names import Scope
from reconciler.printable import listed, quoted


class Pair(Struct, frozen=True, gc=False):
    """An entry and the live storage that it means."""

    entry: Entry
    live: Storage
    #: How they were matched: `id`, `name` or `renamed_from`.
    how: str

    @property
    def renames(self) -> bool:
        """Whether the storage is live under another name."""
        return self.entry.name != self.live.name


class Removal(Struct, frozen=True, gc=False):
    """A live storage to be removed, and the consent for it; None if policy alone says so."""

    live: Storage
    consent: Removed | None = None

    @property
    def loses_records(self) -> bool:
        """Whether the consent covers the loss of file records: only for one id, said plainly."""
        return self.consent is not None and self.consent.holds_files and bool(self.consent.id)


class Live:
    """Live storages by id and by name, and why some of them can't be managed."""

    def __init__(self, storages: Sequence[Storage]) -> None:
        """Index `storages`, whose ids and names are each unique."""
        self.storages = storages
        self.by_id = {storage.id: storage for storage in storages}
        self.by_name = {storage.name: storage for storage in storages}
        self.unmanaged = {
            storage.id: because
            for storage in storages
            if (because := unmanaged_because(storage)) is not None
        }


class Matching:
    """Matches entries, then `removed:`, with live; collects problems instead of raising them."""

    def __init__(self, live: Live, scope: Scope, ids: Mapping[str, str] | None) -> None:
        """Match against `live`.

        `ids` is None where the manifest's ids are those of this platform; else it translates
        them, and an id that it lacks is ignored and kept in `ignored`.
        """
        self._live = live
        self._scope = scope
        self._ids = ids
        self.pairs: list[Pair] = []
        self.new: list[Entry] = []
        self.consented: list[Removal] = []
        self.gone: list[Removed] = []
        self.ignored: list[Entry | Removed] = []
        self.problems: list[Problem] = []
        #: Live id -> the entry that has it.
        self.claims: dict[str, Entry] = {}

    def match(self, entries: Sequence[Entry], removed: Sequence[Removed]) -> None:
        """Run all passes."""
        rest = self._by_name(self._by_id(entries))
        declared = {entry.name for entry in entries}
        self._by_earlier_name(rest, declared, {item.name for item in removed if item.id is None})
        given_up: dict[str, Removed] = {}
        for item in removed:
            self._give_up(item, given_up)

    def _by_id(self, entries: Sequence[Entry]) -> list[Entry]:
        rest = []
        for entry in entries:
            if self._scope.lists:
                self.problems += names_outside(entry, self._scope)
            pin = entry.id and self._here(entry, entry.id)
            if not pin:
                rest.append(entry)
            elif live := self._pinned(entry, pin):
                self._claim(entry, live, "id")
        return rest

    def _by_name(self, entries: Sequence[Entry]) -> list[Entry]:
        rest = []
        by_name, claims = self._live.by_name, self.claims
        unmanaged = self._live.unmanaged
        for entry in entries:
            live = by_name.get(entry.name)
            if live is None or live.id in claims or live.id in unmanaged or self._elsewhere(live):
                rest.append(entry)
            else:
                claims[live.id] = entry
                self.pairs.append(Pair(entry, live, "name"))
        return rest

    def _by_earlier_name(
        self, entries: Sequence[Entry], declared: set[str], given_up: set[str]
    ) -> None:
        taken = dict(self.claims)
        for entry in entries:
            found = [
                live
                for name in entry.renamed_from
                if (live := self._earlier(entry, name, taken, declared, given_up))
            ]
            if len(found) > 1:
                names = listed([live.name for live in found])
                self._wrong(
                    entry,
                    "renamed_from",
                    f"{names} are live, and only one of them can become "
                    f"{quoted(entry.name)}: use `id` to say which",
                )
            elif found:
                self._claim(entry, found[0], "renamed_from")
            else:
                self.new.append(entry)

    def _earlier(
        self,
        entry: Entry,
        name: str,
        taken: Mapping[str, Entry],
        declared: set[str],
        given_up: set[str],
    ) -> Storage | None:
        live = self._live.by_name.get(name)
        if live is None and (name not in declared or name == entry.name):
            return None
        if name in given_up:
            problem = f"{quoted(name)} is also in `removed:`; only one of the two can hold"
        elif live is None or live.id in taken:
            # Also while nothing is live under the name yet: an apply that is cut off after the
            # other entry got it must not turn the same manifest into an invalid one.
            problem = (
                f"{quoted(name)} is taken by another entry: use `id` to say what is meant, "
                "or take the name out"
            )
        elif live.id in self._live.unmanaged:
            problem = f"{quoted(name)} can't be managed: {self._live.unmanaged[live.id]}"
        elif self._elsewhere(live):
            problem = f"{quoted(name)} is {OUTSIDE}"
        else:
            return live
        self._wrong(entry, "renamed_from", problem)
        return None

    def _pinned(self, entry: Entry, pin: str) -> Storage | None:
        live = self._live.by_id.get(pin)
        if live is None:
            problem = f"no live storage has the id {quoted(pin)}"
        elif pin in self._live.unmanaged:
            problem = f"the storage {quoted(pin)} can't be managed: {self._live.unmanaged[pin]}"
        elif not self._scope.holds(resting(live.name, live.id)):
            problem = f"the storage with the id {quoted(pin)} is {OUTSIDE}"
        elif live.name != entry.name and not same_place(entry, live):
            problem = (
                f"the storage with the id {quoted(pin)} has another name ({quoted(live.name)}) "
                "and another location: it can't be the one that this entry means"
            )
        else:
            return live
        self._wrong(entry, "id", problem)
        return None

    def _claim(self, entry: Entry, live: Storage, how: str) -> None:
        other = self.claims.get(live.id)
        if other is not None:
            key = "id" if how == "id" else "renamed_from"
            self._wrong(
                entry,
                key,
                f"{quoted(entry.name)} and {quoted(other.name)} both claim the live storage "
                f"{quoted(live.name)}: use `id` to say which of them it is",
            )
            return
        self.claims[live.id] = entry
        self.pairs.append(Pair(entry, live, how))

    def _give_up(self, item: Removed, given_up: dict[str, Removed]) -> None:
        pin = item.id and self._here(item, item.id)
        live = self._live.by_id.get(pin) if pin else self._live.by_name.get(item.name)
        # A temporary name whose storage is gone can't be told by its id any more.
        if not self._scope.holds(resting(item.name, pin or (live.id if live else None))):
            self.problems.append(outside(item, "name", item.name))
            return
        if item.id and not pin:
            return
        if live is None:
            self.gone.append(item)
        elif problem := self._cannot_give_up(item, live, given_up):
            self._wrong(item, "id" if pin else "name", problem)
        else:
            given_up[live.id] = item
            self.consented.append(Removal(live, item))

    def _cannot_give_up(
        self, item: Removed, live: Storage, given_up: Mapping[str, Removed]
    ) -> str | None:
        if live.name != item.name:
            return (
                f"the storage with this id is now named {quoted(live.name)}: "
                "say the name that it has, or take the entry out"
            )
        if owner := self.claims.get(live.id):
            return (
                f"{quoted(item.name)} is the live storage that the entry {quoted(owner.name)} "
                "declares: take one of the two out"
            )
        if live.id in given_up:
            return f"{quoted(item.name)} is named twice in `removed:`"
        if live.id in self._live.unmanaged:
            return f"{quoted(item.name)} can't be managed: {self._live.unmanaged[live.id]}"
        return None

    def _here(self, item: Entry | Removed, written: str) -> str | None:
        """Return the id on this platform of an id as written, None if it means nothing here."""
        if self._ids is None:
            return written
        here = self._ids.get(written)
        if here is None:
            self.ignored.append(item)
        return here

    def _elsewhere(self, live: Storage) -> bool:
        """Return whether a storage that carries a temporary name belongs to another scope."""
        name = resting(live.name, live.id)
        return name != live.name and not self._scope.holds(name)

    def _wrong(self, item: Entry | Removed, key: str, message: str) -> None:
        self.problems.append(problem_of(item, key, message))
