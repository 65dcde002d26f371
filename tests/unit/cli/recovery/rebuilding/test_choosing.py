"""Which snapshot is rebuilt, and which is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import SnapshotError, StaleError, UsageError
from support.recovery.rebuilding import NAMES, Rebuild, empty, recorded
from support.values.memory_platform import MemoryPlatform


def test_a_snapshot_that_is_not_the_expected_one_is_not_rebuilt(rebuild: Rebuild) -> None:
    with pytest.raises(StaleError, match="no snapshot"):
        rebuild(empty(), "--expect", "sha256:" + "0" * 64)
    with pytest.raises(UsageError, match="--expect-plan"):
        rebuild(empty(), "--expect", "abc")


def test_a_damaged_snapshot_wants_consent_and_a_damaged_manifest_has_none(
    rebuild: Rebuild, tmp_path: Path
) -> None:
    rebuild(empty(), "--dry-run")
    for part in (tmp_path / "repository" / "parts").rglob("*.parquet"):
        data = part.read_bytes()
        part.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    new = empty()
    with pytest.raises(SnapshotError, match=r"is corrupt: a: inventory: .*--allow-incomplete"):
        rebuild(new)
    with pytest.raises(SnapshotError, match=r"; and 1 more\. To rebuild what it has"):
        rebuild(new)
    assert new.writes == []
    ended = rebuild(new, "--allow-incomplete")
    assert (ended.code, ended.report["rebuilt"], recorded(new)) == (5, 3, set())
    left = {(each["storage"], each["what"]) for each in ended.report["records"]["left"]}
    assert left == {(name, "damaged") for name in NAMES}
    # Whoever runs it again is told the same: all that can be done was done before.
    again = rebuild(new, "--allow-incomplete", output="text")
    assert again.code == 5
    assert "Run the same command again" not in again.report["text"]
    assert "file records of 3 storages missing. NOT VERIFIED." in again.report["text"]
    (manifest,) = (tmp_path / "repository" / "snapshots").rglob("storages.yaml")
    manifest.write_text(manifest.read_text().replace("/a", "/x"))
    with pytest.raises(SnapshotError, match=r"storages\.yaml of the snapshot"):
        rebuild(new, "--allow-incomplete")


def test_an_incomplete_snapshot_says_what_it_lacks(rebuild: Rebuild, was: MemoryPlatform) -> None:
    was.complete = False
    with pytest.raises(SnapshotError, match=r"no snapshot in .* is complete: name one, as \S+@2"):
        rebuild(empty())
    others = r"`reconciler snapshot list \S+` has the others"
    with pytest.raises(
        SnapshotError, match=rf"is incomplete: list: .*--allow-incomplete; {others}"
    ):
        rebuild(empty(), id="@2026")
    ended = rebuild(empty(), "--allow-incomplete", id="@2026")
    assert (ended.code, ended.report["snapshot"]["complete"]) == (5, False)
    assert [each["what"] for each in ended.report["left"]] == ["not_listed"]
    assert ", INCOMPLETE, made " in ended.notes
