"""A storage in a real bucket, of which a cloud tells in files."""

import json
from datetime import UTC, datetime, timedelta

from reconciler.location import location
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from support.recovery.cloud_files import ALL, CURRENT, inventory, item, report, succeeded
from support.recovery.scans import rows, table

SOON = timedelta(seconds=60)


class Bucket:
    """A storage in a bucket, what a cloud tells of it, and what scans keep."""

    def __init__(self, folder, server, endpoint, *, versioned):
        self.folder, self.client, self.versioned = folder, server.client(), versioned
        self.bucket = server.new_bucket(**({"versioned": True} if versioned else {}))
        self.url = f"{endpoint}/{self.bucket}"
        entry = f"  - {{name: raw, label: Raw, type: S3, default_url: '{self.url}'}}\n"
        policy = "proof: {every: 30d}\n"
        folder.write(f"version: 1\nplatform: sqlite:///platform.db\n{policy}storages:\n{entry}")
        folder("apply", "-y")

    def put(self, key, data, **more):
        return self.client.put_object(Bucket=self.bucket, Key=key, Body=data, **more)

    def age(self, key, **by):
        """Have what lies under a key in a bucket of moto written by so much earlier."""
        from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is slow to import

        every = (one.buckets for each in s3_backends.values() for one in each.values())
        bucket = next(each[self.bucket] for each in every if self.bucket in each)
        for version in bucket.keys.getlist(key):
            version.last_modified -= timedelta(**by)

    def line(self, key, data, **changed):
        head = self.client.head_object(Bucket=self.bucket, Key=key)
        told = head["ETag"].strip('"'), head.get("VersionId", "")
        return succeeded(self.bucket, key, data, *told, **changed)

    def report(self, *lines, name="job", later=SOON):
        return str(report(self.folder.path / name, lines, datetime.now(UTC) + later))

    def scan(self, *arguments, code=0):
        told = self.folder("scan", "--into", "proofs", "-o", "json", *arguments, code=code)
        return json.loads(told.stdout)["scans"][0]

    def contents(self):
        repository = open_repository(str(self.folder.path / "proofs"))
        scan = record.latest(repository, location("S3", self.url).place, complete=False)
        return table(rows(repository, scan))

    def sums(self):
        return {key: row["sha256"] for key, row in self.contents().items()}

    def listing(self, *, name="list", form="CSV", later=timedelta(0), versioned=None):
        """Write the list that S3 Inventory would make now."""
        every = self.versioned if versioned is None else versioned
        if every:
            told = self.client.list_object_versions(Bucket=self.bucket)
            latest = [self._item(one, marker=False) for one in told.get("Versions", ())]
            items = latest + [self._item(one, marker=True) for one in told.get("DeleteMarkers", ())]
        else:
            told = self.client.list_objects_v2(Bucket=self.bucket)
            items = [self._item(one) for one in told.get("Contents", ())]
        at, fields = datetime.now(UTC) + later, ALL if every else CURRENT
        path = self.folder.path / name
        return str(inventory(path, self.bucket, items[::-1], at, form=form, fields=fields))

    def _item(self, one, *, marker=None):
        more = {}
        if marker is not None:
            more = {"VersionId": one["VersionId"], "IsLatest": one["IsLatest"]}
            more["IsDeleteMarker"] = marker
        tag = one["ETag"].strip('"') if "ETag" in one else None
        return item(
            one["Key"],
            one.get("Size"),
            tag,
            one["LastModified"],
            one.get("StorageClass", "STANDARD"),
            **more,
        )
