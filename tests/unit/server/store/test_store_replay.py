"""Random writes, also impossible ones: the audit alone tells what a platform holds."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.platform import Change
from reconciler.server.store.refusals import StoreError
from reconciler.server.store.store import Store
from reconciler.server.store.values import StoredStorage
from support.server.storing import BOB, create_with, everything, local, record, remove, update

NAMES = st.sampled_from(["a", "b", "c", "A", "a\0", "\1", ""])
OPERATION = st.one_of(
    st.tuples(st.just("create"), NAMES, st.sampled_from([None, "k1", "k2"])),
    st.tuples(st.just("update"), st.integers(0, 3), NAMES, st.none() | NAMES, st.booleans()),
    st.tuples(st.just("remove"), st.integers(0, 3), st.booleans()),
    st.tuples(
        st.just("record"),
        st.integers(0, 3),
        st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=4),
    ),
)


def do(store: Store, operation) -> None:
    """Carry out one operation, on the n-th storage where it needs one."""
    kind, *how = operation
    if kind == "create":
        create_with(store, local(how[0]), key=how[1], author=BOB)
        return
    rows = everything(store)
    row = rows[how[0] % len(rows)] if rows else None
    id = row.storage.id if row else "nothing"
    if kind == "update":
        stale = row.revision - 1 if row and how[3] else None
        update(store, id, name=how[1], label=how[2], revision=stale)
    elif kind == "remove":
        remove(store, id, holds_files=how[1])
    else:
        record(store, id, how[1])


def replayed(changes: tuple[Change, ...]) -> dict[str, dict[str, object]]:
    """Work out from the audit what there is."""
    live: dict[str, dict[str, object]] = {}
    for change in changes:
        if change.action == "create":
            live[change.storage_id] = {**(change.after or {}), "files": 0}
        elif change.action == "remove":
            assert live.pop(change.storage_id) | {"revision": 0} == {
                **(change.before or {}), "revision": 0,
            }  # fmt: skip
            continue
        else:
            own = live[change.storage_id]
            assert {field: own[field] for field in change.before or {}} == change.before
            own.update(change.after or {})
            own.pop("recorded", None)
        live[change.storage_id].pop("revision", None)
    return live


def told(row: StoredStorage) -> dict[str, object]:
    fields = ("id", "name", "label", "type", "default_url", "created_at")
    return {**{field: getattr(row.storage, field) for field in fields}, "files": row.files}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(OPERATION, min_size=1, max_size=15))
def test_the_audit_tells_the_final_state(store: Store, operations) -> None:
    for operation in operations:
        before = store.revision()
        with suppress(StoreError):
            do(store, operation)
        assert store.revision() in (before, before + 1)
    changes = store.changes(after=0, limit=100_000).changes
    assert [change.revision for change in changes] == list(range(1, store.revision() + 1))
    rows = everything(store)
    assert replayed(changes) == {row.storage.id: told(row) for row in rows}
    last = {change.storage_id: change.revision for change in changes}
    for row in rows:
        assert row.revision == last[row.storage.id]
        with store.inventory(row.storage.id) as found:
            assert len(list(found.rows)) == row.files
