"""`scan --listing`: a list of S3 Inventory in place of the server's own, for real buckets."""

import json
from datetime import timedelta

import pytest

from support.recovery.buckets import sha
from support.recovery.cloud_bucket import SOON, Bucket

HARD = ("a b", "a+b", "50%", "%2F", "tab\tmore", "a//b", "ä/é", "x/../y", 'quo"te,', "dir/")


@pytest.fixture
def raw(folder, moto):
    return Bucket(folder, moto, moto.endpoint, versioned=True)


def summed(raw):
    return {
        key: (row["kind"], row["sha256"], row["size"], row["version"], row["tag"])
        for key, row in raw.contents().items()
    }


@pytest.mark.parametrize(("form", "versioned"), [("CSV", True), ("Parquet", False)])
def test_a_list_and_the_server_s_listing_agree(folder, moto, form, versioned):
    raw = Bucket(folder, moto, moto.endpoint, versioned=versioned)
    for key in HARD:
        raw.put(key, b"" if key.endswith("/") else key.encode())
    raw.put("a b", b"again")
    raw.put("gone", b"gone")
    raw.client.delete_object(Bucket=raw.bucket, Key="gone")
    raw.put("cold", b"cold", StorageClass="GLACIER")
    told = raw.scan("--listing", raw.listing(form=form, later=SOON))
    assert (told["status"], told["files_read"]) == ("complete", len(HARD) - 1)
    assert told["scan"]["listed_at"]
    by_list = summed(raw)
    assert raw.scan("--full")["scan"]["listed_at"] is None
    assert summed(raw) == by_list


@pytest.mark.parametrize("versioned", [False, True])
def test_what_the_list_lacks_is_asked_for_before_it_is_missing(folder, moto, versioned):
    raw = Bucket(folder, moto, moto.endpoint, versioned=versioned)
    for key in ("a", "b", "c"):
        raw.put(key, key.encode())
    raw.scan()
    raw.client.delete_object(Bucket=raw.bucket, Key="b")
    listing = raw.listing()
    raw.put("b", b"b")
    raw.put("d", b"came later")
    raw.client.delete_object(Bucket=raw.bucket, Key="c")
    # Where versions are kept, that of `c` is read as the list has it.
    told = raw.scan("--listing", listing, code=0 if raw.versioned else 7)
    notes = " ".join(told["notes"])
    assert "Listed by an S3 Inventory of" in notes
    assert "1 more that earlier scans know were asked for" in notes
    found = raw.contents()
    assert found[b"b"]["sha256"] == sha(b"b")
    assert b"d" not in found


def test_what_was_removed_since_is_found_to_be_gone_when_it_is_read(folder, moto):
    raw = Bucket(folder, moto, moto.endpoint, versioned=False)
    raw.put("a", b"a")
    raw.put("b", b"b")
    raw.scan()
    listing = raw.listing(later=SOON)
    raw.client.delete_object(Bucket=raw.bucket, Key="a")
    raw.put("b", b"written since")
    told = raw.scan("--listing", listing, code=7)
    assert told["missing"] == {"count": 1, "first": ["a"]}
    assert raw.sums() == {b"b": sha(b"written since")}
    assert raw.scan("--listing", listing, code=7)["missing"]["count"] == 1


def test_a_list_that_is_older_than_what_is_known_is_not_taken(raw):
    raw.put("a", b"a")
    listing = raw.listing(later=-SOON)
    raw.scan()
    told = raw.scan("--listing", listing, code=8)
    assert told["status"] == "not_begun"
    assert "The list was made at" in told["reason"]
    assert raw.sums() == {b"a": sha(b"a")}


def test_what_verify_found_gone_is_read_whatever_a_late_list_and_report_say(folder, moto):
    raw = Bucket(folder, moto, moto.endpoint, versioned=False)
    raw.put("a", b"a")
    raw.put("b", b"b")
    job = raw.report(raw.line("a", b"a"), raw.line("b", b"b"), later=2 * SOON)
    listing = raw.listing(later=SOON)
    raw.scan("--listing", listing)
    raw.folder("snapshot", "create", "proofs")
    raw.client.delete_object(Bucket=raw.bucket, Key="a")
    raw.folder("verify", "proofs", "--deep", code=7)
    told = raw.scan("--listing", listing, "--from-report", job, code=7)
    assert told["missing"] == {"count": 1, "first": ["a"]}
    assert told["scan"]["counts"]["proofs"] == {"attested": 1}


@pytest.mark.parametrize("versioned", [False, True])
def test_what_verify_found_gone_of_an_archive_is_asked_for_before_a_report_counts(
    folder, moto, versioned
):
    raw = Bucket(folder, moto, moto.endpoint, versioned=versioned)
    for key in ("a", "b", "c"):
        raw.put(key, key.encode(), StorageClass="GLACIER")
    lines = [raw.line(key, key.encode()) for key in ("a", "b", "c")]
    job = raw.report(*lines, later=timedelta(seconds=1))
    listing = raw.listing(later=SOON)
    raw.scan("--from-report", job)
    raw.folder("snapshot", "create", "proofs")
    raw.client.delete_object(Bucket=raw.bucket, Key="a")
    raw.folder("verify", "proofs", "--deep", code=7)
    told = raw.scan("--listing", listing, "--from-report", job, code=7)
    assert {told["missing"]["count"], told["deleted"]["count"]} == {0, 1}
    there = {key: row["proof"] for key, row in raw.contents().items() if row["kind"] == "archived"}
    assert there == {b"b": "attested", b"c": "attested"}
    raw.scan("--listing", listing, code=7)  # and without a report


def test_a_late_list_proves_no_bucket_that_was_made_again(folder, moto):
    raw = Bucket(folder, moto, moto.endpoint, versioned=False)
    raw.put("a", b"a")
    raw.put("b", b"b")
    raw.scan()
    listing = raw.listing(later=SOON)
    raw.put("other", b"other")
    raw.client.delete_object(Bucket=raw.bucket, Key="a")
    raw.client.delete_object(Bucket=raw.bucket, Key="b")
    told = raw.scan("--listing", listing, code=8)
    assert told["status"] == "not_reachable"
    assert "has 0 of 2 files of the last scan that were asked for" in told["reason"]
    told = raw.scan("--listing", listing, "--accept-root", "raw", code=7)
    assert told["missing"]["count"] == 2


def test_reports_say_of_when_the_list_is(raw):
    raw.put("a", b"a")
    raw.scan("--listing", raw.listing(later=SOON))
    told = raw.folder("snapshot", "create", "proofs").stdout
    assert "raw: listed by an S3 Inventory of 20" in " ".join(told.split())
    at = raw.folder("verify", "proofs", "--objective").stdout
    told = raw.folder("verify", "proofs", "--deep", "-o", "json")
    one = json.loads(told.stdout)["storages"][0]
    assert one["was"]["listed_at"] > one["was"]["at"]
    assert one["is"]["listed_at"] is None
    assert f"by a list of {one['was']['listed_at']}" in at


def test_a_list_and_a_report_together_ask_for_nothing(raw):
    raw.put("a", b"a")
    raw.put("b", b"b")
    job = raw.report(raw.line("a", b"a"), raw.line("b", b"b"))
    told = raw.scan("--listing", raw.listing(later=SOON), "--from-report", job)
    assert (told["files_read"], told["scan"]["counts"]["proofs"]) == (0, {"attested": 2})


def test_a_list_of_what_is_not_scanned_is_refused(raw, folder):
    raw.put("a", b"a")
    mine = raw.listing()
    other = folder.read("list/manifest.json").replace(raw.bucket, "another")
    folder.write(other, "list/other.json")
    told = folder("scan", "--into", "proofs", "--listing", "list/other.json", code=65).stderr
    assert "its manifest says 'another'" in told
    told = folder("scan", "--into", "proofs", "--listing", mine, "--listing", mine, code=64).stderr
    assert f"two lists are of the bucket '{raw.bucket}'" in told
    told = folder("scan", "raw", "--listing", mine, code=64).stderr
    assert "--from-report and --listing tell of what a repository keeps" in told
    mine = raw.listing(versioned=False)
    told = folder("scan", "--into", "proofs", "--listing", mine, code=65).stderr
    assert "includes all versions" in told


@pytest.mark.parametrize("versioned", [False, True])
def test_what_was_found_gone_is_asked_for_whatever_a_late_list_and_a_report_say(
    folder, moto, versioned
):
    raw = Bucket(folder, moto, moto.endpoint, versioned=versioned)
    version = raw.put("a", b"a").get("VersionId")
    raw.put("b", b"b")
    raw.scan()
    told = raw.listing(later=SOON), raw.report(raw.line("a", b"a"), later=SOON)
    which = {"VersionId": version} if version else {}
    raw.client.delete_object(Bucket=raw.bucket, Key="a", **which)
    assert raw.scan(code=7)["missing"]["count"] == 1
    after = raw.scan("--listing", told[0], "--from-report", told[1], code=7)
    assert (after["missing"]["count"], list(raw.sums())) == (1, [b"b"])


@pytest.mark.parametrize(
    ("versioned", "limits"),
    [(True, ("--due", "--max-bytes", "5")), (False, ("--max-bytes", "100"))],
    ids=["not read", "read by a run that was ended"],
)
def test_what_was_seen_written_later_is_not_taken_back_by_a_late_list_and_report(
    folder, moto, versioned, limits
):
    raw = Bucket(folder, moto, moto.endpoint, versioned=versioned)
    raw.put("a", b"old")
    # A listing tells whole seconds: what is written in the same one is not written later.
    raw.age("a", days=1)
    raw.scan()
    old = raw.line("a", b"old")
    listing = raw.listing(later=SOON)
    raw.put("a", b"newer!")
    raw.put("b", b"b" * 1000)
    raw.scan(*limits, code=8)
    told = raw.scan("--listing", listing, "--from-report", raw.report(old, later=SOON), code=8)
    assert told["status"] == "incomplete"
    assert raw.sums()[b"a"] == sha(b"newer!")
