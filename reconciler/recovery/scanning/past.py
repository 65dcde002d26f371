"""What earlier scans of a storage know, and whether something of that is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.location import bucket_of
from reconciler.recovery.cloud.attesting import AttestedSource
from reconciler.recovery.cloud.sums import Sum
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import NEEDS_PROOF
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.rows import ARCHIVED, ATTESTED, MARKER, TWO_SUMS, Rows, chosen
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.doubts import Doubts
from reconciler.recovery.scanning.finishing import restoring
from reconciler.recovery.scanning.known import apart, record
from reconciler.recovery.scanning.known.comparing import kept_hashes
from reconciler.recovery.scanning.known.comparing.kept_hashes import Compared
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.scanning.known.last_rows import Last, usable
from reconciler.recovery.scanning.known.pieces import Unfinished
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.source import Source
from reconciler.recovery.values import DELETED, MISSING, CloudReport, Scan, Target

#: A scan names so many reports, the newest.
_REPORTS = 1_000


class Past:
    """The earlier scans of one storage, for the one that is made now."""

    def __init__(self, means: Means, target: Target, source: Source | None = None) -> None:
        """Take the storage, and its source; who accepts the loss goes on without what is lost."""
        self._repository = means.repository
        self._place = target.place
        self._copy_of = target.copy_of
        self._lasts = means.lasts
        self._now = means.here.now
        self._catch_up = means.catch_up
        #: The list by which it is listed now, if any.
        self.listed_by = means.list_of(target)
        self._given = means.reports_of(target)
        self._attested = source if isinstance(source, AttestedSource) else None
        #: Whether reports say what stands nowhere before there is a record.
        self._attests = False
        self._is_bucket = bucket_of(target.type, target.url) is not None
        self._doubts: Doubts | None = None
        self._is_full = means.wish.full
        self._accepts_loss = target.name in means.wish.accept_loss
        self._lost: Sequence[str] = ()
        self._after, self._seen, self._findings = "", apart.sign(()), ""
        self._beside: Sequence[str] = ()
        self._markers = 0
        self._reports: tuple[CloudReport, ...] = ()

    @cached_property
    def wrong(self) -> pa.Array:
        """Paths of which something was found wrong that is not over; raises `RepositoryError`.

        None where no cloud tells of it in reports: then nobody asks.
        """
        return self._found(NEEDS_PROOF) if self._given else self._found(())

    def gone(self, own: Collection[bytes]) -> pa.Array:
        """Paths that were found missing or deleted, which is not over; raises `RepositoryError`.

        `own` are those that earlier runs of this very scan have found so. None where the server
        itself lists: then nobody asks.
        """
        if not self.listed_by:
            return self._found(())
        found = self._found((MISSING, DELETED)).to_pylist()
        return pa.array(sorted({*found, *own}), pa.binary())

    @property
    def listed_at(self) -> str:
        """When the list was begun by which it is listed; empty: the server is asked."""
        return self.listed_by.listed_at if self.listed_by else ""

    def _found(self, what: Collection[str]) -> pa.Array:
        """Return the paths of findings of some kinds that are not over."""
        found = store.read(self._repository, self._place).episodes if what else ()
        lasting = (each for each in found if not each.resolved and not each.about)
        paths = {each.path for each in lasting if each.what in what}
        return pa.array(sorted(paths), pa.binary())

    def begin(self, run: str, folder: Path, result: Scanned) -> None:
        """Look up what is in doubt, in a `folder` of the `run`; raises `RepositoryError`."""
        if not self._is_bucket:  # of which alone a cloud tells
            return
        given = self._repository, self._place, run, folder, self._given
        self._doubts = Doubts(*given)
        if self._doubts.lost and not self._accepts_loss:
            result.forgotten = True
            result.notes.append(reasons.doubts_lost(self._doubts.lost))
        if self._doubts.not_looked and not self._accepts_loss:
            result.forgotten = True
            result.notes.append(self._doubts.not_looked)

    def listed(self, *, whole: bool) -> None:
        """Take that the listing has come to its end, or that it was ended before."""
        if self._doubts and whole and not self._attests:
            self._doubts.listed()

    def explain(self, read: Rows) -> None:
        """Say of what nobody may read why reports of the cloud have no sum of it."""
        if self._attested:
            self._attested.explain(read)

    def compare(
        self, listed: Rows, earlier: Sequence[Earlier], should_be: Earlier | None
    ) -> Compared:
        """Compare a listing with what is known, and keep what is in doubt.

        Raises `RepositoryError`, `SnapshotError`.
        """
        if self._doubts is None:
            return kept_hashes.compare(listed, earlier, should_be, self.wrong)
        claims = self._attested.otherwise(listed.path) if self._attested else {}
        paths = {*self._doubts.put_on(listed, claims), *claims}
        claimed = _as_first_told(listed, claims) if claims else None
        in_doubt = pa.array(sorted(paths), pa.binary())
        compared = kept_hashes.compare(listed, earlier, should_be, self.wrong, in_doubt, claimed)
        settled = compared.settled
        self._attests = self._attests or bool(claims) or _is_attested(settled)
        is_disputed = pc.fill_null(pc.equal(settled["detail"], TWO_SUMS), False)
        disputed = convert.values(settled["path"].filter(is_disputed))
        self._doubts.keep(compared.doubted, listed, disputed)
        return compared

    def end(self, scan: Scan, contents: Path) -> None:
        """Forget what is over by the contents of a scan that has its record.

        That is what reports say otherwise, and that they were given.

        Of those that can't be read nobody knows, unless all that there is was read.
        """
        is_all = self._is_full and scan.complete and not scan.excluded
        is_all = is_all and not scan.counts.kinds.get(ARCHIVED)
        if self._doubts:
            self._doubts.listed()
        # Where nothing may be removed they stay: what was read later than a report counts.
        with contextlib.suppress(RepositoryError, SnapshotError):
            missed = self._doubts and (self._doubts.lost or self._doubts.not_looked)
            if self._doubts and (self._accepts_loss or is_all or not missed):
                self._doubts.end(contents)

    def recorded(self) -> Scan | None:
        """Return the last scan; raises `SnapshotError` if its record is lost, or those of all."""
        if self._accepts_loss:
            # Where nothing may be removed, what is newer will end it; but for a clock ahead.
            with contextlib.suppress(RepositoryError):
                record.miss_no_more(self._repository, self._place)
            last = next(reversed(record.whole(self._repository, self._place)), None)
            lost = last.lost if last else ()
            store.miss_no_more(self._repository, self._place, self._now(), last, untold=lost)
            return last
        return self._lasts.of(self._place)

    def ahead(self, last: Scan | None, run: str, unfinished: Unfinished | None) -> str:
        """Say what is ahead of the clock of a `run`, or of a list; empty: nothing.

        That is the last scan, or one that was ended: what that has seen gone an older list has.
        """
        if last and run < last.id:
            return reasons.behind(last)
        known = max(
            last.listed_at or last.started_at if last else "",
            unfinished.listed_at if unfinished else "",
        )
        return reasons.outdated(self.listed_at, known) if "" < self.listed_at < known else ""

    def model(self, last: Scan | None) -> Scan | None:
        """Return the scan against which the root is held: the last one, or that of the original.

        Raises `SnapshotError` if the record of that is lost.
        """
        if last is not None or not self._copy_of:
            return last
        return self._lasts.of(self._copy_of)

    def usable(self, last: Scan, folder: Path, opened: ExitStack, notes: list[str]) -> Last | None:
        """Return what is known of the last scan, or of one before, and what they remembered.

        `notes` gets a sentence on what is of no use. Raises `RepositoryError`.
        """
        if last.remembered or last.findings:  # else nothing was ever found
            self._catch_up(self._place)
        self._findings, self._reports = last.findings, last.reports
        self._markers = last.counts.kinds.get(MARKER, 0)
        found = usable(self._repository, last, opened, notes)
        lost: Sequence[str] = (last.id,)
        if found is not None:
            ids = record.ids(self._repository, self._place)
            others = apart.of(self._repository, found.scan, ids, lost=found.lost)
            missed = {*found.lost, *others}
            by = self._repository, found, others, folder, opened, self._catch_up
            found = restoring.restored(*by)
            self._after, lost, self._seen = found.scan.id, found.lost, apart.sign(ids)
            self._beside = sorted(missed if self._accepts_loss else missed - {*lost})
            if others:
                notes.append(reasons.apart(others))
        self._lost = () if self._accepts_loss else lost
        return found

    def told(self, scan: Scan, result: Scanned, contents: Path) -> Scan:
        """Return the record of a scan whose parts are kept with what is lost, and tell that.

        It names the reports that attest something of its `contents`.
        """
        lost = restoring.still_lost(self._repository, self._lost, scan) if self._lost else []
        if lost:
            result.forgotten = True
            result.notes.append(reasons.lost(lost, self._repository.address))
        markers = scan.counts.kinds.get(MARKER, 0)
        where = self._repository.address
        result.notes += reasons.markers(scan.root, markers, self._markers, where)
        known = store.read(self._repository, self._place)
        # What is missed is missed by the scans that follow, too.
        is_there = known.has(self._findings) and self._findings not in known.lost
        findings = known.newest if is_there else self._findings
        return replace(
            scan,
            after=self._after,
            beside=tuple(self._beside),
            seen=self._seen,
            lost=tuple(lost),
            findings=findings,
            reports=self._attesting(scan, contents),
        )

    def _attesting(self, scan: Scan, contents: Path) -> tuple[CloudReport, ...]:
        """Return the reports whose sums stand in a scan: those of the moments of its proofs."""
        if not scan.counts.proofs.get(ATTESTED):
            return ()
        doubting = self._doubts.reports if self._doubts else ()
        each = dict.fromkeys((*self._reports, *doubting, *scan.reports))
        moments = set[int]()
        for batch in read.batches(contents, CONTENTS, columns=["proof", "proved_at"]):
            attested = pc.equal(batch["proof"].dictionary_decode(), ATTESTED)
            moments.update(pc.unique(batch["proved_at"].filter(attested)).to_pylist())
        return tuple(sorted((one for one in each if one.at in moments), key=_by_age)[-_REPORTS:])


def _as_first_told(listed: Rows, claims: Mapping[bytes, Sum]) -> Earlier:
    """Return those files of a listing of which an earlier report had another sum, with that."""
    rows = chosen(listed, [i for i, path in enumerate(listed.path) if path in claims])
    told = [claims[path] for path in rows.path]
    rows.sha256, rows.proved_at = [one.sha256 for one in told], [one.proved_at for one in told]
    return Earlier(iter([convert.scanned(rows)]), clock=0, agreeing=())


def _is_attested(settled: pa.RecordBatch) -> bool:
    return bool(pc.any(pc.equal(settled["proof"].dictionary_decode(), ATTESTED)).as_py())


def _by_age(report: CloudReport) -> tuple[int, str]:
    return report.at, report.digest
