"""Whatever a server does to objects: `verify --deep` never calls one missing that may be there."""

import json
import shutil

import pytest

from reconciler.location import aws_url
from reconciler.recovery.paths import read, shown
from support.faults.fault_proxy import PASS, FaultProxy, refused, scripted
from support.recovery.buckets import always, listing, s3_refused
from support.recovery.moto import REGION
from tests.e2e.conftest import Folder

COUNT = 12
LOST = "raw/07.tif"
#: Names that no folder can hold, or no terminal show: as many as a report lists of a kind.
HARD = [
    *("a//b", "/lead", "trail/", "x/../y", "x/./y", "..", ".", "ctl\x01x", "cr\rx", "\t", "\x7f"),
    *("caf\u00e9", "cafe\u0301", "CAFE\u0301", "\u202egpj.exe", "back\\slash", "%2F"),
    *("x" * 255, "/".join(["d" * 99] * 10)),
]


class Kept:
    """A bucket behind a proxy, and a snapshot of it."""

    def __init__(self, folder, server, proxy, keys, *, versioned):
        self.folder, self.server, self.proxy = folder, server, proxy
        self.bucket, self.client = server.new_bucket(versioned=versioned), server.client()
        self.environment = {
            **server.environment(),
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_CONFIG_FILE": str(folder.path / "none"),
        }
        for number, key in enumerate(keys):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=b"%d" % number)
        self.declare(REGION)
        self.run("scan", "--into", "proofs")
        self.run("snapshot", "create", "proofs")
        (folder.path / "proofs").rename(folder.path / "kept")

    def declare(self, region):
        entry = (
            f"  - {{name: raw, label: Raw, type: S3, region: {region}, bucket: {self.bucket}}}\n"
        )
        self.folder.write(f"version: 1\nplatform: sqlite:///{region}.db\nstorages:\n{entry}")
        self.run("apply", "-y")

    def run(self, *arguments, code=0):
        return self.folder(*arguments, code=code, env=self.environment).stdout

    def verify(self, decide=lambda _: PASS, *, code, relocate=()):
        """Verify in a copy of the repository, and give what was found."""
        proofs = self.folder.path / "proofs"
        shutil.rmtree(proofs, ignore_errors=True)
        shutil.copytree(self.folder.path / "kept", proofs)
        self.proxy.decide = decide
        try:
            told = self.run("verify", "proofs", "--deep", *relocate, "-o", "json", code=code)
        finally:
            self.proxy.decide = lambda _: PASS
        (storage,) = json.loads(told)["storages"]
        return storage


@pytest.fixture(scope="module")
def kept(tmp_path_factory, warm, moto_server):
    with FaultProxy(int(moto_server.endpoint.rpartition(":")[2])) as proxy:
        keys = [f"raw/{i:02}.tif" for i in range(COUNT)]
        folder = Folder(tmp_path_factory.mktemp("kept"), warm)
        yield Kept(folder, moto_server, proxy, keys, versioned=True)


def reading(request):
    """Say whether an object is read."""
    return request.method == "GET" and f"/{LOST}" in request.target


def found(storage):
    return [(finding["what"], finding["path"]) for finding in storage["findings"]]


@pytest.mark.parametrize(
    "decide",
    [
        scripted(),
        scripted(refused(503, "0"), s3_refused(503, "SlowDown"), refused(429, "0")),
        scripted(s3_refused(503, "SlowDown"), refused(500), of=listing),
        scripted(s3_refused(503, "SlowDown"), s3_refused(500, "InternalError"), of=reading),
    ],
    ids=["no fault", "busy", "busy while it lists", "busy while it gives"],
)
def test_what_passes_changes_nothing(kept, decide):
    storage = kept.verify(decide, code=0)
    assert found(storage) == []
    assert storage["compared"] == COUNT


@pytest.mark.parametrize(
    "decide",
    [
        always(s3_refused(404, "NoSuchBucket"), lambda _: True),
        always(s3_refused(403, "AccessDenied"), lambda _: True),
        always(s3_refused(403, "AccessDenied"), listing),
        always(s3_refused(400, "ExpiredToken"), reading),
        always(s3_refused(404, "NoSuchBucket"), reading),
    ],
    ids=["gone", "forbidden", "forbidden list", "expires half way", "object says no bucket"],
)
def test_a_bucket_that_is_lost(kept, decide):
    storage = kept.verify(decide, code=8)
    assert {what for what, _ in found(storage)} <= {"not_reachable", "not_verified", "unreadable"}
    assert found(storage)


def test_another_region(kept):
    elsewhere = f"{aws_url(REGION, kept.bucket)}={aws_url('us-west-2', kept.bucket)}"
    storage = kept.verify(code=8, relocate=["--relocate", elsewhere])
    assert [what for what, _ in found(storage)] == ["not_reachable"]


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (s3_refused(500, "InternalError"), {"unreadable", "not_verified"}),
        (s3_refused(403, "AccessDenied"), {"unreadable", "not_verified"}),
        (s3_refused(404, "NoSuchKey"), {"unreadable", "not_verified"}),
        (s3_refused(403, "InvalidObjectState"), {"archived"}),
    ],
    ids=["500", "403", "listed but 404", "archived"],
)
def test_an_object_that_can_not_be_had(kept, fault, what):
    storage = kept.verify(always(fault, reading), code=8)
    assert {each for each, _ in found(storage)} <= what
    assert {path for _, path in found(storage)} == {LOST}


def test_an_object_that_is_deleted_names_the_version_that_is_still_there(kept):
    version = kept.client.get_object(Bucket=kept.bucket, Key=LOST)["VersionId"]
    marker = kept.client.delete_object(Bucket=kept.bucket, Key=LOST)["VersionId"]
    try:
        storage = kept.verify(code=7)
    finally:
        kept.client.delete_object(Bucket=kept.bucket, Key=LOST, VersionId=marker)
    assert found(storage) == [("deleted", LOST)]
    assert version in json.dumps(storage)


def test_a_good_version_is_named_though_it_lies_under_a_bad_one_and_several_markers(kept):
    there = {"Bucket": kept.bucket, "Key": LOST}
    good = kept.client.get_object(**there)["VersionId"]
    later = [kept.client.put_object(**there, Body=b"bad"), kept.client.delete_object(**there)]
    later += [kept.client.put_object(**there, Body=b"worse"), kept.client.delete_object(**there)]
    try:
        storage = kept.verify(code=7)
        story = kept.run("verify", "proofs", "--explain", "raw", LOST, code=7)
    finally:
        for each in later:
            kept.client.delete_object(**there, VersionId=each["VersionId"])
    assert found(storage) == [("deleted", LOST)]
    assert storage["findings"][0]["note"] == good
    assert good in story


def test_an_object_that_is_gone_is_missing(kept):
    version = kept.client.get_object(Bucket=kept.bucket, Key="raw/03.tif")["VersionId"]
    kept.client.delete_object(Bucket=kept.bucket, Key="raw/03.tif", VersionId=version)
    try:
        assert found(kept.verify(code=7)) == [("missing", "raw/03.tif")]
    finally:
        kept.client.put_object(Bucket=kept.bucket, Key="raw/03.tif", Body=b"3")


def test_names_that_no_folder_can_hold_are_carried_through(folder, moto_server):
    with FaultProxy(int(moto_server.endpoint.rpartition(":")[2])) as proxy:
        kept = Kept(folder, moto_server, proxy, [*HARD, "stays"], versioned=False)
        assert kept.verify(code=0)["compared"] == len(HARD) + 1
        for key in HARD:
            kept.client.delete_object(Bucket=kept.bucket, Key=key)
        lost = [("missing", shown(key.encode())) for key in HARD]
        assert sorted(found(kept.verify(code=7))) == sorted(lost)
        assert [read(path).decode() for _, path in lost] == HARD
        told = kept.run("verify", "proofs", "--deep", code=7)
        assert [path for _, path in lost if path not in told] == []
