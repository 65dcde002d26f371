"""Faults planted in many files on storages of each kind: all are named, and nothing else is."""

import json
import os
import random
import shutil
import subprocess
from collections import Counter

import pyarrow.parquet as pq
import pytest

from support.recovery.moto import serving
from support.recovery.planting import PlantedBucket, PlantedFolder
from support.sampling import CAMPAIGN

#: Without these, root may not read either what its mode forbids.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]


@pytest.fixture(scope="module")
def moto():
    with serving() as server:
        yield server


class Campaign:
    """Storages, and the command on them as users start it, for as long as it takes."""

    def __init__(self, folder, environment):
        self.folder, self._environment = folder, environment

    def __call__(self, *arguments, code=0, unprivileged=False):
        own = UNPRIVILEGED if unprivileged and os.geteuid() == 0 else []
        done = subprocess.run(
            [*own, self.folder.command, *arguments],
            cwd=self.folder.path,
            env={**os.environ, **self._environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout


def play(folder, s3, moto, files, objects, each, long=False):
    """Plant faults, and return what was found, what was planted, and the report."""
    last = Campaign(folder, s3.environment())

    def few(*arguments):
        return folder(*arguments, env=s3.environment()).stdout

    call = last if long else few
    buckets = s3.new_bucket(), s3.new_bucket(), moto.new_bucket(versioned=True)
    storages = [
        PlantedFolder("nas", folder.path / "nas", files, each),
        PlantedBucket("minio", s3.client(), buckets[0], objects, each),
        PlantedBucket("aws", s3.client(), buckets[1], objects, each),
        PlantedBucket("versions", moto.client(), buckets[2], objects, each, versioned=True),
    ]
    entries = [
        {"name": "nas", "type": "local", "default_url": storages[0].address},
        {"name": "minio", "type": "S3", "default_url": f"{s3.endpoint}/{buckets[0]}"},
        {"name": "aws", "region": "eu-central-2", "bucket": buckets[1]},
        {"name": "versions", "type": "S3", "default_url": f"{moto.endpoint}/{buckets[2]}"},
    ]
    manifest = {"version": 1, "platform": "sqlite:///platform.db", "storages": entries}
    folder.write(json.dumps(manifest))
    call("apply", "-y")
    call("scan", "--into", "proofs")
    call("snapshot", "create", "proofs")
    rng = random.Random(files)
    planted = [fault for storage in storages for fault in storage.plant(rng)]
    try:
        rows = "--all", "--rows", "rows.parquet", "--settled", "0s", "-o", "json"
        report = json.loads(last("verify", "proofs", "--deep", *rows, code=7, unprivileged=True))
    finally:
        storages[0].open_again()
    found = [
        (one["storage"], finding["what"], finding["path"], finding.get("other", ""))
        for one in report["storages"]
        for finding in one["findings"]
    ]
    not_verified = {storage.name: storage.not_verified() for storage in storages}
    return found, planted, report, not_verified


def check(folder, found, planted, report, not_verified):
    assert sorted(found) == sorted(planted)
    numbers = Counter(what for _, what, *_ in planted)
    assert report["summary"]["found"] == numbers
    for one in report["storages"]:
        assert one["not_verified"] == not_verified[one["storage"]]
        assert one["compared"] + one["not_verified"] == one["of"]
        assert (one["only_counted"], one["counted"]) == ({}, [])
        assert one["is"]["kept"] == one["is"]["stored"] == 0
    table = pq.read_table(folder.path / "rows.parquet").to_pylist()
    rows = [(r["storage"], r["what"], r["path"], r["other"] or "") for r in table]
    assert sorted(rows) == sorted(planted)


@CAMPAIGN
@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root reads everything"
)
def test_every_planted_fault_is_named_and_nothing_else(folder, s3, moto):
    check(folder, *play(folder, s3, moto, files=1_000, objects=60, each=3))


@pytest.mark.long
def test_every_planted_fault_among_200_000_files_is_named(folder, s3, moto):
    check(folder, *play(folder, s3, moto, files=194_000, objects=2_000, each=12, long=True))
