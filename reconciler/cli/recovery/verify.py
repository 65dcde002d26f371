"""What `verify` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from reconciler.applying.apart import Lying
from reconciler.applying.signals import FINISHES
from reconciler.cli.applying.signals import GOES_ON, Stop
from reconciler.cli.commands.recovery.verify import BEFORE, VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.platform import choose_platform, read_live
from reconciler.cli.options.hints import did_you_mean
from reconciler.cli.recovery import codes
from reconciler.cli.recovery.proving import objective
from reconciler.cli.recovery.proving.metering import About, metered
from reconciler.cli.recovery.proving.settling import Settling
from reconciler.cli.recovery.verifying import accepting, explaining, losing
from reconciler.cli.recovery.verifying import deep as storages_now
from reconciler.cli.recovery.verifying.meant import check, check_told_alone, command_of
from reconciler.cli.recovery.verifying.telling import tell_verified
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.errors import ERROR, RepositoryError, UsageError
from reconciler.given import read_scopes
from reconciler.given.source import reading
from reconciler.model import NEW_PLATFORM
from reconciler.names import Scope, matches
from reconciler.printable import listed, quoted
from reconciler.recovery.repository.address import split
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.snapshots import choosing, clocks, listing, marks
from reconciler.recovery.snapshots.document import Kept, SnapshotStorage
from reconciler.recovery.verifying import against, deep, elsewhere, live, results
from reconciler.recovery.verifying.elsewhere import Asked
from reconciler.recovery.verifying.results import Side, StorageVerified, Verified
from reconciler.recovery.verifying.telling.means import Means
from reconciler.recovery.verifying.telling.redaction import Redaction, key_of
from reconciler.recovery.verifying.telling.table import Table

_METHODS = {results.DEEP: "deep", results.AGAINST: "against", results.LIVE: "inventories"}
_ONLY_RECORDS = (
    "Compared are the platform's records of files; no byte of a file was read: --deep does that."
)
_ELSEWHERE = "The snapshot is of another platform, {}; compared is {}, "
_AS_SAID = "as --platform says: so it is after a rebuild onto a new one."
_IF_MEANT = "so it is after a rebuild. If the first is the one that is meant, say --platform."
_MADE_ANEW = (
    "The platform {} is another one than the snapshot is of, at the same address: it was lost, or "
    "replaced, and made anew since."
)
_REVERSED = (
    "What is, is older than what was: --against takes the earlier snapshot, and REPO the later one."
)


def run(context: Context, options: VerifyOptions) -> int:
    """Compare what is asked for, tell what came of it, and return the exit code."""
    check(options)
    check_told_alone(context.settings, options)
    if options.explain is not None:
        return explaining.run(context, options, *options.explain)
    if options.accept is not None or options.withdraw is not None:
        return accepting.run(context, options)
    if options.accept_loss is not None:
        return losing.run(context, options, options.accept_loss)
    address = split(options.repository or options.against or "")[0]
    body = objective.run if options.objective else _run
    command = command_of(options)
    return metered(
        context, options.metrics, command, address, lambda about: body(context, options, about)
    )


def _run(context: Context, options: VerifyOptions, about: About) -> int:
    with ExitStack() as opened:
        one = _Verification(context, options, opened)
        one.keep_apart(about)
        about.take(context, one.settling.manifest, [(s.name, s.place) for s in one.storages])
        stop = opened.enter_context(Stop(context.limit, GOES_ON if options.deep else FINISHES))
        context.streams.heed(stop.may_wait)
        verified = one.verified(stop)
        stop.settle()
        code = codes.of_verified(verified, interrupted=stop.interrupted)
        code = tell_verified(context, verified, one.settling.manifest, code)
        if not one.unwritten:
            return code
        context.streams.note(f"Error: {one.unwritten}.")
        return code or ERROR  # what was found matters more


class _Verification:
    """What a run works on; everything is closed by `opened`."""

    def __init__(self, context: Context, options: VerifyOptions, opened: ExitStack) -> None:
        self._context = context
        self._options = options
        self._opened = opened
        text = options.repository or options.against or ""
        address, id = split(text)
        self.repository = self._open(address)
        # Without REPO, --against names it: what is compared is then its latest snapshot.
        self.kept, self._passed_over = self._meant(id if options.repository is not None else None)
        self.settling = Settling(context, options)
        self._platform, self._is_other = "", False
        #: Why the table of findings could not be written.
        self.unwritten = ""

    @property
    def storages(self) -> Sequence[SnapshotStorage]:
        """What the snapshot is of."""
        return self.kept.snapshot.storages

    def keep_apart(self, about: About) -> None:
        """Refuse files to be written that lie in what is read: `WithinStorageError`."""
        read = storages_now.targets(self.storages, self._options.relocate or (), are_copies=False)
        storages = (
            *(Lying(one.name, one.type, one.default_url) for one in self.storages if one.place),
            *(Lying(one.name, one.type, one.url) for one in read.values()),
        )
        self._context.apart.file("--rows", self._options.rows)
        about.keep_apart(storages)

    def verified(self, stop: Stop) -> Verified:
        """Compare all; raises `RepositoryError`, or what the platform raises."""
        options = self._options
        was, home = self.kept, self.repository
        if options.against is not None:
            was, home = self._earlier(options.against)
        how = (
            results.AGAINST
            if options.against is not None
            else results.DEEP
            if options.deep
            else results.LIVE
        )
        scope = Scope.of(("*",), read_scopes(self._context))
        chosen = [storage for storage in was.snapshot.storages if scope.holds(storage.name)]
        with ExitStack() as tables:
            table = None
            if options.rows is not None:
                table = tables.enter_context(Table(options.rows))
            means = self._means(table)
            each = tuple(self._each(how, was, home, chosen, means, stop))
            others = elsewhere.told(means, self._asked(was, scope))
            if table is not None:
                table.finish()
                self.unwritten = table.problem
        verified = Verified(
            how,
            self.repository.address,
            _side(was),
            each,
            _side(self.kept) if how == results.AGAINST else None,
            (*self._notes(how, was), *self._idle_scopes(was)),
            "" if self.unwritten else options.rows or "",
            redacted=options.redact,
            passed_over=self._passed_over,
            platform=self._platform,
            elsewhere=others,
        )
        if len(chosen) == len(was.snapshot.storages) and not stop.interrupted:
            self._mark(verified, was, home)
        return verified

    def _asked(self, was: Kept, scope: Scope) -> Asked:
        one, other = was.snapshot, self.kept.snapshot
        names = {storage.name for storage in (*one.storages, *other.storages)}
        return Asked(names, against.places(one, other), scope.holds)

    def _earlier(self, named: str) -> tuple[Kept, Repository]:
        """Find what the snapshot is compared with, and where it lies."""
        address, id = split(named)
        apart = address != BEFORE and self._options.repository is not None
        home = self._open(address) if apart else self.repository
        was = listing.find_kept(home, id) if id else choosing.before(home, self.kept)
        if was.digest == self.kept.digest:
            raise UsageError(
                f"--against {quoted(named)} is the snapshot that is to be compared with it: name "
                "an earlier one"
            )
        return was, home

    def _meant(self, id: str | None) -> tuple[Kept, tuple[str, ...]]:
        """Find the snapshot, and which newer ones were passed over, as they are incomplete.

        What changes from night to night is told by the latest one, whatever it lacks.
        """
        if id is not None:
            return listing.find_kept(self.repository, id), ()
        if self._options.against is not None:
            return listing.latest(self.repository), ()
        return choosing.most_complete(self.repository)

    def _each(
        self,
        how: str,
        was: Kept,
        home: Repository,
        chosen: list[SnapshotStorage],
        means: Means,
        stop: Stop,
    ) -> Iterator[StorageVerified]:
        context, options = self._context, self._options
        if how == results.AGAINST:
            homes = home, self.repository
            yield from against.verify(was.snapshot, chosen, self.kept.snapshot, means, homes)
        elif how == results.DEEP:
            moves, are_copies = options.relocate or (), not options.same_storage
            sources = storages_now.targets(chosen, moves, are_copies=are_copies)
            with storages_now.reading(context, options, home, stop) as read:
                yield from deep.verify(chosen, sources, means, home, read)
        else:
            platform = choose_platform(context, self.settling.manifest)
            self._platform = platform.address
            with reading(platform) as reader:
                now = live.Live(read_live(context, platform, reader), reader)
                self._is_other = now.state.platform_id not in (
                    NEW_PLATFORM,
                    was.snapshot.platform.id,
                )
                yield from live.verify(was.snapshot, chosen, now, means, home)

    def _means(self, table: Table | None) -> Means:
        options = self._options
        return Means(
            self.repository,
            utc_now,
            options.everything,
            self.settling.usual_ns,
            Redaction(key_of(self.repository)) if options.redact else None,
            table,
            self.settling.by_place,
        )

    def _notes(self, how: str, was: Kept) -> tuple[str, ...]:
        if how == results.LIVE:
            there = was.snapshot.platform.address
            if not self._is_other:
                return (_ONLY_RECORDS,)
            if there == self._platform:
                return (_MADE_ANEW.format(there), _ONLY_RECORDS)
            said = _AS_SAID if self._context.settings.platform else _IF_MEANT
            return (_ELSEWHERE.format(there, self._platform) + said, _ONLY_RECORDS)
        if how != results.AGAINST:
            return ()
        notes = []
        if clocks.is_before(self.kept.snapshot, was.snapshot):
            notes.append(_REVERSED)
        if new := against.only_later(was.snapshot, self.kept.snapshot):
            notes.append(f"Only the later snapshot has {listed(new)}: nothing was compared there.")
        return tuple(notes)

    def _idle_scopes(self, was: Kept) -> Iterator[str]:
        """Say which globs of the scope mean no storage of the snapshot."""
        names = [storage.name for storage in was.snapshot.storages]
        globs = (glob for each in read_scopes(self._context) for glob in each)
        for glob in dict.fromkeys(globs):
            if not any(matches(name, [glob]) for name in names):
                there = f"it has {listed(names)}" if names else "it has none"
                yield (
                    f"No storage of the snapshot is in the scope {quoted(glob)}"
                    f"{did_you_mean(glob, names)}: {there}."
                )

    def _mark(self, verified: Verified, was: Kept, home: Repository) -> None:
        """Keep that a snapshot was verified, so that `prune` spares the last that was."""
        if verified.verdict != results.AGREES or not _read_anew(verified):
            return
        moment = timestamp(utc_now(), "seconds")
        try:
            marks.keep(
                home,
                was.snapshot.id,
                digest=was.digest,
                verified_at=moment,
                method=_METHODS[verified.how],
            )
        except RepositoryError as error:
            self._context.note(f"That the snapshot was verified could not be kept: {error}")

    def _open(self, address: str) -> Repository:
        repository = open_repository(address)
        self._opened.callback(repository.close)
        return repository


def _read_anew(verified: Verified) -> bool:
    """Return whether all agree with the snapshot, by nothing but what was read for it."""
    each = [(one, one.now.proofs) for one in verified.storages if one.now is not None]
    anew = [one for one, proofs in each if proofs.read == proofs.total]
    return len(anew) == len(verified.storages) and not any(o.is_copy or o.restored for o in anew)


def _side(kept: Kept) -> Side:
    snapshot = kept.snapshot
    return Side(snapshot.id, snapshot.created_at, snapshot.complete)
