"""What `--metrics FILE` does: at the end of a run, however it ends, tell Prometheus what is known.

A run that is killed, or stopped by a second Ctrl-C, writes nothing: the file stays, and tells how
old it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from reconciler.applying.apart import Lying, WithinStorageError
from reconciler.cli.context import Context
from reconciler.cli.inputs.files import check_room, check_writable, write_whole
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.environment.timestamps import APART, utc_now
from reconciler.errors import ERROR, SUCCESS, ReconcilerError, SnapshotError, UsageError
from reconciler.given import read_scopes
from reconciler.location import location
from reconciler.manifest import Manifest
from reconciler.masking import quoted_url
from reconciler.model import Objective
from reconciler.names import Scope
from reconciler.recovery.proving.objective import Declared, prove
from reconciler.recovery.proving.results import Proved, StorageProved
from reconciler.recovery.repository.address import understand
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.snapshots.listing import newest_first
from reconciler.recovery.verifying.elsewhere import Asked, elsewhere
from reconciler.report.metrics import BEGINNING, Measured, Run, metrics, runs_in, tells_of

#: Of storages without an objective: no reading is too long ago.
_EVER = Objective(every=10**10)
#: Whoever serves the numbers is another user.
_MODE = 0o644
#: About as much as there is to write, whose room is looked for before the run begins.
_ROOM = 65_536
#: Files that `node_exporter` reads.
_SUFFIX = ".prom"


class About:
    """Which storages a run knows of, as far as it has come."""

    def __init__(self, context: Context) -> None:
        """Know of none."""
        self._context = context
        #: Whether the file is known to lie in no storage; what is to be done as soon as it is.
        self.is_apart = False
        self.once_apart: Callable[[], None] = lambda: None
        self.storages: dict[tuple[str, str], Declared] = {}
        #: Those that have no objective.
        self.without: set[tuple[str, str]] = set()
        #: What was looked up already.
        self.proved: dict[tuple[str, str], StorageProved] = {}
        self._scope = self._whole = Scope.of(("*",))
        #: Names that there are, and places that are told of, or may not be.
        self._names, self._places = set[str](), set[str]()

    def take(
        self, context: Context, manifest: Manifest | None, others: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Take all storages of the manifest that are in scope, and `others`: names and places."""
        self._scope = self._whole = Scope.of(("*",), read_scopes(context))
        if manifest is not None:
            self._whole = Scope.of(manifest.desired.policy.scope, read_scopes(context))
        for entry in manifest.desired.entries if manifest else ():
            place = location(entry.type, entry.default_url).place
            objective = manifest.desired.objective(entry) if manifest else None
            self._take(entry.name, place, objective)
        for name, place in others:
            if place and place not in self._places:
                self._take(name, place, None)

    def keep_apart(self, storages: Iterable[Lying]) -> None:
        """Refuse files of the run that lie in one of the storages: `WithinStorageError`.

        Those are the last ones that it comes to know of.
        """
        self._context.apart.know(storages)
        if not self.is_apart:
            self.is_apart = True
            self.once_apart()

    def keep(self, proved: Proved) -> None:
        """Keep what the run itself has looked up."""
        self.proved |= {(one.storage, one.place): one for one in proved.storages}

    @property
    def asked(self) -> Asked:
        """Which storages are told of."""
        return Asked(self._names, self._places, self._whole.holds)

    def _take(self, name: str, place: str, objective: Objective | None) -> None:
        self._names.add(name)
        self._places.add(place)
        if not self._scope.holds(name):
            return
        if objective is None:
            self.without.add((name, place))
        self.storages[name, place] = Declared(name, place, objective or _EVER)


def metered(
    context: Context,
    path: str | None,
    command: str,
    repository: str,
    body: Callable[[About], int],
) -> int:
    """Run `body`, write what is known then to the file, if one is wanted, and give the exit code.

    Raises what `body` raises, and `ReconcilerError` if a run that succeeded can't be told of.
    """
    about = About(context)
    if path is None:
        return body(about)
    context.apart.file("--metrics", path)
    meter = _Meter(context, path, command, repository, about)
    about.once_apart = meter.check_room
    try:
        code = body(about)
    except Exception as error:
        failed = error.exit_code if isinstance(error, ReconcilerError) else ERROR
        with suppress(Exception):  # what ended the run is told; the file stays, and gets old
            if not isinstance(error, WithinStorageError) and _is_apart(context, about):
                meter.write(failed)
        raise
    return meter.write(code)


def _is_apart(context: Context, about: About) -> bool:
    """Return whether the file lies in no storage, as far as a run came, or the manifest says.

    A run that failed before may not have known of any. Raises `ReconcilerError`.
    """
    if not about.is_apart and read_manifest_if_any(context) is not None:
        about.once_apart = lambda: None
        about.keep_apart(())
    return about.is_apart


class _Meter:
    """Writes one file."""

    def __init__(
        self, context: Context, path: str, command: str, repository: str, about: About
    ) -> None:
        """Look whether the file can be written; raises `ReconcilerError`, `UsageError`."""
        self._context, self._path, self._about = context, path, about
        self._command, self._repository = command, repository
        self._where = called(repository)
        check_writable(path)
        self._before()
        if not path.endswith(_SUFFIX):
            context.note(
                f"Warning: node_exporter reads only files whose names end with {_SUFFIX}, and "
                f"{quoted_url(path)} does not."
            )
        self._began = time.monotonic()

    def check_room(self) -> None:
        """Look whether there is room for the file: raises `ReconcilerError`."""
        check_room(self._path, _ROOM)

    def write(self, code: int) -> int:
        """Write how the run ended, and what the repository has; give the exit code.

        What goes wrong is told: as an error, if nothing else went wrong.
        """
        problems = []
        try:
            measured = self._runs(code)
            try:
                measured = self._storages(measured)
            except ReconcilerError as error:
                problems.append(f"what is known of storages could not be read: {error}")
            write_whole(self._path, metrics(measured).encode(), mode=_MODE)
        except ReconcilerError as error:
            problems.append(str(error))
        if problems and code == SUCCESS:
            raise ReconcilerError(f"--metrics {quoted_url(self._path)}: {'; '.join(problems)}")
        for problem in problems:
            self._context.streams.note(f"Warning: --metrics {quoted_url(self._path)}: {problem}")
        return code

    def _runs(self, code: int) -> Measured:
        """Return the last runs: those of other commands, and the last success, as they were."""
        now = utc_now().timestamp()
        runs = {run.command: run for run in self._before()}
        before = runs.get(self._command)
        succeeded = now if code == SUCCESS else before.succeeded if before else None
        if succeeded is not None and succeeded > now + APART:
            succeeded = None  # a clock was ahead: it would silence the alarm until then
        seconds = time.monotonic() - self._began
        runs[self._command] = Run(self._command, now, code, seconds, succeeded)
        return Measured(self._where, tuple(runs[command] for command in sorted(runs)))

    def _before(self) -> tuple[Run, ...]:
        """Read the file; raises `ReconcilerError` if something else is there."""
        try:
            text = Path(self._path).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise ReconcilerError(f"can't read {quoted_url(self._path)}: {reason}") from error
        if text and not text.startswith(BEGINNING):
            raise ReconcilerError(
                f"can't write {quoted_url(self._path)}: what is there was not written by "
                "--metrics; give another path, or remove it"
            )
        if not tells_of(text, self._where):
            raise UsageError(
                f"--metrics {quoted_url(self._path)}: it tells of another repository than "
                f"{quoted_url(self._where)}; give each a file of its own, or remove this one"
            )
        return runs_in(text, self._where)

    def _storages(self, measured: Measured) -> Measured:
        about = self._about
        if not about.storages:  # it failed before it knew of any
            with suppress(ReconcilerError):
                about.take(self._context, read_manifest_if_any(self._context))
        with closing(open_repository(self._repository)) as repository:
            return measure(repository, about, measured)


def called(repository: str) -> str:
    """Return what numbers call the repository at an address: by its absolute one."""
    where = understand(repository)
    return str(where) if isinstance(where, Path) else where.address


def measure(repository: Repository, about: About, measured: Measured) -> Measured:
    """Add what a repository knows of the storages, and keep it in `about`."""
    now = int(utc_now().timestamp())
    left = [one for key, one in about.storages.items() if key not in about.proved]
    about.keep(prove(repository, left, now))
    others = elsewhere(repository, about.asked)
    snapshot, complete = _snapshots(repository, now + APART)
    return Measured(
        measured.repository,
        measured.runs,
        tuple(about.proved[key] for key in sorted(about.proved)),
        frozenset(about.without),
        others,
        snapshot,
        complete,
    )


def _snapshots(repository: Repository, until: int) -> tuple[int | None, int | None]:
    """Return when the last snapshot was made, and the last complete one; None: nobody knows.

    What is of a time to come was made by a clock that was ahead, and says nothing of today.
    """
    last = None
    with suppress(SnapshotError):  # one is damaged: whether an earlier one is the last, who knows
        for kept in newest_first(repository):
            made = int(datetime.fromisoformat(kept.snapshot.created_at).timestamp())
            if made > until:
                continue
            last = made if last is None else last
            if kept.snapshot.complete:
                return last, made
    return last, None
