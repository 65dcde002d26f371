"""What is not as a snapshot has it, once a rebuild is over: each with its kind and its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.location import same_place
from reconciler.masking import masked, quoted_url
from reconciler.model import State, Storage
from reconciler.printable import quoted
from reconciler.recovery.rebuilding.outcome import (
    DIFFERS,
    ELSEWHERE,
    NOT_LISTED,
    NOT_LIVE,
    UNMANAGED,
    Left,
)
from reconciler.recovery.rebuilding.wanted import Found, Wanted, is_as_wanted
from reconciler.recovery.snapshots.document import Snapshot, SnapshotStorage, plain


def of_storages(wanted: Sequence[Wanted], found: Found) -> Iterator[Left]:
    """Yield in what storages that were declared are not as the snapshot has them."""
    for one in wanted:
        live, name = found.live.get(one.storage.id), one.storage.name
        if live is None:
            yield Left(name, NOT_LIVE, "it is not live")
        elif not same_place(one.entry, live):
            yield elsewhere(name, live)
        elif not is_as_wanted(one, live):
            told = f"it is live as {quoted(live.name)}, with the label {quoted(live.label)}"
            yield Left(name, DIFFERS, told)


def of_unmanaged(
    storages: Iterable[SnapshotStorage], state: State, *, same_platform: bool
) -> Iterator[Left]:
    """Yield which storages that no manifest can express are not live, or not as they were."""
    by_id = {each.id: each for each in state.storages} if same_platform else {}
    values = {_values(each) for each in state.storages}
    for one in storages:
        if _values(one) in values:
            continue
        which = "it" if one.name else f"a storage without a name, with the id {quoted(one.id)},"
        if one.id in by_id:
            told = f"{which} is live with other values than then: {one.unmanaged}"
            yield Left(one.name, DIFFERS, told)
        else:
            told = f"{which} is not live, and no manifest can express it: {one.unmanaged}"
            yield Left(one.name, UNMANAGED, f"{told}. Make it by hand, from `snapshot.json`")


def of_list(snapshot: Snapshot) -> Iterator[Left]:
    """Yield why a snapshot may lack storages altogether."""
    for each in snapshot.lacking:
        if each.what == "list":
            yield Left("", NOT_LISTED, f"the snapshot may lack storages: {each.message}")


def elsewhere(name: str, live: Storage) -> Left:
    """Say of a storage that another place has its name."""
    return Left(
        name,
        ELSEWHERE,
        f"what has its name lies elsewhere, at {quoted_url(live.default_url)}. If it is the same "
        "one, say --relocate FROM=TO; if not, give that another name, and run this again",
    )


def _values(storage: Storage | SnapshotStorage) -> tuple[str, ...]:
    """Return what a snapshot keeps of a storage, in the form in which it keeps it."""
    found = (storage.name, storage.label, storage.type, masked(storage.default_url))
    return tuple(map(plain, found))
