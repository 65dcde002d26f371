"""`scan --due` that is killed at any moment: the next one goes on, and all has its turn.

What is kept in the end is what a run keeps that nobody disturbs.

Of fifty histories a few are tried by each commit; `--long` tries all.
"""

import json
import random
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.means import Here
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.sources import open_source
from reconciler.recovery.values import Target
from reconciler.recovery.walking import reading
from support.recovery import killed_at
from support.recovery.scans import rows, table
from support.sampling import CAMPAIGN, is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
FILES, HISTORIES, TRIED = 120, 50, 1
AGO = timedelta(days=40)


@pytest.fixture
def old(storages, monkeypatch):
    """Give a storage that was proved forty days ago, and shall be each thirty."""
    for i in range(FILES):
        storages.file(f"nas/many/{i:03}", b"%d" % i * (i + 1))
    manifest = (storages.path / "storages.yaml").read_text()
    storages.folder.write(f"proof: {{every: 30d}}\n{manifest}")
    place = f"file://{storages.path / 'nas'}"
    moment = datetime.now(UTC) - AGO
    clock = time.time_ns
    with monkeypatch.context() as earlier:
        ago = int(AGO.total_seconds()) * 10**9
        earlier.setattr(reading.time, "time_ns", lambda: clock() - ago)
        (ended,) = scan(
            [Target("1", "nas", "local", f"local:{place}", place)],
            open_repository(str(storages.path / "old"), make=True),
            Wish(),
            Here("host", lambda: moment),
            open_source=open_source,
        )
    assert ended.status == "complete"
    return storages


def scanned(storages, *arguments, at=0):
    env = {"PYTHONPATH": HOOK, "KILLED_AT": str(at), "COUNTED_IN": ""}
    command = ("scan", "--due", "--into", "proofs", "-q", *arguments)
    process = storages.folder.start(*command, env=env, stdout=-1, stderr=-1)
    _, errors = process.communicate(timeout=300)
    # So many files are touched before anything is read.
    ends = (-signal.SIGKILL,) if 0 < at <= 30 else (-signal.SIGKILL, 0)
    assert process.returncode in ends, (at, errors.decode())


def covered(storages):
    told = storages.folder.start("verify", "proofs", "--objective", "-o", "json", stdout=-1)
    report, _ = told.communicate(timeout=60)
    return json.loads(report)["storages"][0]["files"]["proved"]["files"]


def kept(storages, name):
    """Give what the last scan has of each file, but for when and by which run it was proved."""
    repository = open_repository(str(storages.path / name))
    scan = record.latest(repository, f"local:file://{storages.path / 'nas'}")
    return {
        path: {key: row[key] for key in row if key not in ("proof", "proved_at")}
        for path, row in table(rows(repository, scan)).items()
    }


@CAMPAIGN
def test_all_is_proved_within_the_cycle_through_any_kills(old, request):
    shutil.copytree(old.path / "old", old.path / "whole")
    old.folder("scan", "--due", "--into", "whole")
    undisturbed = kept(old, "whole")
    assert len(undisturbed) == FILES + 20
    assert all(row["sha256"] for row in undisturbed.values())
    histories = range(HISTORIES)
    for seed in histories if is_long(request.config) else sample(histories, TRIED, "due"):
        chance = random.Random(seed)
        shutil.copytree(old.path / "old", old.path / "proofs")
        budget = ("--max-bytes", "9000")  # of 18 kB and more
        before = covered(old)
        assert before == 0
        for _ in range(4):
            for _ in range(chance.choice([0, 1, 2])):
                scanned(
                    old, *budget, at=chance.choice([chance.randint(1, 30), chance.randrange(400)])
                )
            scanned(old, *budget)
            assert before < (before := covered(old)) or before == FILES + 20, seed
        assert before == FILES + 20, seed
        assert kept(old, "proofs") == undisturbed, seed
        shutil.rmtree(old.path / "proofs")
