"""Reports of the cloud: what is believed of them, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.errors import CloudFileError
from reconciler.recovery.cloud import sums
from reconciler.recovery.cloud.lines import lines_of
from reconciler.recovery.cloud.sums import Sums
from support.recovery.buckets import sha
from support.recovery.cloud_files import failed, report, succeeded

AT = datetime(2026, 11, 20, 8, 30, 5, tzinfo=UTC)
NOW = AT + timedelta(days=3)
SECONDS = int(AT.timestamp())


def taken(folder: Path, *jobs: Path) -> Sums:
    (folder / "sorting").mkdir(exist_ok=True)
    return Sums(jobs, folder / "sorting", NOW)


def refused(folder: Path, job: Path) -> str:
    with pytest.raises(CloudFileError) as error:
        taken(folder, job)
    assert error.value.exit_code == 65
    return str(error.value)


def test_sums_come_by_key_whatever_their_order_is(tmp_path: Path) -> None:
    lines = [
        succeeded("raw", "b/2", b"2", "t2", "v9"),
        succeeded("other", "b/2", b"o", "t"),
        succeeded("raw", "b/1", b"1", "t1"),
        succeeded("raw", "a", b"a", "ta"),
        succeeded("raw", "b/2", b"two", "t3", "v8"),
    ]
    found = taken(tmp_path, report(tmp_path, lines, AT))
    below = {
        key: {(s.version, s.tag, s.sha256) for s in told} for key, told in found.below("raw", b"b/")
    }
    assert below == {
        b"1": {(None, b"t1", sha(b"1"))},
        b"2": {("v9", b"t2", sha(b"2")), ("v8", b"t3", sha(b"two"))},
    }
    assert [key for key, _ in found.below("raw", b"")] == [b"a", b"b/1", b"b/2"]
    assert [key for key, _ in found.below("othe", b"")] == []
    assert {s.proved_at for _, told in found.below("raw", b"") for s in told} == {SECONDS}
    assert found.buckets == {"raw", "other"}
    assert found.counts == {"raw": 4, "other": 1}


def test_a_report_that_is_given_twice_tells_nothing_twice(tmp_path: Path) -> None:
    job = report(tmp_path, [succeeded("raw", "a", b"a", "t")], AT)
    found = taken(tmp_path, job, job)
    assert found.counts == {"raw": 1}
    assert [len(told) for _, told in found.below("raw", b"")] == [1]
    assert found.by_report() == [{"raw"}]


@pytest.mark.parametrize(
    "key", ["a b+c%20", 'zeile\n2,"x"', "ä/日本", b"\xff\xfe/\x00", "a//b", "/a/"], ids=repr
)
def test_keys_are_bytes(tmp_path: Path, key: str | bytes) -> None:
    found = taken(tmp_path, report(tmp_path, [succeeded("raw", key, b"x", "t")], AT))
    assert [name for name, _ in found.below("raw", b"")] == [
        key.encode() if isinstance(key, str) else key
    ]


def test_what_is_sorted_by_the_engine_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reconciler.recovery.parts.runs.RUN", 0)
    monkeypatch.setattr(sums, "_BATCH", 7)
    names = [f"{(i * 37) % 100:03}" for i in range(100)]
    lines = [succeeded("raw", name, name.encode(), "t", name) for name in names]
    found = taken(tmp_path, report(tmp_path, lines, AT))
    assert [(key, told[0].sha256, told[0].version) for key, told in found.below("raw", b"")] == [
        (name.encode(), sha(name.encode()), name) for name in sorted(names)
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            succeeded("raw", "a", b"a", "t", checksumAlgorithm="CRC64NVME"),
            "CRC64NVME, which is no SHA-256",
        ),
        (succeeded("raw", "a", b"a", "t", checksumAlgorithm=None), "None, which is no SHA-256"),
        (
            succeeded("raw", "a", b"a", "t", checksumType="COMPOSITE"),
            "a sum of type COMPOSITE, which is none of the whole object",
        ),
        (succeeded("raw", "a", b"a", "t", checksum_hex="00" * 32), "no sum that can be read"),
        (succeeded("raw", "a", b"a", "t", checksum_hex=None), "no sum that can be read"),
        (succeeded("raw", "a", b"a", "t", checksum_base64="bS9TOQ=="), "no sum that can be read"),
        ([*succeeded("raw", "a", b"a", "t")[:6], "{"], "no sum that can be read"),
        ([*succeeded("raw", "a", b"a", "t")[:6], '["a"]'], "no sum that can be read"),
        (["raw", "a", "", "succeeded", "500", "", "{}"], "no sum that can be read"),
        (["raw", "a", "", "succeeded", "200", "", "[" * 100_000], "no sum that can be read"),
        (["raw", "a", "", "maybe", "200", "", "{}"], "status maybe, which is not known"),
        (
            failed("raw", "a", "SSE-C encryption type is not supported for this operation", "400"),
            "SSE-C encryption type is not supported for this operation (400)",
        ),
        (failed("raw", "a", "Key not found", "404"), "Key not found (404)"),
        (["raw", "a", "", "failed", "403", "AccessDenied", ""], "AccessDenied"),
        (["raw", "a", "", "failed", "AccessDenied", "403", ""], "AccessDenied"),
        (["raw", "a", "", "failed", "", "", ""], "failed, and no reason is told"),
    ],
    ids=repr,
)
def test_what_proves_nothing_is_counted_with_its_reason(tmp_path: Path, line, why: str) -> None:
    found = taken(tmp_path, report(tmp_path, [line, succeeded("raw", "b", b"b", "t")], AT))
    assert found.unsummed["raw"].counts == {why: 1}
    assert found.unsummed["raw"].first == {why: b"a"}
    told = {key: (one.sha256, one.why) for key, (one,) in found.below("raw", b"")}
    assert told == {b"a": (None, why), b"b": (sha(b"b"), "")}


def test_a_line_of_the_user_guide_is_read(tmp_path: Path) -> None:
    line = (
        'amzn-s3-demo-bucket1,s3-standard-1mb-test-object,,succeeded,200,,"{""checksum_base64"":'
        '""bS9TOQ\\u003d\\u003d"",""etag"":""3c3c1813042989094598e4b57ecbdc82"",'
        '""checksumAlgorithm"":""CRC32"",""checksumType"":""FULL_OBJECT"",'
        '""checksum_hex"":""6D2F5339""}"\n'
    )
    path = tmp_path / "report.csv"
    path.write_text(line)
    with path.open("rb") as file:
        (told,) = lines_of(path, file)
    assert (told.bucket, told.key) == ("amzn-s3-demo-bucket1", b"s3-standard-1mb-test-object")
    assert (told.tag, told.sha256) == (b"3c3c1813042989094598e4b57ecbdc82", None)


def test_reasons_without_end_are_told_as_others(tmp_path: Path) -> None:
    lines = [failed("raw", str(i), f"reason {i}", "500") for i in range(30)]
    counts = taken(tmp_path, report(tmp_path, lines, AT)).unsummed["raw"].counts
    assert (len(counts), counts["other reasons"]) == (21, 10)


def test_a_file_that_is_not_what_the_manifest_names_is_refused(tmp_path: Path) -> None:
    job = report(tmp_path, [succeeded("raw", "a", b"a", "t"), succeeded("raw", "b", b"b", "t")], AT)
    (results,) = (tmp_path / "results").iterdir()
    whole = results.read_bytes()
    results.write_bytes(whole[:-40])  # cut short
    assert "Nothing of it is believed: fetch it again" in refused(tmp_path, job)
    results.write_bytes(whole.replace(b"raw,a", b"raw,c"))
    assert "its MD5 is" in refused(tmp_path, job)
    results.unlink()
    assert "is not beside" in refused(tmp_path, job)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Format": "S3BatchOperations_CSV_20180820"}, "its Format is not Report_CSV_20180820"),
        ({"Format": None, "sourceBucket": "raw"}, "it is a list: give it with --listing"),
        ({"Format": None}, "its Format is not Report_CSV_20180820"),
        ({"ReportSchema": "Key, Bucket"}, "has lines of another schema"),
        ({"ReportCreationDate": None}, "does not say its ReportCreationDate"),
        ({"ReportCreationDate": "yesterday"}, "which is no date"),
        ({"ReportCreationDate": "0001-01-01T00:00:00+14:00"}, "which is no date"),
        ({"ReportCreationDate": "2026-12-24T00:00:00Z"}, "a time that has not come yet"),
        ({"Results": None}, "names no files"),
        ({"Results": [{"Key": "a.csv"}]}, "does not say its MD5Checksum"),
        ({"Results": [{"Key": "../../etc/passwd", "MD5Checksum": "0" * 32}]}, "which is no file"),
        ({"Results": [{"Key": "k" * 5_000, "MD5Checksum": "0" * 32}]}, "is not beside"),
        ({"Results": []}, "the reports name no object"),
    ],
    ids=repr,
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, changed, told: str) -> None:
    job = report(tmp_path, [succeeded("raw", "a", b"a", "t")], AT, **changed)
    assert told in refused(tmp_path, job)


def test_lines_alone_are_no_report(tmp_path: Path) -> None:
    report(tmp_path, [succeeded("raw", "a", b"a", "t")], AT)
    (results,) = (tmp_path / "results").iterdir()
    assert "give the manifest.json that was written with it" in refused(tmp_path, results)
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert "is no manifest of a report" in refused(tmp_path, tmp_path / "deep.json")
    assert "No such file" in refused(tmp_path, tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "line",
    ["raw,a", "raw,,,succeeded,200,,{}", '"raw', "raw,a,\udcff,succeeded,200,,{}"],
    ids=ascii,
)
def test_a_line_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    told = refused(tmp_path, report(tmp_path, [succeeded("raw", "a", b"a", "t"), line], AT))
    assert told.startswith("line 2 of")


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path: Path) -> None:
    told = refused(tmp_path, report(tmp_path, [f"raw,{'a' * 1_100_000}"], AT))
    assert "a line is longer than 1,048,576 bytes" in told


def test_files_are_found_where_they_were_synchronised_to(tmp_path: Path) -> None:
    job = report(tmp_path, [succeeded("raw", "a", b"a", "t")], AT)
    key = json.loads(job.read_text())["Results"][0]["Key"]
    there = tmp_path / key
    there.parent.mkdir(parents=True)
    next((tmp_path / "results").iterdir()).rename(there)
    moved = tmp_path / "job-1f3e" / "manifest.json"
    job.rename(moved)
    assert taken(tmp_path, moved.parent).counts == {"raw": 1}
