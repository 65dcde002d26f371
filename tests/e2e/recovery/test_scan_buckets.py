"""`scan` of buckets, as a user runs it on real servers, of which some fail."""

import json

import pytest

from reconciler.location import location
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from support.faults.fault_proxy import PASS, FaultProxy, refused, scripted
from support.recovery.buckets import always, getting, leaving_out, listing, s3_refused, sha
from support.recovery.scans import rows, table


class Buckets:
    """A storage in a bucket behind a proxy, and what scans keep of it."""

    def __init__(self, folder, server, proxy):
        self.folder, self.server, self.proxy = folder, server, proxy
        self.bucket = server.new_bucket()
        self.url = f"{proxy.url}/{self.bucket}"
        entry = f"  - {{name: raw, label: Raw, type: S3, default_url: '{self.url}'}}\n"
        folder.write(f"version: 1\nplatform: sqlite:///platform.db\nstorages:\n{entry}")
        folder("apply", "-y")

    def put(self, key, data):
        return self.server.client().put_object(Bucket=self.bucket, Key=key, Body=data)

    def scan(self, *arguments, code=0):
        told = self.folder("scan", "--into", "proofs", "-o", "json", *arguments, code=code)
        return json.loads(told.stdout)["scans"][0]

    def contents(self):
        repository = open_repository(str(self.folder.path / "proofs"))
        place = location("S3", self.url).place
        return table(rows(repository, record.latest(repository, place, complete=False)))


@pytest.fixture
def buckets(folder, moto):
    with FaultProxy(int(moto.endpoint.rpartition(":")[2])) as proxy:
        made = Buckets(folder, moto, proxy)
        for i in range(20):
            made.put(f"raw/{i:02}.tif", b"%d" % i)
        yield made


def test_a_bucket_is_scanned_and_then_only_what_is_new(buckets):
    assert buckets.scan()["files_read"] == 20
    buckets.put("raw/03.tif", b"other")
    buckets.put("a//b", b"new")
    buckets.server.client().delete_object(Bucket=buckets.bucket, Key="raw/04.tif")
    again = buckets.scan(code=7)
    assert (again["status"], again["files_read"] + again["files_kept"]) == ("complete", 20)
    assert again["missing"] == {"count": 1, "first": ["raw/04.tif"]}
    found = buckets.contents()
    assert len(found) == 20
    assert found[b"a//b"]["sha256"] == sha(b"new")
    assert found[b"raw/03.tif"]["sha256"] == sha(b"other")


def test_a_limit_leaves_a_record_of_a_bucket_and_each_object_has_its_turn(buckets):
    manifest = (buckets.folder.path / "storages.yaml").read_text()
    buckets.folder.write(f"proof: {{every: 7d}}\n{manifest}")
    first = buckets.scan("--due", "--max-bytes", "12", code=8)
    assert (first["status"], first["files_read"], first["unread"]) == ("incomplete", 11, 9)
    again = buckets.scan("--due")  # what was written within the last hour is read once more
    assert (again["status"], again["files_read"], again["unread"]) == ("complete", 20, 0)
    told = buckets.folder("verify", "proofs", "--objective").stdout
    assert "raw: proved: 20 of 20 files (30 B) within 7 days" in told


def test_a_server_that_fails_now_and_then_changes_nothing(buckets):
    faults = [refused(503, "0"), s3_refused(500, "InternalError"), PASS, refused(429, "0")]
    buckets.proxy.decide = scripted(*faults * 3)
    assert buckets.scan()["files_read"] == 20
    assert {row["proof"] for row in buckets.contents().values()} == {"read"}


@pytest.mark.parametrize(
    ("fault", "of"),
    [
        (s3_refused(404, "NoSuchBucket"), lambda _: True),
        (s3_refused(403, "AccessDenied"), listing),
        (s3_refused(400, "ExpiredToken"), getting("07.tif")),
    ],
)
def test_a_bucket_that_is_lost_leaves_what_was_known(buckets, fault, of):
    buckets.scan()
    before = buckets.contents()
    buckets.put("raw/07.tif", b"other")  # which has to be read
    buckets.proxy.decide = always(fault, of)
    assert buckets.scan(code=8)["status"] == "not_reachable"
    assert buckets.contents() == before


def test_an_object_that_rots_in_its_server_is_no_file_that_is_gone(buckets):
    buckets.scan()
    buckets.proxy.decide = always(s3_refused(500, "InternalError"), getting("07.tif"))
    buckets.scan("--full", code=8)
    found = buckets.contents()
    assert len(found) == 20
    assert (found[b"raw/07.tif"]["kind"], found[b"raw/07.tif"]["detail"]) == ("unreadable", b"500")


def test_what_a_listing_leaves_out_is_asked_for_before_it_is_gone(buckets):
    buckets.scan()
    before = buckets.contents()
    leaving = leaving_out("raw/07.tif", "raw/19.tif")
    buckets.server.client().delete_object(Bucket=buckets.bucket, Key="raw/19.tif")
    buckets.proxy.decide = always(leaving, listing)
    told = buckets.scan(code=7)  # only what answers with 404 is gone
    assert (told["status"], told["missing"]["first"]) == ("incomplete", ["raw/19.tif"])
    assert [note for note in told["notes"] if "leaves out 1 file that earlier scans know" in note]
    found = buckets.contents()
    assert found.keys() == before.keys() - {b"raw/19.tif"}
    assert found[b"raw/07.tif"]["sha256"] == sha(b"7")


def test_a_listing_that_is_proved_to_leave_something_out_is_never_taken_for_whole(buckets):
    text = (buckets.folder.path / "storages.yaml").read_text()
    buckets.folder.write(f"proof: {{every: 30d}}\n{text}")
    buckets.scan()
    buckets.folder("snapshot", "create", "proofs")
    buckets.proxy.decide = always(leaving_out("raw/07.tif"), listing)
    told = buckets.scan(code=8)
    assert (told["status"], told["missing"]["count"]) == ("incomplete", 0)
    assert told["reason"].startswith("The listing of the bucket leaves out files that are there")
    assert [part["reason"] for part in told["scan"]["unproved"]] == ["unlisted"]
    said = buckets.folder("verify", "proofs", "--deep", code=8).stdout
    assert said.endswith("of 20 files compared; not all was listed and read of 'raw'.\n")
    assert "leaves out" in buckets.folder("verify", "proofs", "--objective", code=8).stdout
    buckets.proxy.decide = always(PASS, listing)
    assert buckets.scan()["status"] == "complete"
    buckets.folder("verify", "proofs", "--objective")


def test_a_listing_that_has_fewer_keys_than_it_says_is_none(buckets):
    buckets.scan()
    buckets.put("raw/new.tif", b"new")
    buckets.proxy.decide = always(leaving_out("raw/new.tif", counted=True), listing)
    told = buckets.scan(code=8)
    assert told["status"] == "not_reachable"
    assert "it lists 20 keys and says that there are 21" in told["reason"]


def test_of_what_a_listing_leaves_out_and_nobody_may_ask_for_nothing_is_said(buckets):
    buckets.scan()
    refusing = {"GET": leaving_out("raw/07.tif"), "HEAD": s3_refused(403, "Forbidden")}

    def decide(request):
        meant = listing(request) or request.target.endswith("/raw/07.tif")
        return refusing[request.method] if meant else PASS

    buckets.proxy.decide = decide
    for _ in range(2):  # nor later
        told = buckets.scan(code=8)
        assert (told["status"], told["missing"]["count"]) == ("incomplete", 0)
        found = buckets.contents()[b"raw/07.tif"]
        assert (found["kind"], found["detail"]) == ("unreadable", b"403")
