"""What a scan has otherwise than it should be, held against findings that began after it."""

from __future__ import annotations

from reconciler.recovery import rows
from reconciler.recovery.findings.episodes import key
from reconciler.recovery.rows import Content
from reconciler.recovery.values import MISSING, FileFinding
from reconciler.recovery.verifying.telling.wrong import Wrong

FILE = Content(b"a", rows.FILE, 4, 1, bytes(32))
OTHER = Content(b"a", rows.FILE, 5, 2, bytes([1] * 32))
AT, LATER = "2026-11-29T08:00:02.000Z", "2026-11-29T08:00:05.000Z"
FINDING = FileFinding(
    MISSING, "nas", "local:file:///nas", b"a", FILE, None, missed=(OTHER,), first_seen=LATER
)


def test_a_scan_says_nothing_of_a_finding_that_began_after_it():
    wrong = Wrong.of([FINDING], "")
    wrong.renewed.add(key(FINDING))
    wrong.moved[b"a"] = (FILE,)
    assert wrong.without_renewed([FINDING], AT) == [FINDING]
    assert wrong.without_moved([FINDING], AT) == [FINDING]
    (over,) = wrong.without_renewed([FINDING], LATER)
    assert over.resolved == LATER
    (left,) = wrong.without_moved([FINDING], LATER)
    assert (left.was, left.missed) == (OTHER, ())
