"""A scan that is killed, or whose disk is full, at any moment: the next one ends as it would have.

Of fifty moments a few are tried by each commit; `--long` tries all.
"""

import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from reconciler.recovery.findings import store
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.values import DAMAGED, MISSING
from support.recovery import killed_at
from support.recovery.scans import rows, table
from support.sampling import CAMPAIGN, is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
FILES, MOMENTS, TRIED = 300, 50, 2
#: So many moments before the end a scan has a record already, or is about to.
LAST = 40


@pytest.fixture
def many(storages):
    for i in range(FILES):
        storages.file(f"nas/many/{i:03}", b"%d" % i * (i + 1))
    (storages.path / "nas/link").symlink_to("raw")
    manifest = (storages.path / "storages.yaml").read_text()
    storages.folder.write(f"proof: {{every: 30d}}\n{manifest}")
    return storages


def found(storages, repository):
    """Give what the last scan found, but for when and how it was proved."""
    opened = open_repository(str(storages.path / repository))
    scan = record.latest(opened, f"local:file://{storages.path / 'nas'}")
    unlike = ("proof", "proved_at")
    return {
        path: {name: value for name, value in row.items() if name not in unlike}
        for path, row in table(rows(opened, scan)).items()
    }


def scanned(storages, repository, *arguments, at=0, counted=None, codes=(0,)):
    """Scan with the hook that kills; give the process when it has ended."""
    env = {"PYTHONPATH": HOOK, "KILLED_AT": str(at), "COUNTED_IN": str(counted or "")}
    process = storages.folder.start(
        "scan", "--into", repository, "-q", *arguments, env=env, stdout=-1, stderr=-1
    )
    _, errors = process.communicate(timeout=300)
    assert process.returncode in (-signal.SIGKILL, *codes), (at, errors.decode())
    return process


@CAMPAIGN
def test_a_scan_goes_on_after_a_kill_at_any_moment(many, request):
    counted = many.path / "counted"
    assert scanned(many, "undisturbed", counted=counted).returncode == 0
    touches = int(counted.read_text())
    assert touches > FILES  # each file was opened
    expected = found(many, "undisturbed")
    assert len(expected) == FILES + 21
    moments = range(MOMENTS)
    for seed in moments if is_long(request.config) else sample(moments, TRIED, "kills of scans"):
        chance = random.Random(seed)
        repository = f"proofs-{seed}"
        ways = [(), ("--full",), ("--due",), ("--workers", "1"), ("--workers", "4")]
        arguments = chance.choice(ways)
        for _ in range(chance.choice([1, 1, 2, 3])):
            at = chance.randrange(1, touches)
            scanned(many, repository, *arguments, at=at)
        assert scanned(many, repository, *arguments).returncode == 0, seed
        assert found(many, repository) == expected, seed
        assert not list((many.path / repository / "unfinished").rglob("*.parquet")), seed
        shutil.rmtree(many.path / repository)


@pytest.fixture
def changing(many):
    """Give how to scan what changes: what one scan finds gone, another one finds otherwise."""
    folder = many.path / "nas/many"
    rotten, kept = folder / "100", (folder / "101").read_bytes()
    times = rotten.stat()
    many.folder("scan", "--into", "before")
    rotten.write_bytes(b"x" * times.st_size)
    os.utime(rotten, ns=(times.st_atime_ns, times.st_mtime_ns))
    many.folder("scan", "--into", "before", "--full", code=7)
    many.folder("verify", "before", "--accept", "nas", "many/100", "-y")

    def go_on(repository, **kill):
        """Return how many scans have ended, and what is known then."""
        for name in ("100", "101"):
            (folder / name).unlink(missing_ok=True)
        shutil.copytree(many.path / "before", many.path / repository)
        scanned(many, repository, "--full", codes=(7,), **kill)
        ended = len(list((many.path / repository / "scans").rglob("*.json")))
        rotten.write_bytes(b"another")
        (folder / "101").write_bytes(kept)
        scanned(many, repository, "--full", codes=(7,))
        opened, place = (
            open_repository(str(many.path / repository)),
            f"local:file://{many.path}/nas",
        )
        ends = [scan.ended_at for scan in record.whole(opened, place)]

        def by(time):
            return time and sum(end < time for end in ends)

        return ended, [
            (e.what, e.path, by(e.first_seen), by(e.resolved), bool(e.accepted), e.was)
            for e in store.read(opened, place).episodes
        ]

    return go_on


@CAMPAIGN
def test_what_a_scan_had_found_that_was_killed_is_known_as_if_it_had_told(
    many, changing, request, tmp_path
):
    counted = tmp_path / "counted"
    ended, expected = changing("undisturbed", counted=counted)
    assert [one[:4] for one in expected] == [
        (DAMAGED, b"many/100", 1, 2),
        (MISSING, b"many/100", 2, ""),
        (MISSING, b"many/101", 2, 3),
    ]
    touches = int(counted.read_text())
    moments = range(touches - LAST, touches + 1)
    untold = 0
    for at in moments if is_long(request.config) else sample(moments, TRIED, "kills at the end"):
        told = changing(f"proofs-{at}", at=at)
        if told[0] == ended:  # it has a record, and was killed before it had told
            untold += 1
            assert told[1] == expected, at
        shutil.rmtree(many.path / f"proofs-{at}")
    assert untold or not is_long(request.config)


@pytest.mark.parametrize("blocks", [1, 8])
def test_a_full_disk_is_told_and_gone_on_from(many, blocks):
    # No file can grow beyond that: as on a full disk, but for the number of the error.
    told = many.folder.shell(f'ulimit -f {blocks}; "$0" scan --into proofs')
    assert told.returncode == 1, told.stdout
    assert "Traceback" not in told.stderr
    assert "Error: " in told.stderr
    assert not (many.path / "proofs/scans").exists()
    many.folder("scan", "--into", "proofs")
    many.folder("scan", "--into", "undisturbed")
    assert found(many, "proofs") == found(many, "undisturbed")
