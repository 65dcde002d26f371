"""What `snapshot create --scan` makes of how its scans ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.cli.commands.recovery.snapshot import SnapshotOptions
from reconciler.cli.recovery import snapshot
from reconciler.errors import INTERRUPTED, SUCCESS
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.report.style import PLAIN


@pytest.mark.parametrize(("interrupted", "code"), [(False, SUCCESS), (True, INTERRUPTED)])
def test_no_snapshot_is_taken_after_a_signal_though_all_was_scanned(
    monkeypatch: pytest.MonkeyPatch, interrupted: bool, code: int
) -> None:
    def scan_all(*everything: Any) -> bool:
        everything[-1].append(Scanned("nas"))
        return interrupted

    monkeypatch.setattr(snapshot, "scan_all", scan_all)
    context = cast("Any", SimpleNamespace(note=lambda _text: None, note_style=PLAIN))
    options = SnapshotOptions(repository="proofs", exclude=None)
    assert snapshot._scanned(context, options, {}, (), cast("Any", None)) == code
