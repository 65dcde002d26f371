"""What a platform can hold and a manifest can express, `export` writes and `plan` reads back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import manifest
from reconciler.model import Storage, unmanaged_because
from support.sampling import examples
from support.values.building import plan_for
from support.values.scenarios import PLACES

#: Anything, and what YAML, interpolation and globs find special.
texts = st.one_of(
    st.text(max_size=12),
    st.text("a$~{}:- '\"\\\n\t#&*!|>%@`[],?=0_.\u2028\ufeff\x85\u202e\x07", max_size=8),
    st.sampled_from(["no", "1.10", "012", "~", "null", "$HOME", "${X}", "- a", "2024-01-01", "<<"]),
)
urls = st.one_of(
    st.sampled_from([spelling for family in PLACES for spelling in family]),
    st.builds(lambda text: ("local", f"/{text}"), texts),
    st.builds(lambda text: ("S3", f"https://host/{text}"), texts),
)


@st.composite
def any_storages(draw: st.DrawFn) -> list[Storage]:
    names = draw(st.lists(texts, max_size=4, unique=True))
    found = [
        Storage(f"id-{at}", name, draw(texts), *draw(urls), created_at="2025-01-01T00:00:00Z")
        for at, name in enumerate(names)
    ]
    return [storage for storage in found if unmanaged_because(storage) is None]


@given(any_storages(), st.booleans())
@settings(deadline=None, max_examples=examples(50, 200))
def test_an_exported_manifest_plans_nothing(live: list[Storage], with_ids: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "storages.yaml")
        text = manifest.render(live, platform=None, with_ids=with_ids)
        path.write_text(text, encoding="utf-8", newline="")
        loaded = manifest.load([str(path)], {})
    plan = plan_for(live, loaded.desired)
    assert plan.ready
    assert plan.operations == ()
    assert plan.summary.unchanged == len(live)
