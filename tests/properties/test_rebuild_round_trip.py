"""Snapshot, rebuild elsewhere, snapshot: the same storages, records and contents, ids apart."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.location import location
from reconciler.model import unmanaged_because
from reconciler.recovery.snapshots.document import Kept
from support.recovery import rebuilding, snapshots
from support.sampling import examples
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
@settings(max_examples=examples(8, 200))
def test_what_was_there_is_there_again(both: tuple[MemoryPlatform, MemoryPlatform]) -> None:
    was, now = both
    before = {each.id: each for each in now.storages}
    with tempfile.TemporaryDirectory() as folder:
        repository = snapshots.repository(Path(folder))
        for one in was.storages:
            if unmanaged_because(one) is None and len(one.name) % 2:
                snapshots.scanned(repository, one, [one.name.encode()])
        first = snapshots.taken(was, repository)
        named = Path(folder, f"repository@{first.snapshot.id}")
        ended = rebuilding.run(now, named, "--allow-incomplete")
        second = snapshots.taken(now, repository, at=snapshots.NOW + 60, allow_fewer=True)
        again = rebuilding.run(now, named, "--allow-incomplete")
    assert ended.code == again.code == 0
    assert [each.name for each in second.snapshot.storages] == list(_held(first))
    assert _held(second) == _held(first)
    # Nothing that was there was removed or became another one.
    assert all(now.by_id[id] == each for id, each in before.items())
    # Running it again has nothing to do.
    assert again.report["applied"]["operations"] == []
    assert again.report["records"]["added"] == 0
    assert len(ended.report["ids"]) == ended.report["rebuilt"] == len(now.storages)


def _held(kept: Kept) -> dict[str, object]:
    return {
        each.name: (
            each.label,
            each.type,
            location(each.type, each.default_url).place,
            each.inventory and (each.inventory.sha256, each.inventory.rows),
            each.contents and each.contents.sha256,
        )
        for each in kept.snapshot.storages
        if not each.unmanaged
    }
