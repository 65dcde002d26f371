"""`--scan`: reading what is due, in a thread beside the looks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing, suppress

from msgspec.structs import replace

from reconciler.cli.applying.signals import GOES_ON, Stop
from reconciler.cli.commands.recovery.scan import ScanOptions
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.output.streams import Streams
from reconciler.cli.recovery import apart, codes
from reconciler.cli.recovery.live import storages_of
from reconciler.cli.recovery.proving.declared import check, objectives
from reconciler.cli.recovery.proving.metering import About, called, measure
from reconciler.cli.recovery.scan import scan_all
from reconciler.cli.recovery.targets import targets_of
from reconciler.cli.watching.proofs import findings_of, proofs_of
from reconciler.cli.watching.surveying import called as told
from reconciler.environment.timestamps import moment_of
from reconciler.errors import ERROR, ReconcilerError
from reconciler.masking import masked_in
from reconciler.printable import shown
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.report.metrics import Measured
from reconciler.report.watching.lines import of_dues, of_proofs
from reconciler.retry.limits import TimeLimit
from reconciler.watching.conditions import NOT_SCANNED, Condition
from reconciler.watching.deeds import Known, ScanEnded


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
    ) -> None:
        """Have `ended` called from the thread of each scan, at its end."""
        quiet = replace(context.style, verbosity=-1)
        self._context = context._replace(
            streams=_Silent(), style=quiet, note_style=quiet, limit=TimeLimit(None)
        )
        self._repository = options.scan or ""
        self._options = _options(options)
        self._stop, self._ended = stop, ended
        self._recalled: Callable[[Known], object] | None = None
        #: What was known last.
        self.measured: Measured | None = None

    def begin(self) -> None:
        """Begin a scan in a thread of its own, which keeps the program from no end."""
        threading.Thread(target=self._run, name="scan", daemon=True).start()

    def recall(self, recalled: Callable[[Known], object]) -> None:
        """Hand over, from a thread, what is known of what the manifest declares.

        If that can't be read now, it is handed over when a scan begins.
        """
        self._recalled = recalled
        threading.Thread(target=self._recall, name="recall", daemon=True).start()

    def _recall(self) -> None:
        with suppress(ReconcilerError, OSError):  # looks and scans tell what is wrong
            context = self._context.anew()
            about = About(context)
            about.take(context, read_manifest_if_any(context))
            with closing(open_repository(self._repository)) as repository:
                self._hand_over(repository, about)

    def _hand_over(self, repository: Repository, about: About) -> None:
        """Hand over what the repository knows, if nobody has told that yet."""
        if self._recalled is not None and self.measured is None:
            measured = measure(repository, about, Measured(called(self._repository), ()))
            known = _known(repository, measured)
            self.measured = self.measured or measured
            self._recalled(known)

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
        manifest = read_manifest_if_any(context)
        said = objectives(manifest)
        storages = storages_of(context, manifest, [], repository=into)
        targets, _ = targets_of(storages, ())
        check(options, targets, said)
        apart.check_apart(targets, into, context.environ)
        about = About(context)
        about.take(context, manifest, [(target.name, target.place) for target in targets])
        results: list[Scanned] = []
        with closing(open_repository(into, make=True, existing=True)) as repository:
            problem = None
            try:
                self._hand_over(repository, about)
                scan_all(context, options, said, targets, repository, results, _Beside(self._stop))
            except ReconcilerError as error:  # what was found until then is kept, and told
                problem = _problem(error)
            interrupted = self._stop.interrupted
            code = ERROR if problem else codes.of_scans(results, interrupted=interrupted)
            measured = measure(repository, about, Measured(called(into), ()))
            self.measured = measured
            worked = problem is None and not interrupted
            return ScanEnded(code, worked, problem, _known(repository, measured))


def _known(repository: Repository, measured: Measured) -> Known:
    """Return what the repository knows; `measured` is that of storages."""
    each = (one.coverage.oldest for one in measured.storages if one.coverage)
    oldest = min((moment for moment in each if moment is not None), default=None)
    return Known(
        tuple(
            Condition(kind, told(one.storage), code, masked_in(said))
            for one in measured.storages
            for kind, code, said in of_proofs(
                one, wanted=(one.storage, one.place) not in measured.without
            )
        ),
        proofs_of(measured),
        findings_of(repository, measured),
        tuple(due for one in measured.storages for due in of_dues(one)),
        "" if oldest is None else moment_of(oldest),
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


def _problem(error: Exception) -> Condition:
    return Condition(NOT_SCANNED, "", "", shown(masked_in(" ".join(str(error).split()))))
