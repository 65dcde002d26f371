"""Snapshot, rebuild elsewhere, snapshot: the same manifest and the same records, ids apart."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.location import location
from reconciler.model import State, unmanaged_because
from reconciler.recovery.snapshots.document import Kept
from support.recovery import rebuilding, snapshots
from support.values.memory_platform import MemoryPlatform
from tests.properties.test_snapshot_round_trip import any_platform


@st.composite
def platforms(draw: st.DrawFn) -> tuple[MemoryPlatform, MemoryPlatform]:
    """Give a platform, and one on which some of its storages are, with a part of their records."""
    was = draw(any_platform())
    for rows in was.files.values():
        for id in [id for id, row in rows.items() if not "".join(row).isprintable()]:
            del rows[id]  # not every platform takes them back
    now = MemoryPlatform(platform_id=draw(st.sampled_from(["memory", "other"])))
    for one in was.storages:
        if unmanaged_because(one) is None and draw(st.booleans()):
            id = one.id if now.platform_id == "memory" else f"live-{one.id}"
            now.put(replace(one, id=id))
            kept = draw(st.integers(0, 6))
            now.files[id] = dict(list(was.files[one.id].items())[:kept])
    return was, now


@given(platforms())
@settings(max_examples=20)
def test_what_was_there_is_there_again(both: tuple[MemoryPlatform, MemoryPlatform]) -> None:
    was, now = both
    before = {each.id: each for each in now.storages}
    with tempfile.TemporaryDirectory() as folder:
        repository = snapshots.repository(Path(folder))
        first = snapshots.taken(was, repository)
        named = Path(folder, f"repository@{first.snapshot.id}")
        ended = rebuilding.run(now, named, "--allow-incomplete")
        second = snapshots.taken(now, repository, at=snapshots.NOW + 60, allow_fewer=True)
        again = rebuilding.run(now, named, "--allow-incomplete")
    assert ended.code == again.code == 0
    assert second.snapshot.manifest_sha256 == first.snapshot.manifest_sha256 or _moved(was)
    assert _held(second) == _held(first)
    # Nothing that was there was removed or became another one.
    assert all(now.by_id[id] == each for id, each in before.items())
    # Running it again has nothing to do.
    assert again.report["applied"]["operations"] == []
    assert again.report["records"]["added"] == 0
    assert len(ended.report["ids"]) == ended.report["rebuilt"] == len(now.storages)


def _moved(was: MemoryPlatform) -> bool:
    """Return whether an address has another spelling once it was in a manifest."""
    state = State(was.storages, "")
    return any(each.type == "local" for each in state.storages)


def _held(kept: Kept) -> dict[str, object]:
    return {
        each.name: (
            each.label,
            each.type,
            location(each.type, each.default_url).place,
            each.inventory and (each.inventory.sha256, each.inventory.rows),
        )
        for each in kept.snapshot.storages
        if not each.unmanaged
    }
