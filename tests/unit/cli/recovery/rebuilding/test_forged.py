"""A snapshot that somebody has changed, seals and all: a sentence, and nothing is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reconciler.errors import SnapshotError
from reconciler.recovery.seal import sealed
from reconciler.recovery.snapshots.document import MANIFEST, Snapshot
from support.recovery.rebuilding import Rebuild, empty
from support.values.building import storage

Document = dict[str, Any]


def forge(folder: Path, change: Callable[[Document], None], text: str | None = None) -> None:
    """Change a snapshot, and its `storages.yaml`, as if the program had written them so."""
    (file,) = (folder / "repository" / "snapshots").rglob("snapshot.json")
    document = json.loads(file.read_bytes())
    if text is not None:
        (file.parent / MANIFEST).write_text(text, encoding="utf-8")
        document["manifest_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    change(document)
    file.write_bytes(sealed(msgspec.convert(document, Snapshot)))


def entry(name: str, place: str = "", more: str = "") -> str:
    place = place or f"/data/{name}"
    return f"  - {{name: {name}, label: L, type: local, default_url: {place}{more}}}\n"


def declared(*entries: str) -> str:
    return f"version: 1\nstorages:\n{''.join(entries)}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (declared(entry("a"), entry("b")), "they differ in 'c'"),
        (declared(*map(entry, "abcd")), "they differ in 'd'"),
        (declared(entry("a", "/other"), entry("b"), entry("c")), "they differ in 'a'"),
        (declared(entry("a"), entry("b"), entry("c").replace("L", "M")), "they differ in 'c'"),
        ("version: 1\nstorages: [{name: a", "is no manifest that this program has written: "),
        ("version: 1\nstorages: [{name: a}]", "is no manifest that this program has written: "),
        (declared(entry("a", "'${HOME}'")), "is no manifest that this program has written: "),
    ],
)
def test_a_manifest_that_is_not_what_its_snapshot_was_made_with(
    rebuild: Rebuild, tmp_path: Path, text: str, said: str
) -> None:
    rebuild(empty(), "--dry-run")
    forge(tmp_path, lambda _: None, text)
    new = empty()
    with pytest.raises(SnapshotError, match=said):
        rebuild(new)
    assert new.writes == []


def test_pins_earlier_names_and_other_sections_of_it_play_no_part(
    rebuild: Rebuild, tmp_path: Path
) -> None:
    rebuild(empty(), "--dry-run")
    more = ", id: x, renamed_from: [z], protect: true"
    text = declared(entry("a", more=more), entry("b"), entry("c"))
    text += "policy: {undeclared: remove, max_removals: 100%}\nlock: file:///nowhere\n"
    forge(tmp_path, lambda _: None, text)
    new = empty()
    new.put(storage("z", place="elsewhere"))
    ended = rebuild(new, "--dry-run")
    assert (ended.report["summary"]["create"], ended.report["undeclared"]) == (3, ["z"])
    assert "lock" not in ended.report
    assert rebuild(new).code == 0


def second(document: Document, key: str) -> None:
    document["storages"][1][key] = document["storages"][0][key]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["storages"][0]["inventory"].update(sha256="../x"), "can't be understood"),
        (lambda d: d.update(created_at="soon"), "can't be understood"),
        (lambda d: d.update(created_at="2026-11-29T06:00:00"), "can't be understood"),
        (lambda d: second(d, "id"), "two storages with one name or one id"),
        (lambda d: second(d, "name"), "two storages with one name or one id"),
    ],
)
def test_values_that_no_snapshot_has(
    rebuild: Rebuild, tmp_path: Path, change: Callable[[Document], None], said: str
) -> None:
    rebuild(empty(), "--dry-run")
    forge(tmp_path, change)
    new = empty()
    with pytest.raises(SnapshotError, match=said):
        rebuild(new, "--allow-incomplete")
    assert new.writes == []
