"""A watch that is killed at any moment, and two of them at once: nothing is lost, or done twice."""

import json
import random
import re
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

STORAGES = 40


def declared(folder):
    names = [f"s{n:02}" for n in range(STORAGES)]
    entries = [f"  - {{name: {n}, label: Label, default_url: {folder.path}/{n}}}\n" for n in names]
    return (
        "version: 1\nplatform: sqlite:///platform.db\nproof: {every: 30d}\n"
        "defaults: {type: local}\nstorages:\n" + "".join(entries)
    )


@pytest.fixture
def many(folder):
    for n in range(STORAGES):
        (folder.path / f"s{n:02}").mkdir()
        folder.write(f"{n}" * 1000, f"s{n:02}/file")
    folder.write(declared(folder))
    return folder


def live(folder):
    with closing(sqlite3.connect(folder.path / "platform.db")) as db:
        return sorted(db.execute("SELECT name, label FROM storages"))


def state(folder):
    """Give what the last watch has kept."""
    path = folder.path / ".reconciler/watch/watch.json"
    return json.loads(path.read_text()) if path.exists() else {}


def journals(folder):
    return sorted((folder.path / ".reconciler/journal").iterdir())


def test_of_two_watches_one_writes(many):
    many("apply", "-y", "-q")
    with closing(sqlite3.connect(many.path / "platform.db", isolation_level=None)) as db:
        db.execute("UPDATE storages SET label = 'mine'")
    before = len(journals(many))
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True}
    both = [many.start("watch", "--once", "--apply", "--state", n, **options) for n in "ab"]
    for process in both:
        process.communicate(timeout=60)
    assert [process.returncode for process in both] in ([0, 0], [0, 4], [4, 0])
    assert live(many) == [(f"s{n:02}", "Label") for n in range(STORAGES)]
    written = 0
    for path in journals(many)[before:]:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        written += sum(line.get("writes", 0) for line in lines)
    assert written == STORAGES


@pytest.mark.long
def test_killed_at_fifty_moments_it_converges_and_says_what_happened(many):
    """Each watch applies and scans, until it is killed; in between somebody changes live."""
    chance, cut_off = random.Random(13), set()
    many("apply", "-y", "-q")
    many("scan", "--into", "proofs", "-q")
    for number in range(50):
        with closing(sqlite3.connect(many.path / "platform.db", isolation_level=None)) as db:
            db.execute("UPDATE storages SET label = 'mine'")
        with (many.path / "out.txt").open("a") as out:
            process = many.start(
                *("watch", "--apply", "--scan", "proofs", "--scan-every", "1s"),
                *("--interval", "1s"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
            )
            until = time.monotonic() + chance.uniform(0.5, 6)
            known = {None, *cut_off}
            while time.monotonic() < until and not (
                number % 2 and state(many).get("applying") not in known
            ):
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.1))
            process.kill()
            process.wait(timeout=60)
        cut_off |= {state(many).get("applying")} - {None}
    lines = many("watch", "--once", "--apply", "--lock-timeout", "90s").stdout
    told = re.findall("reconciler history (\\S+)", many.read("out.txt") + lines)
    assert set(told) == cut_off
    assert live(many) == [(f"s{n:02}", "Label") for n in range(STORAGES)]
    assert state(many).get("lasting", []) == []
    many("drift")
    many("scan", "--into", "proofs", "-q")
    many("verify", "proofs", "--objective")
    assert len(cut_off) >= 10, "hardly any kill met an apply"
