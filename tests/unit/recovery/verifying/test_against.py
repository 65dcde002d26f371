"""Two snapshots of one repository, compared."""

from __future__ import annotations

from reconciler.recovery import rows
from reconciler.recovery.repository import layout
from reconciler.recovery.rows import Content
from reconciler.recovery.seal import sealed
from reconciler.recovery.verifying import against, results
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.kept import keep_scan, night, ns
from support.recovery.snapshots import NOW, platform, repository, taken

FILE = Content(b"a", rows.FILE, 7, ns(night(-100)), b"g" * 32, rows.READ, ns(night(0)) // 10**9)


def test_a_scan_that_is_compared_with_itself_verifies_nothing(tmp_path):
    home = repository(tmp_path)

    def scan(number):
        kept = keep_scan(home, [FILE], number, place="local:file:///data/nas")
        home.write(f"{layout.scans(kept.place)}{kept.id}.json", sealed(kept))

    def verify(was, now):
        means = Means(home, lambda: night(3), settled_ns=SETTLED_NS)
        one, other = was.snapshot, now.snapshot
        (told,) = against.verify(one, one.storages, other, means, (home, home))
        return told

    scan(0)
    first, again = (taken(platform("nas"), home, at=NOW + i) for i in range(2))
    told = verify(first, again)
    assert (told.of, told.compared, told.not_verified) == (1, 0, 1)
    assert told.verdict == results.UNKNOWN
    assert "both snapshots rest on the same scan" in told.notes[0]
    scan(1)
    told = verify(first, taken(platform("nas"), home, at=NOW + 2))
    assert (told.compared, told.verdict, told.notes) == (1, results.AGREES, ())
