"""What is gone from the repository itself is told by every command that rests on it."""

import json
import shutil
import time

import pytest


class Lost:
    """Two nights, and a repository that somebody can restore from the first."""

    def __init__(self, storages):
        self.storages, self.folder, self.path = storages, storages.folder, storages.path
        self.proofs = self.path / "proofs"
        storages.scan()
        self.folder("snapshot", "create", "proofs")
        shutil.copytree(self.proofs, self.path / "copy")
        storages.file("nas/raw/new.tif", mtime=time.time())  # so that it has not settled
        storages.scan()
        self.folder("snapshot", "create", "proofs")

    def restore(self, *names):
        """Bring back what these folders were in the first night: nothing, if they were not."""
        for name in names:
            shutil.rmtree(self.proofs / name, ignore_errors=True)
            if (self.path / "copy" / name).exists():
                shutil.copytree(self.path / "copy" / name, self.proofs / name)

    def told(self, *arguments, code):
        done = self.folder(*arguments, "-o", "json", code=code)
        return json.loads(done.stdout)


@pytest.fixture
def lost(storages):
    return Lost(storages)


RESTS_ON_SCANS = (
    ("scan", "--into", "proofs"),
    ("verify", "proofs"),
    ("verify", "proofs", "--deep"),
    ("verify", "proofs", "--against"),
    ("verify", "proofs", "--explain", "nas", "raw/03.tif"),
    ("verify", "proofs", "--objective"),
    ("snapshot", "create", "proofs"),
)


def test_records_that_are_older_than_a_snapshot_are_told_by_every_command(lost):
    declared = (lost.path / "storages.yaml").read_text()
    lost.folder.write(declared + "proof: {every: 30d, settled: 7d}\n")
    lost.told("verify", "proofs", "--objective", code=0)
    lost.restore("scans", "finished")
    for command in RESTS_ON_SCANS:
        told = json.dumps(lost.told(*command, code=8))
        assert "--accept-loss NAME" in told, command
    lost.told("scan", "--into", "proofs", "--accept-loss", "nas", code=0)
    lost.told("scan", "--into", "proofs", code=0)
    lost.told("verify", "proofs", "--deep", code=0)
    lost.told("verify", "proofs", "--objective", code=0)


RESTS_ON_FINDINGS = (
    ("verify", "proofs", "--objective"),
    ("scan", "--into", "proofs"),
    ("verify", "proofs"),
    ("verify", "proofs", "--deep"),
    ("verify", "proofs", "--explain", "nas", "raw/03.tif"),
)


@pytest.mark.parametrize("how", ["all", "older", "damaged"])
def test_findings_that_are_gone_are_told_by_every_command(lost, how):
    declared = (lost.path / "storages.yaml").read_text()
    lost.folder.write(declared + "proof: {every: 30d, settled: 7d}\n")
    (lost.path / "nas/raw/03.tif").unlink()
    lost.told("scan", "--into", "proofs", code=7)
    lost.folder("verify", "proofs", "--accept", "nas", "-y")
    lost.told("verify", "proofs", "--objective", code=0)
    if how == "older":
        shutil.copytree(lost.proofs / "findings", lost.path / "copy/findings")
        lost.told("verify", "proofs", "--deep", code=0)
    if how == "damaged":
        for record in lost.proofs.glob("findings/*/*.json"):
            record.write_bytes(b"{")
    else:
        lost.restore("findings")
    # What nobody has accepted any more is found again by whatever reads the storage.
    code = 8 if how == "older" else 7
    for number, command in enumerate(RESTS_ON_FINDINGS):
        told = json.dumps(lost.told(*command, code=code if number else 8))
        assert "--accept-loss NAME" in told, command
    problems = lost.told("snapshot", "check", "proofs", code=1)["problems"]
    assert {problem["what"] for problem in problems} == {"findings"}
    done = lost.told("scan", "--into", "proofs", "--accept-loss", "nas", code=0 if code == 8 else 7)
    assert "--accept-loss" not in json.dumps(done)
    lost.told("snapshot", "check", "proofs", code=0)
