"""`examples/invalid/`: for each manifest the message that lies beside it, to the letter.

Drop `NAME.yaml` and `NAME.expected` in, and they are a test. No variable that an example uses is
set, so each `${NAME}` is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.commands import starting
from support.repository import EXAMPLES

FOLDER = EXAMPLES / "invalid"
MANIFESTS = sorted(FOLDER.glob("*.yaml"))
UNSET = ("STAGE", "BUCKET", "NAS", "SITE", "MINIO_SECRET", "RECONCILER_PLATFORM")


def test_there_are_examples_and_each_has_its_message() -> None:
    assert len(MANIFESTS) > 25
    named = {path.stem for path in MANIFESTS}
    assert named == {path.stem for path in FOLDER.glob("*.expected")}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_the_message_is_the_expected_one(
    folder: Any, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    done = type(folder)(FOLDER, starting.warm())("validate", "-f", manifest.name, code=65)
    assert done.stderr == manifest.with_suffix(".expected").read_text("utf-8")
    assert done.stdout == ""
