"""`scan --shard K/N`: several processes make one scan, as users start them on several machines."""

import json
import random
import signal
from pathlib import Path

import pytest

from support.recovery import killed_at
from support.recovery.same import snapshot_anew, written_anew
from support.sampling import CAMPAIGN, is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
MOMENTS, TRIED = 50, 1
SHARDS = [f"{number}/4" for number in (1, 2, 3, 4)]


@pytest.fixture
def many(storages):
    for i in range(60):
        storages.file(f"nas/many/{i:03}", b"%d" % i * (i + 1))
    (storages.path / "nas/link").symlink_to("raw")
    return storages


@pytest.fixture(params=["folder", "bucket"])
def into(request, many, monkeypatch):
    """Give where scans are kept: a folder, or a bucket of a real server."""
    if request.param == "folder":
        return str(many.path / "proofs")
    s3 = request.getfixturevalue("s3")
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://{s3.new_bucket()}/proofs"


def begin(storages, shard, into, *arguments, **more):
    return storages.folder.start(
        "scan", "--into", into, "--shard", shard, "-o", "json", *arguments,
        stdout=-1, stderr=-1, **more,
    )  # fmt: skip


def ended(process):
    told, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors
    assert process.returncode in (0, 7, -signal.SIGKILL), told + errors
    if process.returncode < 0:
        return process.returncode, None
    return process.returncode, json.loads(told)["scans"][0]


def place(storages):
    return f"local:file://{storages.path / 'nas'}"


def test_four_processes_keep_what_one_scan_keeps(many, into, tmp_path_factory):
    done = [ended(process) for process in [begin(many, shard, into) for shard in SHARDS]]
    assert [code for code, _ in done] == [0] * 4
    statuses = sorted(scan["status"] for _, scan in done)
    assert set(statuses) <= {"complete", "shard_done"}
    assert "complete" in statuses
    assert sum(scan["files_read"] for _, scan in done) == 80
    once = str(many.path / "once")
    many.folder("scan", "--into", once)
    folder = tmp_path_factory.mktemp("parts")
    assert written_anew(place(many), into, folder) == written_anew(place(many), once, folder)


def test_a_snapshot_of_shards_is_that_of_one_scan_byte_for_byte(many, tmp_path_factory):
    for process in [begin(many, shard, "shards") for shard in SHARDS]:
        assert ended(process)[0] == 0
    many.folder("scan", "--into", "once")
    folder = tmp_path_factory.mktemp("parts")
    held = []
    for repository in ("shards", "once"):
        many.folder("snapshot", "create", repository)
        held.append(snapshot_anew(place(many), many.path / repository, folder))
    assert held[0] == held[1]


def test_a_process_that_is_killed_is_run_again(many, tmp_path_factory):
    into = str(many.path / "proofs")
    env = {"PYTHONPATH": HOOK, "KILLED_AT": "40"}
    assert ended(begin(many, "2/4", into, env=env))[0] == -signal.SIGKILL
    for shard in ("1/4", "3/4", "4/4"):
        code, scan = ended(begin(many, shard, into))
        assert (code, scan["status"]) == (0, "shard_done")
    code, scan = ended(begin(many, "2/4", into))
    assert (code, scan["status"]) == (0, "complete")
    once = str(many.path / "once")
    many.folder("scan", "--into", once)
    folder = tmp_path_factory.mktemp("parts")
    assert written_anew(place(many), into, folder) == written_anew(place(many), once, folder)


@CAMPAIGN
def test_shards_that_are_killed_at_any_moment_are_run_again(many, tmp_path_factory, request):
    """Each of them once or twice, in any order, also when it finishes the scan."""
    once, folder = str(many.path / "once"), tmp_path_factory.mktemp("parts")
    many.folder("scan", "--into", once)
    expected = written_anew(place(many), once, folder)
    moments = range(MOMENTS)
    for seed in moments if is_long(request.config) else sample(moments, TRIED, "kills of shards"):
        chance = random.Random(seed)
        into = str(many.path / f"proofs-{seed}")
        for shard in chance.sample(SHARDS[:2] * 2, 3):
            env = {"PYTHONPATH": HOOK, "KILLED_AT": str(chance.randrange(1, 150))}
            assert ended(begin(many, shard, into, env=env))[0] in (0, -signal.SIGKILL), seed
        done = [ended(begin(many, shard, into)) for shard in chance.sample(SHARDS, 4)]
        assert [code for code, _ in done] == [0] * 4, seed
        assert "complete" in [scan["status"] for _, scan in done], seed
        assert written_anew(place(many), into, folder) == expected, seed


def test_a_snapshot_tells_that_shards_are_not_through(many):
    into = str(many.path / "proofs")
    assert ended(begin(many, "1/2", into))[1]["status"] == "shard_done"
    told = many.folder("snapshot", "create", into, code=8)
    waiting = "a scan of it by shards is not finished: 1/2 is through, 2/2 not"
    assert f"nas: {waiting}: the snapshot has nothing of it." in told.stdout
    assert "\nINCOMPLETE: " in told.stdout
    assert ended(begin(many, "2/2", into))[1]["status"] == "complete"
    assert "Warning" not in many.folder("snapshot", "create", into).stderr
    assert ended(begin(many, "2/2", into, "--full"))[1]["status"] == "shard_done"
    told = many.folder("snapshot", "create", into)
    waiting = waiting.replace("1/2", "2/2", 1)[: -len("2/2 not")] + "1/2 not"
    assert f"Warning: 'nas': {waiting}. The snapshot has the scan before it, of 20" in told.stderr


def test_damage_ends_the_shard_that_reads_it_and_the_last_one(many):
    into = str(many.path / "proofs")
    many.folder("scan", "--into", into)
    many.file("nas/raw/03.tif", b"9")
    codes = [ended(begin(many, shard, into, "--full"))[0] for shard in SHARDS]
    assert codes[-1] == 7
    assert codes.count(7) in (1, 2)
    scan = ended(begin(many, "1/1", into))
    assert (scan[0], scan[1]["altered"]["first"]) == (7, ["raw/03.tif"])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--into", "proofs", "--shard", "0/4"], "the first one is 1"),
        (["--into", "proofs", "--shard", "5/4"], "is no shard"),
        (["--into", "proofs", "--shard", "2"], "write K/N"),
        (["--into", "proofs", "--shard", "1/2", "--shard", "2/2"], "--shard: given twice"),
        (["--into", "proofs", "--shard", "1/2", "--due"], "--shard reads a part of it"),
        (["nas", "--shard", "1/2"], "say where scans are kept"),
    ],
)
def test_what_makes_no_sense_is_refused(storages, arguments, why):
    assert why in storages.folder("scan", *arguments, code=64).stderr
