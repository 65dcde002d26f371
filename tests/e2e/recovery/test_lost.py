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


@pytest.mark.parametrize("how", ["all", "older", "damaged", "with what says that they are there"])
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
    if how.startswith("with"):
        lost.told("scan", "--into", "proofs", code=0)
    if how == "damaged":
        for record in lost.proofs.glob("findings/*/*.json"):
            record.write_bytes(b"{")
    else:
        lost.restore("findings", *(("found",) if how.startswith("with") else ()))
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


def declare(storages, **names):
    """Declare storages on a platform that has none yet, with an objective, and apply that."""
    (storages.path / "platform.db").unlink()
    storages.declare(**{name: storages.path / folder for name, folder in names.items()})
    text = (storages.path / "storages.yaml").read_text()
    storages.folder.write(text + "proof: {every: 30d, settled: 7d}\n")


@pytest.fixture
def moved(storages):
    """Give a storage that was moved without a file, which was gone before, and another one."""
    storages.file("other/a.tif")
    declare(storages, nas="nas", other="other")
    storages.scan()
    (storages.path / "nas/raw/03.tif").unlink()
    storages.scan(code=7)
    storages.folder("snapshot", "create", "proofs")
    (storages.path / "nas").rename(storages.path / "here")
    return storages


@pytest.mark.parametrize("now", [{"nas": "here", "other": "other"}, {"other": "other"}])
def test_what_is_wrong_with_a_storage_that_was_moved_or_taken_out_is_told(moved, now):
    declare(moved, **now)
    moved.scan()
    moved.folder("snapshot", "create", "proofs", "--allow-fewer")
    address = f"file://{moved.path / 'nas'}"
    expected = [("nas", address, {"missing": 1})]

    def told(how, code, scope=()):
        arguments = ["verify", "proofs", how, "-o", "json", *scope]
        report = json.loads(moved.folder(*arguments, code=code).stdout)
        assert (
            report["verdict"]
            == {0: report["verdict"], 7: "wrong" if how == "--objective" else "differs"}[code]
        )
        each = report["elsewhere"]
        return [
            (one["storage"], one["address"], one.get("lasts", one.get("wrong"))) for one in each
        ]

    # What is no more in the later snapshot is told as the storage that it was.
    assert told("--against", 7) == (expected if "nas" in now else [])
    assert told("--deep", 7) == expected
    assert told("--objective", 7) == expected
    for how in ("--against", "--deep", "--objective"):
        said = moved.folder("verify", "proofs", how, code=7).stdout
        assert (f"--accept {address}" if told(how, 7) else "missing  raw/03.tif") in said
        last = said.splitlines()[-1]
        assert last.startswith("FINDINGS: ")
        assert " 1 missing" in last
        assert told(how, 0, scope=("--scope", "other")) == []
    story = moved.folder("verify", "proofs", "--explain", address, "raw/03.tif", code=7).stdout
    assert "missing" in story
    moved.folder("verify", "proofs", "--accept", address, "-y")
    assert told("--deep", 0) == told("--objective", 0) == []


@pytest.mark.parametrize("how", ["missing", "damaged", "untold", "by key"])
def test_what_is_lost_of_a_storage_that_nobody_declares_is_accepted_as_reports_name_it(moved, how):
    declare(moved, other="other")
    proofs = moved.path / "proofs"
    (record,) = proofs.glob("findings/*/*.json")
    if how == "damaged":
        record.write_bytes(b"{")
    else:
        record.unlink()
    key = record.parent.name
    if how == "untold":
        shutil.rmtree(proofs / "found" / key)
    if how == "by key":  # of which nobody knows more
        for name in ("scans", "finished"):
            shutil.rmtree(proofs / name / key)
        shutil.rmtree(proofs / "snapshots")
    (moved.path / "other/b.tif").touch()
    moved.scan()
    report = json.loads(
        moved.folder("verify", "proofs", "--objective", "-o", "json", code=8).stdout
    )
    (one,) = report["elsewhere"]
    assert one["named"] == (key if how == "by key" else f"file://{moved.path / 'nas'}")
    said = moved.folder("verify", "proofs", "--objective", code=8).stdout
    assert "Where it is scanned no more: `reconciler verify " in said
    assert f" --accept-loss {one['named']}` goes on without" in said
    accepting = ("verify", "proofs", "--accept-loss", one["named"])
    asked = moved.folder(*accepting, code=64)
    assert "verify --accept-loss asks" in asked.stderr
    assert one["problem"].split(":")[0] in asked.stderr
    moved.folder("verify", "proofs", "--objective", code=8)
    assert "is missed no more" in moved.folder(*accepting, "-y").stdout
    moved.folder("verify", "proofs", "--objective")
    assert "Nothing is lost" in moved.folder(*accepting, "-y").stdout


def test_a_storage_that_was_moved_is_told_before_a_snapshot_has_it(moved):
    declare(moved, nas="here")
    moved.scan()
    report = moved.folder("verify", "proofs", "--objective", "-o", "json", code=7).stdout
    assert [one["wrong"] for one in json.loads(report)["elsewhere"]] == [{"missing": 1}]


@pytest.mark.parametrize("ours", ["renamed", "removed"])
def test_a_storage_that_was_moved_and_has_another_name_is_told_before_a_snapshot_has_it(
    moved, ours
):
    declare(moved, new="here")
    text = (moved.path / "storages.yaml").read_text()
    removed = text + "removed: [{name: nas}]\n"
    renamed = text.replace("name: new", "name: new, renamed_from: [nas]")
    moved.folder.write(removed if ours == "removed" else renamed)
    moved.scan()
    report = moved.folder("verify", "proofs", "--objective", "-o", "json", code=7).stdout
    assert [one["wrong"] for one in json.loads(report)["elsewhere"]] == [{"missing": 1}]


def test_findings_of_another_platform_in_the_same_repository_are_told_there(moved):
    (moved.path / "here").rename(moved.path / "nas")
    moved.file("third/a.tif")
    declare(moved, third="third")
    moved.scan()
    moved.folder("snapshot", "create", "proofs", "--allow-fewer")
    for how in ("--deep", "--objective"):
        report = json.loads(moved.folder("verify", "proofs", how, "-o", "json").stdout)
        assert report["elsewhere"] == []


def test_what_is_wrong_with_a_copy_is_not_told_of_the_storage(moved):
    shutil.copytree(moved.path / "here", moved.path / "copy")
    (moved.path / "here").rename(moved.path / "nas")
    moved.folder("verify", "proofs", "--accept", "nas", "-y")
    (moved.path / "copy/raw/04.tif").unlink()
    relocated = f"{moved.path / 'nas'}={moved.path / 'copy'}"
    moved.folder("verify", "proofs", "--deep", "--relocate", relocated, code=7)
    report = json.loads(moved.folder("verify", "proofs", "--deep", "-o", "json").stdout)
    assert report["elsewhere"] == []


def test_in_a_bucket_too(storages, s3):
    where, env = f"s3://{s3.new_bucket()}/proofs", s3.environment()
    client, bucket = s3.client(), where.split("/")[2]

    def run(*arguments, code=0):
        return json.loads(storages.folder(*arguments, "-o", "json", code=code, env=env).stdout)

    def lose(*names):
        for name in names:
            listed = client.list_objects_v2(Bucket=bucket, Prefix=f"proofs/{name}/")
            for item in listed.get("Contents", []):
                client.delete_object(Bucket=bucket, Key=item["Key"])

    run("scan", "--into", where)
    run("snapshot", "create", where)
    (storages.path / "nas/raw/03.tif").unlink()
    run("scan", "--into", where, code=7)
    lose("findings")
    told = run("verify", where, "--deep", code=7)
    assert "a record of what was found wrong, is lost" in json.dumps(told)
    run("scan", "--into", where, "--accept-loss", "nas", code=7)
    assert "is lost" not in json.dumps(run("verify", where, "--deep", code=7))
    lose("scans", "finished")
    assert "--accept-loss NAME" in json.dumps(run("scan", "--into", where, code=8))
    assert run("snapshot", "create", where, code=8)["complete"] is False


def test_storages_that_are_lost_with_the_platform_are_told_though_it_was_made_anew(storages):
    storages.file("other/x")
    storages.declare(nas=storages.path / "nas", two=storages.path / "other")
    storages.folder("snapshot", "create", "proofs", "--scan")
    (storages.path / "platform.db").unlink()
    storages.declare(nas=storages.path / "nas")
    told = " ".join(storages.folder("scan", "--into", "proofs").stderr.split())
    assert "has 'two' no more, and the snapshot" in told
    assert "`reconciler rebuild" in told
    refused = storages.folder("snapshot", "create", "proofs", code=1).stderr
    assert "proofs` brings them back" in " ".join(refused.split())
    storages.folder("snapshot", "create", "proofs", "--allow-fewer")
    # From then on it is as somebody wants it.
    assert "no more" not in storages.folder("scan", "--into", "proofs").stderr
