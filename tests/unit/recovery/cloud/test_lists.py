"""Lists of S3 Inventory: what is taken from them, and what is refused."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.errors import CloudFileError
from reconciler.recovery.cloud import list_files
from reconciler.recovery.cloud.lists import BucketList
from reconciler.recovery.rows import ARCHIVED, DELETED, FILE, FOLDER
from reconciler.recovery.versions import heard
from support.recovery.cloud_files import ALL, CURRENT, inventory, item

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
NOW = AT + timedelta(days=2)
MODIFIED = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * 10**9
FORMS = pytest.mark.parametrize("form", ["CSV", "Parquet"])


def opened(folder: Path, path: Path) -> BucketList:
    (folder / "sorting").mkdir(exist_ok=True)
    return BucketList(path, folder / "sorting", NOW)


def told(folder: Path, path: Path, prefix: bytes = b"", *, versioned: bool = False) -> list[Any]:
    reached: Any = SimpleNamespace(versioned=versioned)
    return list(opened(folder, path).everything(reached, prefix))


def refused(folder: Path, path: Path, **more: bool) -> str:
    with pytest.raises(CloudFileError) as error:
        told(folder, path, **more)
    return str(error.value)


@FORMS
def test_what_lies_there_comes_in_the_order_of_keys(tmp_path: Path, form: str) -> None:
    names = ["b", "a b", "a+b", "50%", "z/1", "%2F", "new\nline", "ä", "a//b", "x/../y"]
    items = [item(name, 7, f"t{i}") for i, name in enumerate(names)]
    items += [
        item(b"\xff\x00", 0, "empty"),
        item("dir/", 0),
        item("cold", 3, storage_class="GLACIER"),
    ]
    found = told(tmp_path, inventory(tmp_path, "raw", items, AT, form=form, pieces=3))
    keys = [one.key for one in found]
    assert keys == sorted([*(name.encode() for name in names), b"\xff\x00", b"dir/", b"cold"])
    by_key = {one.key: one for one in found}
    assert by_key[b"b"][1:] == (FILE, 7, MODIFIED, None, None, b"t0", False)
    assert by_key[b"dir/"].kind == FOLDER
    assert by_key[b"cold"][1:6] == (ARCHIVED, 3, MODIFIED, None, b"GLACIER")
    assert [one.key for one in told(tmp_path, tmp_path / "manifest.json", b"a")] == [
        key for key in keys if key.startswith(b"a")
    ]


@FORMS
def test_of_all_versions_the_newest_counts(tmp_path: Path, form: str) -> None:
    later = AT - timedelta(days=1)
    one = {"IsLatest": False, "IsDeleteMarker": False}
    items = [
        item("a", 1, "old", VersionId="v1", **one),
        item("a", 2, "new", later, VersionId="v2", IsLatest=True, IsDeleteMarker=False),
        item("gone", None, None, later, VersionId="m", IsLatest=True, IsDeleteMarker=True),
        item("gone", 5, "t", VersionId="v3", **one),
        item("gone", 6, "t", AT - timedelta(days=2), VersionId="v4", **one),
        item("marked", None, None, VersionId="m2", IsLatest=True, IsDeleteMarker=True),
        item("before", 1, "t", IsLatest=True, IsDeleteMarker=False),
    ]
    path = inventory(tmp_path, "raw", items, AT, form=form, fields=ALL)
    found = {each.key: each for each in told(tmp_path, path, versioned=True)}
    assert {key: each.kind for key, each in found.items()} == {
        b"a": FILE,
        b"before": FILE,
        b"gone": DELETED,
    }
    assert (found[b"a"].version, found[b"a"].tag, found[b"a"].size) == ("v2", b"new", 2)
    assert found[b"before"].version == "null"

    assert [each.id for each in heard(found[b"gone"].detail)] == ["v4", "v3"]
    # A server that tells of no versions has the newest alone.
    plain = {each.key: each for each in told(tmp_path, path)}
    assert {key: (each.kind, each.version) for key, each in plain.items()} == {
        b"a": (FILE, None),
        b"before": (FILE, None),
    }


@pytest.mark.parametrize("latest", [(False, False), (True, True)])
def test_a_key_of_which_nobody_says_which_version_is_there_is_no_file(
    tmp_path: Path, latest: tuple[bool, ...]
) -> None:
    items = [
        item("a", 1, "t", VersionId=f"v{number}", IsLatest=is_latest, IsDeleteMarker=False)
        for number, is_latest in enumerate(latest)
    ]
    items.append(item("b", 1, "t", VersionId="v", IsLatest=True, IsDeleteMarker=False))
    path = inventory(tmp_path, "raw", items, AT, form="CSV", fields=ALL)
    by, reached = opened(tmp_path, path), SimpleNamespace(versioned=True)
    for _ in range(2):
        assert [each.key for each in by.everything(reached, b"")] == [b"b"]
        assert by.unsure == 1


def test_memory_holds_no_more_than_is_sorted_by_the_engine(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("reconciler.recovery.parts.runs.RUN", 0)
    monkeypatch.setattr(list_files, "_BATCH", 7)
    items = [item(f"{(i * 37) % 100:03}", i) for i in range(100)]
    found = told(tmp_path, inventory(tmp_path, "raw", items, AT, pieces=2))
    assert [one.key for one in found] == [f"{i:03}".encode() for i in range(100)]


@FORMS
@pytest.mark.parametrize("lacking", ["Size", "LastModifiedDate", "ETag", "StorageClass"])
def test_a_field_that_is_not_there_is_named(tmp_path: Path, form: str, lacking: str) -> None:
    fields = [field for field in CURRENT if field != lacking]
    path = inventory(tmp_path, "raw", [item("a")], AT, form=form, fields=fields)
    assert f"has no {lacking}: add that to the optional fields" in refused(tmp_path, path)


def test_current_versions_alone_are_no_list_of_a_bucket_that_keeps_all(tmp_path: Path) -> None:
    path = inventory(tmp_path, "raw", [item("a")], AT)
    assert "so that it includes all versions" in refused(tmp_path, path, versioned=True)
    fields = [field for field in ALL if field != "IsDeleteMarker"]
    path = inventory(tmp_path, "raw", [item("a")], AT, fields=fields)
    assert "has no IsDeleteMarker" in refused(tmp_path, path, versioned=True)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"fileFormat": "ORC"}, "configure the inventory for CSV or Parquet"),
        ({"fileFormat": None}, "configure the inventory for CSV or Parquet"),
        ({"fileFormat": "Parquet"}, "has no Bucket"),
        ({"ReportSchema": "Bucket, Key"}, "a report of a job, to be given with --from-report"),
        ({"sourceBucket": None}, "does not say its sourceBucket"),
        ({"sourceBucket": "other"}, "it lists the bucket 'raw', and its manifest says 'other'"),
        ({"creationTimestamp": "soon"}, "as its time"),
        ({"creationTimestamp": "1900000000000"}, "a time that has not come yet"),
        ({"files": [{"key": "a.csv.gz"}]}, "does not say its MD5checksum"),
        ({"fileSchema": ", ".join((*CURRENT, "ObjectOwner"))}, "a row has 6 columns, and should"),
    ],
    ids=repr,
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, changed, why: str) -> None:
    assert why in refused(tmp_path, inventory(tmp_path, "raw", [item("a")], AT, **changed))


def test_what_is_written_for_hive_is_no_list(tmp_path: Path) -> None:
    """It names files, and has neither a date nor their MD5."""
    path = tmp_path / "symlink.txt"
    path.write_text("s3://lists/raw/all/data/2b4a9d41.csv.gz\n")
    assert "give the manifest.json that was written with it" in refused(tmp_path, path)


@FORMS
def test_a_file_that_is_not_what_the_manifest_names_is_refused(tmp_path: Path, form: str) -> None:
    path = inventory(tmp_path, "raw", [item("a"), item("b")], AT, form=form)
    (file,) = (tmp_path / "data").iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    assert "Nothing of it is believed" in refused(tmp_path, path)
    path.write_text(path.read_text().replace("2016-11-30", "2016-12-30"))
    assert "manifest.checksum" in refused(tmp_path, path)


@pytest.mark.parametrize(
    "row",
    [
        item("a", 2**64),
        item("a", modified=datetime(9999, 1, 1, tzinfo=UTC)),
        item("a", IsLatest="maybe"),
        item("a", VersionId="\udcff"),
    ],
    ids=["size", "time", "latest", "version"],
)
def test_values_that_are_none_are_refused(tmp_path: Path, row) -> None:
    path = inventory(
        tmp_path, "raw", [{"IsDeleteMarker": False, "IsLatest": True, **row}], AT, fields=ALL
    )
    assert "is no file of an S3 Inventory" in refused(tmp_path, path)


def test_what_is_not_packed_is_refused(tmp_path: Path) -> None:
    path = inventory(tmp_path, "raw", [item("a")], AT)
    (file,) = (tmp_path / "data").iterdir()
    for broken in (b"raw,a", file.read_bytes()[:-20], file.read_bytes()[:12] + b"\xff" * 40):
        file.write_bytes(broken)
        md5 = hashlib.md5(broken, usedforsecurity=False).hexdigest()
        document = json.loads(path.read_text())
        document["files"][0]["MD5checksum"] = md5
        path.write_text(json.dumps(document))
        (tmp_path / "manifest.checksum").unlink(missing_ok=True)
        assert "is no file of an S3 Inventory" in refused(tmp_path, path)


@FORMS
@pytest.mark.parametrize(
    "row",
    [item("a", None), item("a", -5), item(""), item("a", storage_class="", Bucket="other")],
    ids=["size", "negative", "key", "bucket"],
)
def test_a_row_that_can_not_be_is_refused(tmp_path: Path, form: str, row) -> None:
    told = refused(tmp_path, inventory(tmp_path, "raw", [row], AT, form=form))
    assert "is no file of an S3 Inventory" in told


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = inventory(tmp_path, "raw", [item("a" * 1_100_000)], AT)
    assert "a line is longer than 1,048,576 bytes" in refused(tmp_path, path)
