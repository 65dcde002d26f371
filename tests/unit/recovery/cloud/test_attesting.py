"""Which sums are of what is listed, and that no other is taken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.location import Bucket
from reconciler.recovery.cloud.attesting import AttestedSource
from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.rows import ARCHIVED, ATTESTED, DELETED, DISPUTED, FILE, Rows
from support.recovery.buckets import sha
from support.recovery.cloud_files import failed, report, succeeded
from support.recovery.memory import LONG_AGO, File, Storage
from support.recovery.scans import table

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
RAW = Bucket("raw", "", None, None)
LATER = int(AT.timestamp()) * 10**9


def attested(folder: Path, files: dict[str, File], *lines, bucket=RAW, earlier=()):
    """Return what is listed by path, and the notes."""
    jobs = [report(folder / "one", lines, AT)]
    if earlier:
        jobs.append(report(folder / "two", earlier, datetime(2026, 11, 1, tzinfo=UTC)))
    storage = Storage({key.encode(): file for key, file in files.items()})
    source = AttestedSource(storage.open(None, ()), Sums(jobs, folder, AT), bucket)
    found = {}
    for rows in source.listing():
        found |= table(rows)
    return {key.decode(): row for key, row in found.items()}, source.notes


@pytest.mark.parametrize(
    ("file", "line", "why"),
    [
        ({"tag": b"t"}, {"tag": "t"}, ""),
        ({"tag": b"t", "kind": ARCHIVED}, {"tag": "t"}, ""),
        ({"tag": b"t", "version": "v1"}, {"tag": "t", "version": "v1"}, ""),
        ({"tag": b"t", "version": "v1"}, {"tag": None, "version": "v1"}, ""),
        ({"tag": b"t", "version": "v1"}, {"tag": "t"}, ""),  # the job was given no versions
        ({"tag": b"t", "version": "null"}, {"tag": "t", "version": "null"}, ""),
        ({"tag": b"t"}, {"tag": "t", "version": "null"}, ""),
        ({"tag": b"t"}, {"tag": '"t"'}, ""),
        ({"tag": b"t", "version": "v2"}, {"tag": "t", "version": "v1"}, "version that is not"),
        ({"tag": b"t", "version": "v2"}, {"tag": "t", "version": "null"}, "version that is not"),
        ({"tag": b"t"}, {"tag": None, "version": "null"}, "neither a version nor an ETag"),
        ({"tag": b"t", "version": "null"}, {"tag": "t", "version": "v1"}, "version that is not"),
        ({"tag": b"t"}, {"tag": "t", "version": "v1"}, "version that is not"),
        ({"tag": b"t"}, {"tag": "u"}, "another ETag"),
        ({"tag": b"t", "version": "v1"}, {"tag": "u", "version": "v1"}, "another ETag"),
        ({"tag": b"t"}, {"tag": None}, "neither a version nor an ETag"),
        ({"tag": None}, {"tag": None}, "neither a version nor an ETag"),
        ({"tag": b"t", "mtime_ns": LATER - 1}, {"tag": "t"}, ""),
        ({"tag": b"t", "mtime_ns": LATER}, {"tag": "t"}, "written after the report"),
        (
            {"tag": b"t", "version": "v1", "mtime_ns": LATER},
            {"tag": "t", "version": "v1"},
            "written after the report",
        ),
        ({"tag": b"t", "kind": DELETED}, {"tag": "t"}, "nothing lies that could be read"),
    ],
    ids=repr,
)
def test_a_sum_is_taken_only_of_the_object_that_it_is_of(tmp_path: Path, file, line, why) -> None:
    listed, notes = attested(
        tmp_path, {"a": File(b"a", **file)}, succeeded("raw", "a", b"a", line.pop("tag"), **line)
    )
    row = listed["a"]
    if why:
        assert (row["sha256"], row["proof"], row["proved_at"]) == (None, "", None)
        assert len(notes) == 1
        assert why in notes[0]
    else:
        told = sha(b"a"), ATTESTED, int(AT.timestamp())
        assert (row["sha256"], row["proof"], row["proved_at"]) == told
        assert notes == []


def test_each_stands_at_its_path_and_the_rest_is_told(tmp_path: Path) -> None:
    files = {name: File(name.encode(), tag=name.encode()) for name in ("a", "b", "c", "d", "e")}
    listed, notes = attested(
        tmp_path,
        files,
        *(succeeded("raw", name, name.encode(), name) for name in ("e", "gone", "b", "A", "z")),
        failed("raw", "c", "Key \x1b[31mnot found", "404"),
        succeeded("other", "a", b"a", "a"),
    )
    assert [name for name, row in listed.items() if row["proof"]] == ["b", "e"]
    assert [name for name, row in listed.items() if row["kind"] == FILE] == list(files)
    assert notes == [
        (
            "The reports have no SHA-256 of 1 object (Key \\x1b[31mnot found (404); the first is "
            "c): nothing is proved of them by a report"
        ),
        (
            "The reports have 3 sums of a key that the listing does not have; the first is of A: "
            "they were not taken"
        ),
    ]


def test_what_a_scan_leaves_out_it_says_to_take_from_no_report(tmp_path: Path) -> None:
    job = report(tmp_path / "job", [succeeded("raw", key, b"a", "t") for key in ("x/a", "z")], AT)
    storage = Storage({b"x/a": File(b"a", tag=b"t")})
    left_out = ("x/",)
    sums = Sums([job], tmp_path, AT)
    source = AttestedSource(storage.open(None, left_out), sums, RAW, left_out)
    assert [*source.listing()] == []
    assert source.notes == [
        f"The reports have 1 sum of a key that {why}; the first is of {key}: they were not taken"
        for why, key in (("the listing does not have", "z"), ("this scan leaves out", "x/a"))
    ]
    assert source.unlisted(Rows(path=[b"x/a"])) == Rows()


def test_what_lies_below_a_prefix_is_known_by_what_follows_it(tmp_path: Path) -> None:
    lines = [succeeded("raw", f"{p}a", b"a", "t") for p in ("", "lab/", "lab/x/", "lax/")]
    bucket = Bucket("raw", "lab/", None, None)
    files = {"a": File(b"a", tag=b"t"), "x/a": File(b"a", tag=b"t"), "y": File(b"y", tag=b"t")}
    listed, notes = attested(tmp_path, files, *lines, bucket=bucket)
    assert [name for name, row in listed.items() if row["proof"]] == ["a", "x/a"]
    assert notes == []


def test_of_two_reports_the_newer_one_counts_and_two_sums_are_disputed(tmp_path: Path):
    files = {name: File(name.encode(), tag=b"t") for name in ("a", "b", "c")}
    listed, notes = attested(
        tmp_path,
        files,
        succeeded("raw", "a", b"a", "t"),
        succeeded("raw", "a", b"a", "t"),
        succeeded("raw", "b", b"b", "t"),
        succeeded("raw", "c", b"c", "t"),
        succeeded("raw", "c", b"other", "t"),
        earlier=[succeeded("raw", "a", b"a", "t"), succeeded("raw", "b", b"rotten", "t")],
    )
    told = {name: (row["sha256"], row["proof"], row["proved_at"]) for name, row in listed.items()}
    assert told["a"] == (sha(b"a"), ATTESTED, int(AT.timestamp()))
    assert told["b"] == (sha(b"b"), ATTESTED, int(AT.timestamp()))
    assert told["c"] == (None, DISPUTED, int(AT.timestamp()))
    assert "1 sum with two sums for one object of one moment; the first is of c" in notes[0]
    assert "other sums than earlier ones of 1 object that nobody wrote between" in notes[1]
    assert "the first is b" in notes[1]


def test_what_stands_for_a_folder_has_nothing_to_prove(tmp_path: Path) -> None:
    files = {
        "dir/": File(kind="folder", tag=b"t"),
        "x.jetraw-storage": File(kind="marker", tag=b"t"),
    }
    lines = [succeeded("raw", name, b"", "t") for name in files]
    listed, notes = attested(tmp_path, files, *lines)
    assert ({row["proof"] for row in listed.values()}, notes) == ({""}, [])


def test_all_else_is_as_the_source_has_it(tmp_path: Path) -> None:
    storage = Storage({b"a": File(b"a", tag=b"t", mtime_ns=LONG_AGO)})
    job = report(tmp_path, [succeeded("raw", "a", b"a", "t")], AT)
    source = AttestedSource(storage.open(None, ()), Sums([job], tmp_path, AT), RAW)
    (rows,) = source.listing()
    assert source.prove(None) == storage.root
    assert source.read(rows, lambda _: None).proof == ["read"]
    assert source.left_out == ()
    source.close()
