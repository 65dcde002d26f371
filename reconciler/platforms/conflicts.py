"""Why a write was refused: every platform says it in the same words."""

from __future__ import annotations

from reconciler.errors import ConflictError
from reconciler.masking import quoted_url
from reconciler.model import Storage, Values
from reconciler.printable import quoted

#: What a write relies on; everything else of a storage may have changed since it was read.
CONDITION = ("name", "label", "type", "default_url")


def same(expected: Storage | Values, live: Storage) -> bool:
    """Return whether a storage is still what a write relies on."""
    return all(getattr(expected, field) == getattr(live, field) for field in CONDITION)


def changed(expected: Storage, live: Storage | None) -> ConflictError:
    """Return what is not as it was when `expected` was read; None: it is gone."""
    named = quoted(expected.name)
    if live is None:
        return ConflictError(f"storage {named} is no longer there")
    different = [
        f"its {field} is now {quoted_url(now)}, no longer {quoted_url(was)}"
        for field in CONDITION
        if (now := getattr(live, field)) != (was := getattr(expected, field))
    ]
    if different:
        return ConflictError(f"storage {named} was changed: {'; '.join(different)}")
    return ConflictError(f"storage {named} was changed at the same moment")


def holds_files(expected: Storage) -> ConflictError:
    """Return that a removal would lose records of files."""
    return ConflictError(
        f"storage {quoted(expected.name)} holds files: removing it needs a consent to lose their "
        "records"
    )


def unreadable(live: Storage) -> ConflictError:
    """Return that a storage can't be read as a whole any more, so that it is left alone."""
    return ConflictError(f"storage {quoted(live.name)} can't be read: {live.flaw}")


def name_taken(name: str) -> ConflictError:
    """Return that another storage has a name."""
    return ConflictError(f"the name {quoted(name)} is taken by another storage")


def no_such_id(id: str) -> ConflictError:
    """Return that there is no storage with an id."""
    return ConflictError(f"there is no storage with the id {quoted(id)}")
