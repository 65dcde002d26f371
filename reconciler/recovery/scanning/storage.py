"""The scan of one storage, from the proof of its root to its record."""

from __future__ import annotations

import functools
import os
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path

from reconciler.environment.origin import run_id
from reconciler.errors import ClusterError, RepositoryError, SnapshotError
from reconciler.recovery.rows import together
from reconciler.recovery.scanning import estimate, outcome, reasons
from reconciler.recovery.scanning.due.turns import Turns, turns_of
from reconciler.recovery.scanning.finishing import finish
from reconciler.recovery.scanning.finishing.damage import Damage
from reconciler.recovery.scanning.finishing.pair import PartPair
from reconciler.recovery.scanning.known import believed_root, pieces, record
from reconciler.recovery.scanning.known.comparing import kept_hashes
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.scanning.known.last_rows import Last
from reconciler.recovery.scanning.known.overtaken import Overtaken
from reconciler.recovery.scanning.known.own import FRESH, Own
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.past import Past
from reconciler.recovery.scanning.reading.crew import Brought, Crew
from reconciler.recovery.scanning.reading.tasks import read_there
from reconciler.recovery.scanning.unlisted import Unlisted
from reconciler.recovery.source import Source
from reconciler.recovery.values import Root, Scan, Target

#: So many rows of a listing are compared together.
_TOGETHER = 8_000
#: If more files than this are gone when they are to be read, nobody believes it in the same run.
_GONE = 100_000


class StorageScan:
    """One storage; `result` has how it ended, as far as it came."""

    #: The shard of which alone it reads, in words; empty: it reads all.
    _label = ""

    def __init__(
        self,
        target: Target,
        source: Source,
        means: Means,
        opened: ExitStack,
        result: Scanned,
        before: Overtaken | None = None,
    ) -> None:
        """Take what it is to be done with; `opened` is closed by the caller, after `run`.

        What was read `before`, by an attempt that was overtaken, is not read again.
        """
        self.result = result
        self._target = target
        self._source = source
        self._means = means
        self._repository = means.repository
        self._opened = opened
        self._started = means.here.now()
        #: Unique, and sorted by time.
        self._run = run_id(self._started.timestamp(), os.urandom(3))
        self._is_new = False
        self._last: Last | None = None
        #: Says what comes first, where limits are to end the reading alone.
        self._turns: Turns | None = None
        #: Files of the last scan that were listed; of those, that nobody wrote since.
        self._met = self._survived = 0
        self._past = Past(means, target, source)
        self._before = before
        #: What was read, if another scan of the storage ended meanwhile: then nothing was kept.
        self.overtaken: Overtaken | None = None

    def run(self) -> None:
        """Scan it; raises `UnreachableError` if its root is not proved, `RepositoryError`."""
        place, means = self._target.place, self._means
        try:
            self._after = record.newest(self._repository, place)
            last = self._past.recorded()
            model = self._past.model(last)
        except SnapshotError as error:
            self._end(outcome.NOT_BEGUN, str(error))
            return
        unfinished = None if self._before else self._unfinished(last.id if last else "")
        if why := self._past.ahead(last, self._run, unfinished):
            self._end(outcome.NOT_BEGUN, why)
            return
        root = self._proved(model, unfinished)
        self._estimate(last, root)
        if means.pace.stopping:
            self._end(outcome.UNFINISHED, reasons.ended(Brought(), asked=means.pace.asked()))
            return
        begun = self._begin(unfinished, root)
        self._past.begin(self._run, self._folder, self.result)
        if last:
            self._last = self._past.usable(last, self._folder, self._opened, self.result.notes)
        self._own = Own(means.repository, unfinished, self._before, self._folder)
        earlier = self._earlier(last, root)
        pair = self._opened.enter_context(PartPair(self._folder, finish.like(self._last)))
        self._turns = turns_of(self._last, means, self._folder, self._opened)
        with self._crew(root) as crew:
            try:
                self._read_all(crew, earlier, pair)
            except (ClusterError, RepositoryError):  # what came before is told
                crew.brought.count(self.result)
                raise
            self._tell(crew.brought)
            if not self._goes_on:
                return
            self._believe(earlier, root)
            root = self._source.prove(root)
            self._look_again(crew)
            if self._goes_on:
                self._keep(pair, begun, root, crew.brought)

    def _crew(self, root: Root) -> Crew:
        means, source = self._means, self._source
        elsewhere = means.open_elsewhere and functools.partial(
            read_there, means.open_elsewhere, self._target, means.wish.excluded, root
        )
        damage = Damage(means.repository, self._target, means.here, lambda: source.prove(root))
        gone = self._pieces.gone if self._target.type != "local" else None  # of which lists tell
        by = means.pace, means.tally, elsewhere, damage.keep, gone, self._past.explain
        return Crew(means.executor, means.wish.workers, source, self._pieces, *by)

    def _unfinished(self, after: str) -> pieces.Unfinished | None:
        """Return the scan to go on with, of those that began after the scan `after`."""
        return pieces.find(self._repository, self._target.place, after=after)

    def _estimate(self, last: Scan | None, root: Root) -> None:
        by = self._source, root, self._means
        self.result.estimate = estimate.told(self._target.name, last, *by)

    @property
    def _is_accepted(self) -> bool:
        return self._target.name in self._means.wish.accept_roots

    def _proved(self, last: Scan | None, unfinished: pieces.Unfinished | None) -> Root:
        """Return the root, once it is proved; raises `UnreachableError`."""
        if self._is_accepted:
            return self._source.prove(None)
        known = record.root_at(self._repository, last, self._target.url) if last else None
        root = self._source.prove(known or (unfinished.runs[0].begun.root if unfinished else None))
        by = self._repository, self._source, self._target, self._means.pace.asked
        if last and known:
            believed_root.compare(*by, last, known, root)
        elif unfinished:
            believed_root.compare_own(*by, unfinished, root)
        return root

    def _begin(self, unfinished: pieces.Unfinished | None, root: Root) -> pieces.Begun:
        """Give the scan its id, and return how this run of it begins."""
        self._id = unfinished.id if unfinished else self._run
        self._folder: Path = self._opened.enter_context(self._repository.workspace())
        begun = pieces.begun_at(self._started, root, self._past.listed_at, self._label)
        self._pieces = pieces.Pieces(
            self._repository, self._folder, place=self._target.place, scan=self._id, run=self._run
        )
        self._pieces.begin(begun)
        first = self._before.begun if self._before else unfinished and unfinished.runs[0].begun
        self.result.went_on_from = first.started_at if first else ""
        return begun

    def _earlier(self, last: Scan | None, root: Root) -> list[Earlier]:
        """Return what is known, the newest first."""
        wish, why, known = self._means.wish, kept_hashes.distrusted(root), self._last
        since = int((self._started - FRESH).timestamp()) if wish.full else 0
        found = self._own.earlier(known, kept_hashes.agreeing(root, own=True), since)
        if last and why and not wish.full:
            self.result.notes.append(reasons.distrusted(why, wish))
        if last is None or known is None:
            return found
        # An older scan than the last only says what files should be.
        trusted = known.scan is last and known.stamps and not wish.full
        agreeing = kept_hashes.agreeing(root, own=wish.every is not None) if trusted else ()
        return [*found, Earlier(known.rows, clock=known.scan.clock_ns, agreeing=agreeing)]

    def _read_all(self, crew: Crew, earlier: list[Earlier], pair: PartPair) -> None:
        """List the storage, keep what is settled, and have the rest read."""
        means = self._means
        should_be = self._last.should_be() if self._last else None
        known = [*([self._last.rows_again()] if self._last else ()), *self._own.rows()]
        by = known if self._target.type != "local" else (), self._opened, self._past.listed_by
        gone, own = self._past.gone(self._own.gone), self._own.rows()
        unlisted = Unlisted(self._source, means, *by, self._last, gone, own, self._pieces.gone)
        listing = takewhile(lambda _: not means.pace.stopping, self._source.listing())
        for listed in together(unlisted.among(listing), _TOGETHER):
            crew.heed()
            compared = self._past.compare(listed, earlier, should_be)
            if self._turns:
                compared = self._turns.put_off(compared)
            compared = self._share(compared)
            pair.write(compared.settled, alike=compared.alike)
            means.tally.settled_files += compared.settled.num_rows - compared.put_off
            means.tally.settled_bytes += compared.size
            self._is_new = self._is_new or compared.is_new
            self.result.files_kept += compared.kept
            self._met += compared.met
            self._survived += compared.survived
            self.result.doubted += len(compared.doubted)
            crew.attest(compared.rotten)
            if len(compared.wanted):
                crew.want(compared.wanted, compared.known)
        self.result.taken_over, aged = self._own.counted
        self.result.notes += [reasons.aged(self.result.went_on_from)] if aged else []
        self.result.notes, self.result.unlisted = self.result.notes + unlisted.notes, unlisted.lacks
        self._same = unlisted.same
        self._past.listed(whole=not means.pace.stopping)
        if means.pace.stopping:  # perhaps not all was listed
            crew.cut_short()
        elif self._turns:
            self._turns.read(crew)
        crew.finish()

    def _share(self, compared: kept_hashes.Compared) -> kept_hashes.Compared:
        """Return what this run reads of what must be read: all of it."""
        return compared

    def _believe(self, earlier: list[Earlier], root: Root) -> None:
        """Raise `UnreachableError` if more of the last scan is gone than its root allows for."""
        last, asked = self._last, (self._target, self._source, self._same, root)
        if not last or self._is_accepted:
            return
        believed_root.believe_list(*asked)
        if not set(self._means.wish.excluded) - set(last.scan.excluded):
            there = earlier[-1].met
            believed_root.believe(self._target, last.scan, there, self._survived, root)

    @property
    def _goes_on(self) -> bool:
        """Whether nothing has ended the scan so far; else the next run goes on."""
        return self.result.status == outcome.COMPLETE

    def _tell(self, brought: Brought) -> None:
        """Tell what was read, and end the scan if that is not all."""
        brought.count(self.result)
        if self._ends_with_a_record:
            self.result.notes += reasons.no_progress(brought)
        elif brought.cut_short:
            asked = self._means.pace.asked()
            self._end(outcome.UNFINISHED, reasons.ended(brought, asked=asked))
        elif brought.no_room:
            self._end(outcome.UNFINISHED, reasons.no_room(brought))

    @property
    def _ends_with_a_record(self) -> bool:
        """Whether all was listed, and nothing but a limit can have ended the reading."""
        pace = self._means.pace
        listed = self._turns is not None and self._turns.is_listed
        return listed and not (pace.asked() or pace.ended)

    def _look_again(self, crew: Crew) -> None:
        """Read what was gone once more, now that the root is proved again: it may be there.

        A mount that was away for a while must never look like files that are.
        """
        gone = crew.brought.gone
        if len(gone) > _GONE:
            self._end(outcome.UNFINISHED, reasons.many_gone(len(gone)))
        elif len(gone):
            self._met = 0
            crew.again(gone)
            self._tell(crew.brought)

    def _keep(self, kept: PartPair, begun: pieces.Begun, root: Root, brought: Brought) -> None:
        """Keep the parts, and then the record: from then on the scan is there."""
        read = self._pieces, self._folder, self._opened
        pair = finish.merged(kept, *read, gone=brought.gone, ending=self._means.pace.asked)
        if pair is None:
            self._end(outcome.UNFINISHED, reasons.ENDED)
            return
        parts = pair.finish()
        if self._is_new:
            finish.look_at_names(parts[0], self.result)
        begun, left_out = self._own.begun(begun), self._source.left_out
        now = self._means.here.now()
        found = finish.Found(self._id, self._target, begun, root, pair, parts, left_out, now)
        by = self._last, self._own, self._folder, self._means, self.result, self._met
        remembered = finish.remembered(found, *by)
        finish.keep(self._repository, (*parts, remembered), self._last)
        scan = finish.record_of(found, self._means, remembered, unlisted=self.result.unlisted)
        scan = self._past.told(scan, self.result, parts[0].path)
        if not record.write(self._repository, scan, after=self._after):
            self.overtaken = Overtaken(begun, parts)
            return
        self.result.scan = scan
        pieces.forget(self._repository, self._target.place, until=self._id)
        self._past.end(scan, parts[0].path)
        if scan.unproved:
            self._end(outcome.INCOMPLETE, reasons.incomplete(scan, pair.unread, brought))
        if self._turns:
            self._turns.tell(self.result, pair.unread)

    def _end(self, status: str, reason: str) -> None:
        self.result.status, self.result.reason = status, reason
