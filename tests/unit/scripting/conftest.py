"""A folder with a manifest, in which scripts run."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.client import Client
from reconciler.storages import create_storage, list_storages


class Folder:
    """A folder, its manifest and its platform."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = f"sqlite:///{path / 'platform.db'}"

    def declare(self, *names: str, more: str = "") -> None:
        """Write a manifest of local storages."""
        entries = "".join(
            f"  - {{name: '{name}', type: local, default_url: '{self.path}/on/{name}'}}\n"
            for name in names
        )
        storages = f"storages:\n{entries}" if names else "storages: []\n"
        text = f"version: 1\nplatform: sqlite:///platform.db\n{more}{storages}"
        (self.path / "storages.yaml").write_text(text)

    def make(self, name: str) -> None:
        """Have a storage made by somebody else."""
        with Client(self.address) as client:
            create_storage(name, "local", name, f"/on/{name}", client=client)

    @property
    def live(self) -> list[str]:
        """The names that are live; empty where there is no platform."""
        if not (self.path / "platform.db").exists():
            return []
        with Client(self.address) as client:
            return sorted(storage.name for storage in list_storages(client=client))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(tmp_path)
    for name in ("RECONCILER_PLATFORM", "RECONCILER_SCOPE"):
        monkeypatch.delenv(name, raising=False)
    return Folder(tmp_path)
