"""The whole drill: a platform with many storages is lost, rebuilt, proved, and then harmed.

`--long` plays it with 1,000 storages and 200,000 files, which takes many minutes; each commit plays
it with a few.
"""

import json
import os
import random

from support.recovery.planting import LONG_AGO
from support.sampling import is_long
from tests.e2e.recovery.test_always_found import Campaign

#: So many storages of each kind lie in buckets.
BUCKETS = 2


class Drill:
    """Storages of every kind, each with as many files."""

    def __init__(self, folder, s3, storages, files, run):
        """Lay them down; `run` runs a command, and gives what it printed."""
        self.folder, self.s3, self.files, self.run = folder, s3, files, run
        self.client = s3.client()
        self.local = [f"nas-{number:04}" for number in range(storages - 2 * BUCKETS)]
        self.buckets = {f"{kind}-{n}": s3.new_bucket() for kind in ("s3", "aws") for n in "01"}
        for name in self.local:
            (folder.path / "data" / name).mkdir(parents=True)
        for name in (*self.local, *self.buckets):
            for number in range(files):
                self.put(name, f"{number:04}.tif", f"{name} {number}".encode())
        entries = [*map(self.entry, self.local), *map(self.entry, self.buckets)]
        manifest = {"version": 1, "platform": "sqlite:///platform.db", "storages": entries}
        folder.write(json.dumps(manifest))

    def __call__(self, *arguments, code=0):
        return json.loads(self.run(*arguments, "-o", "json", code=code))

    def entry(self, name):
        if name in self.local:
            place = {"type": "local", "default_url": str(self.path(name))}
        elif name.startswith("aws"):
            place = {"region": "eu-central-2", "bucket": self.buckets[name]}
        else:
            place = {"type": "S3", "default_url": f"{self.s3.endpoint}/{self.buckets[name]}"}
        return {"name": name, "label": f"The {name}", **place}

    def path(self, name, file=""):
        return self.folder.path / "data" / name / file

    def put(self, name, file, data):
        if name in self.buckets:
            self.client.put_object(Bucket=self.buckets[name], Key=file, Body=data)
            return
        self.path(name, file).write_bytes(data)
        os.utime(self.path(name, file), (LONG_AGO, LONG_AGO))

    def harm(self, faults):
        """Harm files: a third rot, a third go, and so many mounts vanish; give what is found."""
        rng = random.Random(faults)
        chosen = rng.sample(self.local, faults)
        found = set()
        for at, name in enumerate(chosen):
            file = f"{rng.randrange(self.files):04}.tif"
            if at % 10 == 0:
                self.path(name).rename(self.path(f"vanished-{name}"))
                found.add((name, "not_reachable", ""))
            elif at % 2:
                self.put(name, file, b"rotten")
                found.add((name, "damaged", file))
            else:
                self.path(name, file).unlink()
                found.add((name, "missing", file))
        return found


def held(snapshot):
    """Give what a snapshot has of each storage, ids apart."""
    same = ("name", "label", "type", "default_url", "contents")
    return [{key: each[key] for key in same} for each in snapshot["storages"]]


def play(drill, faults):
    storages = len(drill.local) + len(drill.buckets)
    drill("apply", "-y")
    snapshot = drill("snapshot", "create", "proofs", "--scan")
    (drill.folder.path / "platform.db").unlink()
    line = ("rebuild", "proofs", "--platform", "sqlite:///new.db", "-y")
    told = drill(*line, "--expect", snapshot["digest"])
    assert (told["rebuilt"], told["storages"], told["verified"]) == (storages, storages, False)
    again = drill("snapshot", "create", "proofs", "--platform", "sqlite:///new.db")
    assert held(again) == held(snapshot)
    clean = drill("verify", f"proofs@{snapshot['id']}", "--deep")
    assert all(one["compared"] == one["of"] == drill.files for one in clean["storages"])
    planted = drill.harm(faults)
    report = drill("verify", f"proofs@{snapshot['id']}", "--deep", "--all", code=7)
    found = {
        (one["storage"], finding["what"], finding["path"])
        for one in report["storages"]
        for finding in one["findings"]
    }
    assert found == planted


def test_all_storages_come_back_and_each_fault_is_named(folder, s3, request):
    if is_long(request.config):
        run = Campaign(folder, s3.environment())
        play(Drill(folder, s3, storages=1_000, files=200, run=run), faults=100)
        return

    def few(*arguments, code):
        return folder(*arguments, code=code, env=s3.environment()).stdout

    play(Drill(folder, s3, storages=7, files=3, run=few), faults=3)
