"""A storage that is scanned night after night, and what is known of it then."""

from __future__ import annotations

import shutil
from pathlib import Path

from reconciler.environment.timestamps import utc_now
from reconciler.recovery.findings import store
from reconciler.recovery.findings.accepting import Acceptance, accept, to_accept
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.values import Accepted
from reconciler.recovery.verifying import remembered, scans
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.memory import LONG_AGO, TARGET, Storage
from support.recovery.scans import here, scan_once

GOOD, ROTTEN, WRITTEN = b"good", b"evil", b"written"


class Nights:
    """A storage with the file `f/a`, and what becomes of it."""

    def __init__(self, repository):
        self.repository = repository
        self.storage = Storage()
        self.storage.put("f/a", GOOD)
        self.storage.put("z", b"z")
        self.verified = self.scan().scan

    def scan(self, *, kept=True, excluded=(), full=True, every=None, accept_loss=(), **more):
        """Read everything, as a scan does of what shows no change only when it is due."""
        wish = Wish(excluded, full=full, every=every, accept_loss=accept_loss)
        ended = scan_once(self.storage, self.repository, wish=wish, **more)
        if kept:
            remembered.keep(self.repository, ended, utc_now)
        return ended

    def put(self, data, *, mtime_ns=LONG_AGO):
        self.storage.put("f/a", data, mtime_ns=mtime_ns)

    def verify(self, *, backwards=False, first=False):
        """Compare the last two scans, or the last with the first, as snapshots of them are."""
        every = record.whole(self.repository, TARGET.place)
        was, now = every[0 if first else -2], every[-1]
        means = Means(self.repository, utc_now, settled_ns=SETTLED_NS)
        both = (of_scan(now), of_scan(was)) if backwards else (of_scan(was), of_scan(now))
        return scans.compare(*both, "nas", means, (self.repository, self.repository))

    def known(self):
        episodes = store.read(self.repository, TARGET.place).episodes
        return [(f.what, f.path, bool(f.resolved)) for f in episodes]

    def accept(self) -> Acceptance:
        """Accept all that lasts."""
        shown = to_accept(self.repository, TARGET.place, "nas", ())
        said = Accepted("", "anna@scope")
        return accept(self.repository, TARGET.place, shown, said, here().now())


def put_together(one: Path, other: Path) -> None:
    """Take into one copy of a repository what only the other one has."""
    for file in other.rglob("*"):
        into = one / file.relative_to(other)
        if file.is_file() and not into.exists():
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, into)
