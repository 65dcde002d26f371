"""Snapshot, rebuild elsewhere, snapshot: the same manifest and contents, ids apart, of anything."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.location import sanitize_local_url
from reconciler.model import Storage, unmanaged_because
from reconciler.platform import Platform
from reconciler.platforms import open_platform
from reconciler.recovery.repository import layout
from reconciler.recovery.snapshots.document import MANIFEST, Kept
from support.recovery import rebuilding, snapshots
from support.recovery.rebuild_homes import HOMES, Home
from support.sampling import examples
from support.values.memory_platform import MemoryPlatform

texts = st.text(max_size=6) | st.sampled_from(
    ["a", "A", "é", "e\u0301", "$x", "~", " a", "1", "\n"]
)
urls = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["https://h/", "s3://", "/", "file:///", ""]), texts),
    st.sampled_from(
        ["/data", "/data/", "file:///data", "https://s3.eu-central-2.amazonaws.com/lab"]
    ),
)
ids = st.text(min_size=1, max_size=3)
storages = st.builds(Storage, ids, texts, texts, st.sampled_from(["S3", "local", "tape"]), urls)
# What is created is always written so; a path alone is the same place.
storages = storages.map(
    lambda s: replace(s, default_url=sanitize_local_url(s.default_url)) if s.type == "local" else s
)
# All that these tests write would lie in such a storage, and a rebuild refuses to write there.
storages = storages.filter(lambda s: s.default_url.strip("/") not in ("", "file:"))
rows = st.dictionaries(texts, st.tuples(texts, texts), max_size=3)


def kept_of(live: Platform, folder: Path, name: str) -> tuple[Kept, str, dict[str, Any]]:
    """Take a snapshot; give its manifest without its address, and by name the sums of parts."""
    repository = snapshots.repository(folder / name)
    with closing(live.reader()) as reader:
        storages = reader.read().storages
    for one in storages:
        if unmanaged_because(one) is None and len(one.name) % 2:
            snapshots.scanned(repository, one, [one.name.encode()])
    kept = snapshots.taken(live, repository)
    text = (repository.read(layout.snapshot(kept.snapshot.id, MANIFEST)) or b"").decode()
    parts = {
        each.name: (each.inventory.sha256, each.contents and each.contents.sha256)
        for each in kept.snapshot.storages
        if each.inventory and not each.unmanaged
    }
    return kept, "\n".join(text.split("\n")[2:]), parts


platforms = st.lists(storages, max_size=5, unique_by=(lambda s: s.id, lambda s: s.name))


@given(live=platforms, data=st.data())
@settings(max_examples=examples(8, 1_000))
def test_what_is_rebuilt_is_what_was(live: list[Storage], data: st.DataObject) -> None:
    was = MemoryPlatform(live)
    for each in live:
        was.files[each.id] = {u: (u, *sums) for u, sums in data.draw(rows).items()}
    # Some may be there already, under other ids and labels, with some of their records or none.
    new = rebuilding.empty()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "was").mkdir()
        (folder / "now").mkdir()
        kept, text, parts = kept_of(was, folder, "was")
        for number, each in enumerate(live):
            if each.name in parts and data.draw(st.booleans()):
                new.put(replace(each, id=f"other-{number}", label=data.draw(texts)))
                half = dict(list(was.files[each.id].items())[::2])
                new.files[f"other-{number}"] = half
        before = {each.id: each for each in new.storages}
        ended = rebuilding.run(new, folder / "was" / "repository")
        unmanaged = [each.name for each in kept.snapshot.storages if each.unmanaged]
        assert [each["storage"] for each in ended.report["left"]] == unmanaged
        assert ended.code == (0 if not unmanaged else 5 if parts else 1)
        assert ended.report["rebuilt"] == len(live) - len(unmanaged)
        assert kept_of(new, folder, "now")[1:] == (text, parts)
        # Nothing that was there was removed or became another one.
        assert {id: new.by_id[id].default_url for id in before} == {
            id: each.default_url for id, each in before.items()
        }
        again = rebuilding.run(new, folder / "was" / "repository")
        assert again.code == ended.code
        assert again.report["applied"]["operations"] == []
        assert again.report["records"]["added"] == 0


@pytest.mark.parametrize("kind", HOMES)
@given(live=platforms, data=st.data())
@settings(max_examples=examples(2, 60))
def test_what_is_rebuilt_on_a_platform_of_users_is_what_was(
    kind: str, live: list[Storage], data: st.DataObject
) -> None:
    was = MemoryPlatform(live)
    for each in live:
        was.files[each.id] = {u: (u, *sums) for u, sums in data.draw(rows).items()}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        for part in ("was", "now"):
            (folder / part).mkdir()
        home = stack.enter_context(HOMES[kind](folder, "new"))
        if kind == "jetraw":
            installed(home, stack.enter_context(pytest.MonkeyPatch.context()))
        new = open_platform(home.address, base=None, environ=os.environ)
        kept, text, parts = kept_of(was, folder, "was")
        ended = rebuilding.run(new, folder / "was" / "repository")
        unmanaged = [each.name for each in kept.snapshot.storages if each.unmanaged]
        assert ended.report["rebuilt"] == len(live) - len(unmanaged)
        if not parts:
            return  # a file is made by the first storage that is
        _, now, found = kept_of(new, folder, "now")
        assert now == text
        if kind == "jetraw":  # which takes no records of files
            assert contents(found) == contents(parts)
        else:
            assert found == parts


def contents(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: sums[1] for name, sums in parts.items()}


def installed(home: Home, patch: pytest.MonkeyPatch) -> None:
    """Let this process import the stand-in, logged in."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "jetraw"]:
        patch.delitem(sys.modules, name)
    patch.syspath_prepend(home.environment["PYTHONPATH"])
    for name, value in home.environment.items():
        if name != "PYTHONPATH":
            patch.setenv(name, value)
