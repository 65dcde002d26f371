"""`--scan`: reading what is due, in a thread beside the looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing

from msgspec.structs import replace

from reconciler.cli.applying.signals import GOES_ON, Stop
from reconciler.cli.commands.recovery.scan import ScanOptions
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest
from reconciler.cli.inputs.platform import choose_platform
from reconciler.cli.output.streams import Streams
from reconciler.cli.recovery import apart, codes
from reconciler.cli.recovery.live import storages_of
from reconciler.cli.recovery.proving.declared import check, objectives
from reconciler.cli.recovery.proving.metering import About, called, measure
from reconciler.cli.recovery.scan import scan_all
from reconciler.cli.recovery.targets import targets_of
from reconciler.cli.watching import surveying
from reconciler.cli.watching.outcomes import identity
from reconciler.cli.watching.proofs import Memo, known_of
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.errors import (
    ERROR,
    ManifestError,
    PlatformError,
    ReconcilerError,
    RepositoryError,
    UsageError,
)
from reconciler.manifest import Manifest
from reconciler.masking import masked, masked_in
from reconciler.printable import shown
from reconciler.recovery.repository import marker
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.outcome import DONE, NOT_BEGUN, Scanned
from reconciler.report.metrics import Measured
from reconciler.retry.limits import TimeLimit
from reconciler.retry.reader import PatientReader
from reconciler.watching.conditions import NOT_SCANNED, Condition
from reconciler.watching.deeds import ScanEnded
from reconciler.watching.files import Known, Recalled, Short
from reconciler.watching.memory import NOTHING, Memory, is_another

#: Seconds in which a scan that has ended has written all that it found.
_SETTLED = 3.0


class _Silent(Streams):
    """Where a scan tells what the watch tells in its own way, or not at each scan."""

    def note(self, text: str) -> None:
        """Tell nobody."""


class _Beside(Stop):
    """Ends a scan when the watch is asked to end; in a thread, it heeds no signal itself."""

    def __init__(self, watch: Stop) -> None:
        super().__init__(TimeLimit(None), GOES_ON)
        self._watch = watch

    @property
    def interrupted(self) -> bool:
        """Whether the watch was asked to end."""
        return self._watch.interrupted


class Scanner:
    """Scans again and again, one scan at a time."""

    def __init__(
        self,
        context: Context,
        options: WatchOptions,
        stop: Stop,
        ended: Callable[[ScanEnded], object],
        recalled: Callable[[Recalled], object],
    ) -> None:
        """Have them called from the threads of scans, and of `recall`, at their ends."""
        quiet = replace(context.style, verbosity=-1)
        self._context = context._replace(
            streams=_Silent(), style=quiet, note_style=quiet, limit=TimeLimit(None)
        )
        self._repository = options.scan or ""
        self._options = _options(options)
        self._stop, self._ended, self._recalled = stop, ended, recalled
        self._memo: Memo | None = None
        self._remembered: Callable[[], Memory] = lambda: NOTHING

    def follow(self, remembered: Callable[[], Memory]) -> None:
        """Know from now on of which platform is scanned, and into which repository."""
        self._remembered = remembered

    def begin(self) -> None:
        """Begin a scan in a thread of its own, which keeps the program from no end."""
        threading.Thread(target=self._run, name="scan", daemon=True).start()

    def recall(self) -> None:
        """Look up, in a thread, what is known of what the manifest declares."""
        threading.Thread(target=self._recall, name="recall", daemon=True).start()

    def _recall(self) -> None:
        try:
            recalled = Recalled(self._known())
        except (ManifestError, UsageError):
            recalled = Recalled()  # looks tell that
        except Exception as error:
            recalled = Recalled(problem=_problem(error).message)
        self._recalled(recalled)

    def _known(self) -> Known:
        """Return what the repository knows; what was read of it lately, if it is still the same."""
        context = self._context.anew()
        about, manifest = About(context), read_manifest(context)
        about.take(context, manifest)
        with closing(open_repository(self._repository)) as repository:
            memo = Memo.of(repository, about, manifest)
            before, now = self._memo, timestamp(utc_now(), "seconds")
            if before is not None and before.tells(memo, now):
                return before.known
            known = self._measured(repository, about)
            if before is not None and known.lost - before.known.lost:
                time.sleep(_SETTLED)  # somebody's scan may be about to write what is missing
                about.proved.clear()
                known = self._measured(repository, about)
        self._memo = replace(memo, known=known, at=now)
        return known

    def _measured(self, repository: Repository, about: About) -> Known:
        measured = measure(repository, about, Measured(called(self._repository), ()))
        return known_of(repository, measured)

    def _run(self) -> None:
        try:
            ended = self._scan()
        except KeyboardInterrupt:  # so a pace ends what reads
            ended = ScanEnded(ERROR, worked=False)
        except Exception as error:
            code = error.exit_code if isinstance(error, ReconcilerError) else ERROR
            ended = ScanEnded(code, worked=False, problem=_problem(error))
        self._ended(ended)

    def _scan(self) -> ScanEnded:
        context, options, into = self._context.anew(), self._options, self._repository
        manifest = read_manifest(context)
        said = objectives(manifest)
        self._check_platform(context, manifest)
        storages = storages_of(context, manifest, [], repository=into)
        targets, _ = targets_of(storages, ())
        check(options, targets, said)
        apart.check_apart(targets, into, context.environ)
        about = About(context)
        about.take(context, manifest, [(target.name, target.place) for target in targets])
        results: list[Scanned] = []
        with closing(open_repository(into, make=True, existing=True)) as repository:
            problem = None
            self._check(repository)
            try:
                scan_all(context, options, said, targets, repository, results, _Beside(self._stop))
            except ReconcilerError as error:  # what was found until then is kept, and told
                problem = _problem(error)
            interrupted = self._stop.interrupted
            code = ERROR if problem else codes.of_scans(results, interrupted=interrupted)
            known = self._measured(repository, about)
            worked = problem is None and not interrupted
            return ScanEnded(code, worked, problem, known, _short(results))

    def _check_platform(self, context: Context, manifest: Manifest) -> None:
        """Raise `PlatformError` if another platform lies where one is known."""
        platform = choose_platform(context, manifest)
        with closing(PatientReader(platform.reader())) as reader:
            found = identity(reader.identity())
        if is_another(self._remembered(), shown(masked(platform.address)), found):
            raise PlatformError(
                "the platform is another one than before: nothing of its storages is scanned"
            )

    def _check(self, repository: Repository) -> None:
        """Raise `RepositoryError` if another one is known to lie at its address."""
        marked = marker.read(repository)
        known = self._remembered().repository_at(called(self._repository))
        if known and (marked is None or marked.id != known):
            raise RepositoryError(
                "the repository of scans is another one than before: nothing is scanned into it"
            )


def _options(options: WatchOptions) -> ScanOptions:
    return ScanOptions(
        names=[],
        into=options.scan,
        existing=True,
        full=False,
        due=True,
        from_report=None,
        listing=None,
        exclude=None,
        relocate=None,
        accept_root=None,
        accept_loss=None,
        shard=None,
        on=None,
        workers=options.workers,
        max_duration=options.max_duration,
        max_bytes=options.max_bytes,
        limit_rate=options.limit_rate,
        metrics=None,
    )


def _short(results: Iterable[Scanned]) -> tuple[Short, ...]:
    """Return the storages of which not all was read, or of which something that was known is lost.

    That files are wrong is not told here: they were read.
    """
    return tuple(
        Short(
            surveying.called(one.storage),
            shown(masked_in(" ".join(one.reason.split()))),
            is_begun=one.status != NOT_BEGUN,
        )
        for one in results
        if one.status not in DONE or one.forgotten
    )


def _problem(error: Exception) -> Condition:
    return Condition(NOT_SCANNED, "", "", shown(masked_in(" ".join(str(error).split()))))
