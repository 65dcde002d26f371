"""A scan that is killed, or whose disk is full, at any moment: the next one ends as it would have.

Of fifty moments a few are tried by each commit; `--long` tries all.
"""

import random
import shutil
import signal
from pathlib import Path

import pytest

from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from support.recovery import killed_at
from support.recovery.scans import rows, table
from support.sampling import CAMPAIGN, is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
FILES, MOMENTS, TRIED = 300, 50, 2


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


def scanned(storages, repository, *arguments, at=0, counted=None):
    """Scan with the hook that kills; give the process when it has ended."""
    env = {"PYTHONPATH": HOOK, "KILLED_AT": str(at), "COUNTED_IN": str(counted or "")}
    process = storages.folder.start(
        "scan", "--into", repository, "-q", *arguments, env=env, stdout=-1, stderr=-1
    )
    _, errors = process.communicate(timeout=300)
    assert process.returncode in (-signal.SIGKILL, 0), (at, errors.decode())
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
