"""Manifests in a folder of their own, and what reading them says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest import Manifest, load

Write = Callable[..., Path]
Load = Callable[..., Manifest]
Problems = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file into the current folder, which is an empty one."""
    monkeypatch.chdir(tmp_path)

    def write_file(text: str | bytes, name: str = "m.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write_file


@pytest.fixture
def load_text(write: Write) -> Load:
    """Read one manifest from its text."""

    def read(text: str | bytes, variables: Mapping[str, str] | None = None) -> Manifest:
        write(text)
        return load(["m.yaml"], variables or {})

    return read


@pytest.fixture
def problems(load_text: Load) -> Problems:
    """Read one wrong manifest from its text and give what is said of it, line by line."""

    def read(text: str | bytes, variables: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ManifestError) as caught:
            load_text(text, variables)
        return [problem.text() for problem in caught.value.problems]

    return read
