"""Which storage comes first: the one with the oldest proof, and last what was never all read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from reconciler.recovery.scanning.due.ordering import in_turn
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.scanning.reading.pace import Pace
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import here, scan_once


def test_the_oldest_proof_comes_first_and_last_what_was_never_all_read(repository) -> None:
    """Else one large storage that is still being read would keep all others from their turn."""
    targets = [replace(TARGET, name=name, place=f"local:{name}") for name in "abcd"]
    for name, days, most in (("d", 0, 3), ("b", 1, None), ("a", 2, None)):
        storage = Storage(now=1_800_000_000 + days * 86_400)
        for path in ("1", "2", "3"):
            storage.put(path, b"xx")
        now = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=days)
        scan = scan_once(
            storage, repository, wish=Wish(every=10**6), pace=Pace(most=most), by=here(now)
        ).scan
        assert scan is not None
        record.write(repository, replace(scan, place=f"local:{name}"), after="")
    assert [target.name for target in in_turn(targets, repository)] == ["b", "a", "c", "d"]
