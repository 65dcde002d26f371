"""A snapshot of any platform: its manifest plans nothing, and its file records are all there."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import manifest
from reconciler.model import Storage, unmanaged_because
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.repository import layout
from reconciler.recovery.snapshots.checking.check import check
from support.recovery import snapshots
from support.sampling import examples
from support.values.building import plan_for
from support.values.memory_platform import MemoryPlatform
from support.values.scenarios import PLACES

#: Anything, and what YAML, interpolation, JSON and file systems find special.
texts = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(categories=["Cs", "Cc", "L", "Zl"]), max_size=4),
    st.text("a$~{}:- '\"\\\n\t#&*!|>%@`[],?=0_.\u2028\ufeff\x85\u202e\x07", max_size=8),
    st.sampled_from(["no", "1.10", "012", "~", "null", "$HOME", "${X}", "- a", "2024-01-01", "<<"]),
)
urls = st.one_of(
    st.sampled_from([spelling for family in PLACES for spelling in family]),
    st.builds(lambda text: ("local", f"/{text}"), texts),
    st.builds(lambda text: ("S3", f"https://host/{text}"), texts),
    st.builds(lambda text: (text, text), texts),
)
inventories = st.dictionaries(texts, st.tuples(texts, texts), max_size=6)


@st.composite
def any_platform(draw: st.DrawFn) -> MemoryPlatform:
    """Give a platform with storages of every kind, also such as no manifest can express."""
    names = draw(st.lists(texts, max_size=4, unique=True))
    flaws = st.sampled_from(["", "", "", "its label can't be read"])
    live = MemoryPlatform(
        Storage(f"id-{at}", name, draw(texts), *draw(urls), created_at="", flaw=draw(flaws))
        for at, name in enumerate(names)
    )
    for storage in live.storages:
        rows = draw(inventories)
        live.files[storage.id] = {id: (id, *sums) for id, sums in rows.items()}
    return live


@given(any_platform())
@settings(max_examples=examples(15, 60))
def test_its_manifest_plans_nothing_and_its_records_are_those_of_the_platform(
    live: MemoryPlatform,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = snapshots.repository(Path(folder))
        kept = snapshots.taken(live, repository)
        name = layout.snapshot(kept.snapshot.id, "storages.yaml")
        loaded = manifest.load([str(Path(folder, "repository", name))], {})
        found = {
            storage.id: _rows(repository, storage.inventory) for storage in kept.snapshot.storages
        }
        assert check(repository, expect=kept.digest).problems == ()
    plan = plan_for(live.storages, loaded.desired)
    managed = [each for each in live.storages if unmanaged_because(each) is None]
    assert plan.ready
    assert plan.operations == ()
    assert plan.summary.unchanged == len(managed)
    assert found == {
        id: sorted(rows.values(), key=lambda row: row[0].encode("utf-8", "surrogatepass"))
        for id, rows in live.files.items()
    }
    told = {each.id for each in kept.snapshot.storages if each.unmanaged}
    assert told == {each.id for each in live.storages} - {each.id for each in managed}
    assert kept.snapshot.complete == (not any(each.flaw for each in live.storages))


def _rows(repository, inventory):
    with repository.local(layout.part(inventory.sha256)) as path:
        batches = read.batches(path, INVENTORY)
        return [row for batch in batches for row in convert.inventory_rows(batch)]
