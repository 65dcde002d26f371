"""An apply of many operations that is killed half way, again and again, on a platform at a time."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import psycopg

from reconciler.cli.main import main
from reconciler.manifest import load
from reconciler.platform import Platform
from reconciler.platforms import open_platform
from reconciler.reconcile import Request, make_plan
from support.commands.starting import start


class Size(NamedTuple):
    """How many storages there are of each kind; each of them takes one operation."""

    relabelled: int
    renamed: int
    both: int
    doomed: int
    created: int
    circle: int = 4

    @property
    def operations(self) -> int:
        return sum(self)


#: 300 operations; on a platform that only lists, each of them reads all 200 storages twice.
WHOLE = Size(relabelled=80, renamed=60, both=16, doomed=40, created=100)
#: 32 operations, still three times as many as are under way at once.
SMALL = Size(relabelled=8, renamed=6, both=2, doomed=4, created=8)


class Stage(NamedTuple):
    """A platform that can be brought back to where it was before the apply."""

    address: str
    environ: Mapping[str, str]
    reset: Callable[[], None]

    def platform(self) -> Platform:
        return open_platform(self.address, base=None, environ=self.environ)


def before(size: Size) -> dict:
    """Give a manifest of the storages as they are at first."""
    names = (
        [f"relabelled {i}" for i in range(size.relabelled)]
        + [f"old {i}" for i in range(size.renamed)]
        + [f"circle {i}" for i in range(size.circle)]
        + [f"both {i}" for i in range(size.both)]
        + [f"doomed {i}" for i in range(size.doomed)]
    )
    return _manifest([_entry(name, name, "first") for name in names])


def after(ids: Mapping[str, str], size: Size) -> dict:
    """Give the manifest whose apply takes operations of every kind, with a circle of names."""
    entries = [
        _entry(f"relabelled {i}", f"relabelled {i}", "second") for i in range(size.relabelled)
    ]
    for i in range(size.renamed):
        old = f"old {i}"
        entries.append({**_entry(f"new {i}", old, "first"), "renamed_from": [old]})
    for i in range(size.circle):
        old = f"circle {i}"
        entries.append({**_entry(f"circle {(i + 1) % size.circle}", old, "first"), "id": ids[old]})
    for i in range(size.both):
        old = f"both {i}"
        entries.append({**_entry(f"changed {i}", old, "second"), "renamed_from": [old]})
    entries += [_entry(f"created {i}", f"created {i}", "new") for i in range(size.created)]
    doomed = [{"name": f"doomed {i}"} for i in range(size.doomed)]
    return {**_manifest(entries), "removed": doomed}


def _entry(name: str, place: str, label: str) -> dict:
    return {
        "name": name,
        "type": "local",
        "default_url": f"/data/{place.replace(' ', '-')}",
        "label": label,
    }


def _manifest(entries: list[dict]) -> dict:
    return {"version": 1, "policy": {"max_removals": "100%"}, "storages": entries}


def live(platform: Platform) -> dict[str, tuple[str, str, str]]:
    """Read the names that are live, with label, place and id."""
    reader = platform.reader()
    try:
        found = reader.read().storages
    finally:
        reader.close()
    assert len({s.name for s in found}) == len(found)
    return {s.name: (s.label, s.default_url, s.id) for s in found}


class Killing:
    """Kills the installed command at one moment after the other, and sees that all gets well."""

    def __init__(self, folder: Path, stage: Stage, environ: Mapping[str, str], size: Size):
        self._folder = folder
        self._stage = stage
        self._environ = {**environ, **stage.environ, "RECONCILER_PLATFORM": stage.address}
        self._before = live(stage.platform())
        self._manifest = after({name: found[2] for name, found in self._before.items()}, size)
        # What an apply tells of each operation at most: that it began, and that it ended.
        self._lines = 2 * size.operations
        (folder / "storages.yaml").write_text(json.dumps(self._manifest), encoding="utf-8")
        #: How many operations were done when the command was killed, of each try.
        self.done: list[int] = []

    def once(self, seed: int) -> None:
        """Kill one apply at the moment that a seed gives; then apply again and look."""
        chance = random.Random(seed)
        self._stage.reset()
        self.done.append(self._killed(chance.randrange(self._lines + 2), chance.randrange(3000)))
        self._let_go()
        code, told = self._apply(chance.choice([1, 10]))
        assert code == 0, (seed, told)
        self._check(seed)

    def _killed(self, lines: int, idle: int) -> int:
        """Kill an apply after it has told so many lines, and a little later; count the done."""
        line = ["apply", "-y", "-q", "--events", "-"]
        with start(line, self._environ, self._folder, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            told = [line for _, line in zip(range(lines), process.stdout, strict=False)]
            for _ in range(idle * 10):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)
            told += process.stdout.readlines()
        return sum(b'"operation_done"' in line for line in told)

    def _let_go(self) -> None:
        """Take the killed holder's lease away, instead of waiting until it runs out."""
        lock = self._stage.platform().lock()
        if lock is None:
            return
        try:
            lease = lock.current()
            assert lease is None or lock.break_lease(lease)
        finally:
            lock.close()

    def _apply(self, parallelism: int) -> tuple[int, str]:
        """Apply in this process, which knows nothing of the killed one; give exit code and words.

        To start the command once more would take longer than the apply.
        """
        told = io.StringIO()
        with (
            contextlib.chdir(self._folder),
            patch.dict(os.environ, self._environ),
            contextlib.redirect_stdout(told),
            contextlib.redirect_stderr(told),
        ):
            return main(["apply", "-y", "--parallelism", str(parallelism)]), told.getvalue()

    def _check(self, seed: int) -> None:
        platform = self._stage.platform()
        reader = platform.reader()
        try:
            manifest = load([str(self._folder / "storages.yaml")], {})
            request = Request(manifest.desired)
            second = make_plan(reader, request, address=platform.address, now="")
        finally:
            reader.close()
        assert second.ready, (seed, second.blocked_by)
        assert second.operations == (), seed
        now = live(platform)
        wanted = {e["name"]: (e["label"], e["default_url"]) for e in self._manifest["storages"]}
        assert {n: (f[0], f[1].removeprefix("file://")) for n, f in now.items()} == wanted
        # Nothing that was there has become another storage on the way.
        kept = {f[1]: f[2] for f in self._before.values()}
        assert all(kept.get(f[1], f[2]) == f[2] for f in now.values()), seed


def sqlite_stage(folder: Path) -> Stage:
    """Give an embedded platform that is brought back from a copy of its file."""
    path, saved = folder / "platform.db", folder / "saved.db"

    def reset() -> None:
        for suffix in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        if saved.exists():
            shutil.copy(saved, path)
        else:
            shutil.copy(path, saved)

    return Stage(f"sqlite:///{path}", {}, reset)


def sdk_stage(organisation: object) -> Stage:
    """Give the stand-in SDK's organisation, brought back from a copy of its file."""
    path = Path(organisation.path)
    saved = path.with_name("organisation.db.saved")

    def reset() -> None:
        if saved.exists():
            shutil.copy(saved, path)
        else:
            shutil.copy(path, saved)

    return Stage(organisation.address, organisation.environ, reset)


def server_stage(url: str, database: str) -> Stage:
    """Give a state server on PostgreSQL, brought back from copies of its tables."""

    def reset() -> None:
        with psycopg.connect(database) as db:
            found = db.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            tables = sorted(name for (name,) in found if not name.startswith("saved_"))
            for name in tables:
                if (f"saved_{name}",) not in found:
                    db.execute(f'CREATE TABLE "saved_{name}" AS TABLE "{name}"')
            db.execute("SET session_replication_role = replica")  # no checks between the tables
            for name in tables:
                db.execute(f'DELETE FROM "{name}"')
                db.execute(f'INSERT INTO "{name}" SELECT * FROM "saved_{name}"')

    return Stage(url, {}, reset)
