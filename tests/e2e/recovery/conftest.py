"""A storage with real files, on a platform, and a repository."""

import json
import os
import stat

import pytest

LONG_AGO = 1_600_000_000


class Storages:
    """Real folders, declared and applied; `folder` runs the command beside them."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder.path

    def declare(self, **places):
        entries = "".join(
            f"  - {{name: {name}, label: {name}, type: local, default_url: {place}}}\n"
            for name, place in places.items()
        )
        self.folder.write(f"version: 1\nplatform: sqlite:///platform.db\nstorages:\n{entries}")
        self.folder("apply", "-y")

    def file(self, name, data=b"x", mtime=LONG_AGO):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (mtime, mtime))
        return path

    def scan(self, *arguments, code=0):
        """Scan into `proofs`, and give the report."""
        told = self.folder("scan", "--into", "proofs", "-o", "json", *arguments, code=code)
        return json.loads(told.stdout)

    def private(self):
        """Check that nobody else may read what was written."""
        for path in (self.path / "proofs").rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.fixture
def storages(folder):
    made = Storages(folder)
    for i in range(20):
        made.file(f"nas/raw/{i:02}.tif", b"%d" % i)
    made.declare(nas=made.path / "nas")
    return made
