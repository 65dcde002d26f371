"""All that watches look at in a campaign: a platform behind a line that fails, a remote, a disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from reconciler.platform import Change
from reconciler.server.store.opening import open_store
from reconciler.server.store.store import Store
from support.faults.fault_proxy import (
    CUT,
    DROP_AFTER,
    DROP_BEFORE,
    HANG_AFTER,
    PASS,
    Fault,
    FaultProxy,
    Request,
    refused,
)
from support.faults.mounted import run
from support.server.serving import make_token, serving
from support.server.storing import create_with, everything, local, remove, update
from support.watching.remote import Remote

NAMES = tuple("abcdefgh")
#: Bytes of the disk that fills: two hours' journals, of which each takes a page, must have room.
_ROOM = 16 * 1024 * 1024


def manifest(labels: Mapping[str, str], undeclared: str) -> str:
    """Declare storages with these labels."""
    entries = "".join(
        f'  - {{name: {name}, label: "{label}", type: local, default_url: /data/{name}}}\n'
        for name, label in sorted(labels.items())
    )
    return f"version: 1\npolicy: {{undeclared: {undeclared}}}\nstorages:\n{entries}"


class Line:
    """The line to the platform: how each request fares is up to its mode."""

    #: Each of these for a while.
    MODES: Mapping[str, tuple[Fault, ...]] = {
        "well": (PASS,),
        "slow": (Fault(delay=0.3),),
        "flaky": (DROP_BEFORE, PASS, PASS),
        "torn": (CUT, PASS, PASS),
        "lost": (DROP_AFTER, PASS, PASS),
        "away": (DROP_BEFORE,),
        "busy": (refused(503),),
        "hangs": (HANG_AFTER,),
    }
    UNNOTICED = ("well", "slow", "flaky", "torn", "lost")

    def __init__(self) -> None:
        self.mode = "well"

    def decide(self, request: Request) -> Fault:
        """Let a request fare."""
        faults = self.MODES[self.mode]
        return faults[request.number % len(faults)]


class Disk:
    """A file system of its own, small enough to be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        folder.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "none", folder)

    def fill(self) -> None:
        """Leave no room."""
        with suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass

    def free(self) -> None:
        """Leave room again."""
        self._filler.unlink()


class World:
    """What is there, and what people do to it by hand."""

    def __init__(self, folder: Path, store: Store, proxy: FaultProxy, undeclared: str) -> None:
        self.folder, self._store, self.proxy = folder, store, proxy
        self.line, self.disk = Line(), Disk(folder / "disk")
        proxy.decide = self.line.decide
        self.token = make_token(store)
        for name in NAMES:
            self.create(name)
        self._undeclared = undeclared
        self.remote = Remote(folder, self.manifest(dict.fromkeys(NAMES, "L")))

    def manifest(self, labels: Mapping[str, str]) -> str:
        """Declare storages with these labels."""
        return manifest(labels, self._undeclared)

    def create(self, name: str, label: str = "L") -> None:
        """Have one more."""
        create_with(self._store, local(name, label))

    def label(self, name: str, label: str) -> None:
        """Have another label."""
        update(self._store, self._ids()[name], label=label)

    def remove(self, name: str) -> None:
        """Have one less."""
        remove(self._store, self._ids()[name])

    def live(self) -> dict[str, str]:
        """Return labels by names."""
        return {row.storage.name: row.storage.label for row in everything(self._store)}

    def changes(self, after: int) -> list[Change]:
        """Return what was done to storages since a revision."""
        return list(self._store.changes(after=after, limit=1000).changes)

    def revision(self) -> int:
        """Return how far the platform has come."""
        return self._store.revision()

    def _ids(self) -> dict[str, str]:
        return {row.storage.name: row.storage.id for row in everything(self._store)}


@contextmanager
def world(folder: Path, undeclared: str = "ignore") -> Iterator[World]:
    """Have a world while entered; its process must have mounts of its own."""
    database = f"sqlite:///{folder / 'server.db'}"
    with (
        closing(open_store(database)) as store,
        serving(store) as server,
        FaultProxy(server.port) as proxy,
    ):
        yield World(folder, store, proxy, undeclared)
