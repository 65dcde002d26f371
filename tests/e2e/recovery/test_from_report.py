"""`scan --from-report`: what a cloud computed at rest, beside what is in real buckets."""

import hashlib
import json
import shutil

import pytest

from support.faults.fault_proxy import Fault, FaultProxy
from support.recovery.buckets import always, s3_refused, sha
from support.recovery.cloud_bucket import SOON, Bucket
from support.recovery.cloud_files import failed, succeeded

HARD = ("a b", "a+b", "50%", "%2F", "tab\tmore", "a//b", "ä/é", "x/../y", 'quo"te,')


@pytest.fixture
def raw(folder, moto):
    return Bucket(folder, moto, moto.endpoint, versioned=True)


@pytest.fixture
def behind(folder, moto):
    """A versioned bucket behind a proxy."""
    with FaultProxy(int(moto.endpoint.rpartition(":")[2])) as proxy:
        made = Bucket(folder, moto, proxy.url, versioned=True)
        made.proxy = proxy
        made.put("one.tif", b"one")
        made.put("two.tif", b"two")
        yield made


@pytest.mark.parametrize("versioned", [False, True])
def test_what_a_report_attests_is_not_read_and_an_ordinary_scan_agrees(folder, moto, versioned):
    raw = Bucket(folder, moto, moto.endpoint, versioned=versioned)
    for key in HARD:
        raw.put(key, key.encode())
    raw.put("new", b"new")
    job = raw.report(*(raw.line(key, key.encode()) for key in HARD))
    told = raw.scan("--from-report", job)
    assert told["notes"] == []
    assert (told["status"], told["files_read"]) == ("complete", 1)
    assert told["scan"]["counts"]["proofs"] == {"attested": len(HARD), "read": 1}
    assert [len(one["digest"]) for one in told["scan"]["reports"]] == [71]
    before = raw.contents()
    assert {row["proof"] for key, row in before.items() if key != b"new"} == {"attested"}
    assert raw.scan("--from-report", job)["files_read"] == 1  # it was written within the hour
    assert [r for k, r in raw.contents().items() if k != b"new"] == [
        r for k, r in before.items() if k != b"new"
    ]
    raw.scan("--full")
    assert raw.sums() == {key: row["sha256"] for key, row in before.items()}
    assert {row["proof"] for row in raw.contents().values()} == {"read"}


def test_a_report_is_never_told_as_a_reading(raw):
    raw.put("one.tif", b"one")
    told = raw.folder(
        "scan", "--into", "proofs", "--from-report", raw.report(raw.line("one.tif", b"one"))
    )
    assert "0 read (0 B), 1 by reports of the cloud" in told.stdout
    told = raw.folder("verify", "proofs", "--objective").stdout
    assert "1 file (3 B) of them by reports of the cloud, and not read here" in told
    assert "; 1 file by reports of the cloud" in told.splitlines()[-1]
    told = json.loads(raw.folder("verify", "proofs", "--objective", "-o", "json").stdout)
    assert told["storages"][0]["files"]["attested"] == {"files": 1, "bytes": 3}
    told = raw.folder("snapshot", "create", "proofs").stdout
    digest = hashlib.sha256((raw.folder.path / "job/manifest.json").read_bytes()).hexdigest()
    by = "raw: 1 file not read here, but by reports of the cloud of 20"
    for text in (told, raw.folder("snapshot", "list", "proofs").stdout):
        assert by in " ".join(text.split())
        assert f"sha256:{digest[:12]}" in text
    listed = json.loads(raw.folder("snapshot", "list", "proofs", "-o", "json").stdout)
    (report,) = listed["snapshots"][0]["reports"]
    assert (report["storage"], report["digest"]) == ("raw", f"sha256:{digest}")
    told = raw.folder("verify", "proofs", "--explain", "raw", "one.tif").stdout
    assert "not read here; by a report of the cloud of" in told
    assert "by a report of the cloud its bytes were right last on" in told
    assert f"report with the manifest of SHA-256 {digest[:12]}" in told
    assert " read " not in told.replace("not read here", "")
    raw.folder("scan", "--into", "proofs", "--full")
    raw.folder("snapshot", "create", "proofs")
    told = raw.folder("verify", "proofs", "--against", code=0).stdout
    assert "1 not read, by reports of the cloud" in told


def test_a_limit_leaves_out_what_no_report_attests(raw):
    for key in ("one", "two", "three"):
        raw.put(key, key.encode())
    job = raw.report(raw.line("one", b"one"), failed(raw.bucket, "two", "Access denied", "403"))
    told = raw.scan("--due", "--max-bytes", "1", "--from-report", job, code=8)
    assert (told["status"], told["files_read"], told["unread"]) == ("incomplete", 0, 2)
    assert (
        "The reports have no SHA-256 of 1 object (Access denied (403); the first is two)"
        in (told["notes"][-1])
    )
    found = raw.contents()
    assert found[b"one"]["sha256"] == sha(b"one")
    assert (found[b"two"]["kind"], found[b"two"]["detail"]) == ("unreadable", b"limit")


def test_nothing_calls_a_file_right_of_which_a_report_has_other_bytes(raw):
    raw.put("a", b"aaaa")
    raw.put("b", b"b")
    raw.scan()
    told = raw.scan("--from-report", raw.report(raw.line("a", b"AAAA")), "--max-bytes", "1", code=8)
    assert (told["status"], told["doubted"]) == ("unfinished", 1)
    for asked in (
        ("verify", "proofs", "--objective"),
        ("snapshot", "create", "proofs"),
        ("verify", "proofs", "--explain", "raw", "a"),
    ):
        assert "other bytes" in raw.folder(*asked, code=8).stdout
    raw.folder("verify", "proofs", "--explain", "raw", "b")
    raw.scan()
    raw.folder("verify", "proofs", "--objective")
    raw.folder("snapshot", "create", "proofs")


def test_what_was_written_after_the_report_is_read(raw):
    raw.put("one", b"one")
    line = raw.line("one", b"one")
    raw.put("one", b"One")
    raw.put("two", b"two")
    job = raw.report(line, raw.line("two", b"two"), later=-SOON)
    assert raw.scan("--from-report", job)["files_read"] == 2
    assert raw.sums() == {b"one": sha(b"One"), b"two": sha(b"two")}


def test_other_bytes_than_were_recorded_are_read_and_what_is_read_counts(behind):
    behind.scan()
    behind.folder("snapshot", "create", "proofs")
    job = behind.report(behind.line("one.tif", b"oNe"), behind.line("two.tif", b"two"))
    told = behind.scan("--from-report", job)  # the report is wrong
    assert (told["files_read"], told["doubted"], told["altered"]["count"]) == (1, 1, 0)
    found = behind.contents()
    assert (found[b"one.tif"]["proof"], found[b"one.tif"]["sha256"]) == ("read", sha(b"one"))
    assert found[b"two.tif"]["proof"] == "attested"
    rotten = Fault(change=lambda answer: answer.replace(b"\r\n\r\none", b"\r\n\r\noNe"))
    behind.proxy.decide = always(rotten, lambda asked: "/one.tif" in asked.target)
    told = behind.scan("--from-report", job, code=7)
    assert told["altered"] == {"count": 1, "first": ["one.tif"]}
    told = behind.folder("verify", "proofs", "--explain", "raw", "one.tif", code=7).stdout
    assert "damaged" in told


def test_the_report_s_word_counts_where_the_class_lets_nobody_read_and_no_listing_says_so(behind):
    behind.scan()
    tier = "<StorageClass>INTELLIGENT_TIERING</StorageClass>"
    refused = s3_refused(403, "InvalidObjectState", tier)
    two = behind.line("two.tif", b"two")
    behind.proxy.decide = always(refused, lambda asked: "/one.tif" in asked.target)
    tag = behind.client.list_objects_v2(Bucket=behind.bucket)["Contents"][0]["ETag"].strip('"')
    job = behind.report(succeeded(behind.bucket, "one.tif", b"oNe", tag), two)
    told = behind.scan("--from-report", job, code=7)
    assert (told["status"], told["files_read"], told["doubted"]) == ("complete", 0, 1)
    assert told["altered"] == {"count": 1, "first": ["one.tif"]}
    found = behind.contents()[b"one.tif"]
    assert (found["kind"], found["proof"], found["sha256"]) == ("archived", "attested", sha(b"oNe"))
    assert behind.scan(code=7)["altered"] == told["altered"]  # without the report
    assert behind.contents()[b"one.tif"] == found
    good = succeeded(behind.bucket, "one.tif", b"one", tag)
    again = behind.report(good, two, name="again", later=2 * SOON)
    assert behind.scan("--from-report", again)["altered"]["count"] == 0
    assert behind.contents()[b"one.tif"]["sha256"] == sha(b"one")
    worse = succeeded(behind.bucket, "one.tif", b"onE", tag)
    behind.scan("--from-report", behind.report(worse, two, name="worse", later=4 * SOON), code=7)
    for name in ("findings", "found"):  # what the scan has kept says so without them
        shutil.rmtree(behind.folder.path / "proofs" / name)
    assert behind.scan(code=7)["altered"] == told["altered"]


def test_archived_objects_are_proved_and_found_damaged_by_reports_alone(raw):
    raw.put("cold.tif", b"cold", StorageClass="GLACIER")
    job = raw.report(raw.line("cold.tif", b"cold"), name="first")
    told = raw.scan("--from-report", job)
    assert (told["status"], told["scan"]["counts"]["proofs"]) == ("complete", {"attested": 1})
    raw.folder("snapshot", "create", "proofs")
    before = raw.contents()
    raw.scan()  # without a report it stays known
    assert raw.contents() == before
    raw.folder("snapshot", "create", "proofs")
    told = raw.folder("verify", "proofs", "--deep", code=8).stdout
    assert "archived, then and now" in told
    raw.scan("--from-report", raw.report(raw.line("cold.tif", b"cold"), name="second"))
    raw.folder("snapshot", "create", "proofs")
    told = raw.folder("verify", "proofs", "--against").stdout
    assert "1 of 1 file compared" in told
    told = raw.scan(
        "--from-report",
        raw.report(raw.line("cold.tif", b"cOld"), name="third", later=2 * SOON),
        code=7,
    )
    assert told["altered"] == {"count": 1, "first": ["cold.tif"]}
    raw.scan(code=7)  # until it is proved to be over
    good = raw.report(raw.line("cold.tif", b"cold"), name="fourth", later=4 * SOON)
    assert raw.scan("--from-report", good)["altered"]["count"] == 0
    told = raw.folder("verify", "proofs", "--explain", "raw", "cold.tif").stdout
    assert f"archived  GLACIER  {sha(b'cOld').hex()[:12]}" in told.replace("SHA-256 ", "")


def test_what_nobody_can_know_of_an_archived_object_is_told_by_its_name(raw):
    for key in ("cold.tif", "shut.tif"):
        raw.put(key, key.encode(), StorageClass="GLACIER")
    raw.scan()
    raw.folder("snapshot", "create", "proofs")
    lines = [raw.line("cold.tif", data) for data in (b"cold", b"cOld")]
    job = raw.report(*lines, failed(raw.bucket, "shut.tif", "Access denied", "403"))
    told = raw.scan("--from-report", job, code=8)
    assert told["status"] == "incomplete"
    assert [(one["path"], one["reason"]) for one in told["scan"]["unproved"]] == [
        ("cold.tif", "two sums in reports of one moment")
    ]
    for name, why in (
        ("cold.tif", "two sums in reports of one moment"),
        ("shut.tif", "GLACIER; no sum in a report: Access denied (403)"),
    ):
        told = raw.folder("verify", "proofs", "--explain", "raw", name, code=8).stdout
        assert why in " ".join(told.split())
    raw.scan(code=8)  # without the report
    raw.scan("--from-report", job, code=8)
    raw.folder("snapshot", "create", "proofs", code=8)
    snapshots = json.loads(raw.folder("snapshot", "list", "proofs", "-o", "json").stdout)
    (first, second) = sorted(one["id"] for one in snapshots["snapshots"])
    pair = f"proofs@{second}", "--against", f"proofs@{first}"
    told = json.loads(raw.folder("verify", *pair, "-o", "json", code=8).stdout)
    found = {one["path"]: (one["what"], one["note"]) for one in told["storages"][0]["findings"]}
    assert found == {
        "cold.tif": ("unreadable", "two sums in reports of one moment"),
        "shut.tif": (
            "not_verified",
            "archived, then and now: GLACIER; no sum in a report: Access denied (403)",
        ),
    }


def test_a_report_of_what_is_not_scanned_is_refused(raw, folder):
    raw.put("one", b"one")
    other = raw.report(succeeded("another", "one", b"one", "tag"), name="other")
    told = folder("scan", "--into", "proofs", "--from-report", other, code=64).stderr
    assert "is of the bucket 'another': no storage that is to be scanned lies there" in told
    mine = raw.report(raw.line("one", b"one"))
    both = ("--from-report", mine, "--from-report", other)
    told = folder("scan", "--into", "proofs", *both, code=64).stderr
    assert "is of the bucket 'another'" in told
    told = folder("scan", "--into", "proofs", "--full", "--from-report", mine, code=64).stderr
    assert "--full reads everything itself" in told
    told = folder("scan", "raw", "--from-report", mine, code=64).stderr
    assert "--from-report and --listing tell of what a repository keeps" in told
    manifest = folder.read("storages.yaml")
    copy = (
        f"  - {{name: copy, label: C, type: S3, default_url: 'http://127.0.0.1:1/{raw.bucket}'}}\n"
    )
    folder.write(manifest + copy)
    folder("apply", "-y")
    told = folder("scan", "--into", "proofs", "--from-report", mine, code=64).stderr
    assert "several servers have the bucket that the file is of ('copy', 'raw')" in told
    assert raw.scan("raw", "--from-report", mine)["files_read"] == 0
    folder("scan", "--into", "proofs", "--from-report", "storages.yaml", code=65)


@pytest.mark.parametrize("option", ["--from-report", "--listing"])
def test_what_lies_in_a_bucket_is_to_be_fetched_first(storages, option):
    line = ("scan", "--into", "proofs", option, "s3://jobs/job 1/manifest.json")
    told = storages.folder(*line, code=64).stderr
    assert "Fetch all of it, as by `aws s3 cp --recursive 's3://jobs/job 1' ./fetched`" in told
    assert f"say {option} ./fetched/manifest.json" in told
    assert not (storages.path / "proofs").exists()


def test_seaweed_keeps_its_own_tags(folder, s3, monkeypatch):
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    raw = Bucket(folder, s3, s3.endpoint, versioned=False)
    raw.put("a/one two.tif", b"one")
    raw.put("b.tif", b"b")
    job = raw.report(raw.line("b.tif", b"b"), raw.line("a/one two.tif", b"one"))
    assert raw.scan("--from-report", job)["files_read"] == 0
    assert raw.sums() == {b"a/one two.tif": sha(b"one"), b"b.tif": sha(b"b")}
