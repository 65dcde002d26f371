"""What `snapshot` does."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing

from reconciler.applying.apart import live
from reconciler.cli.commands.recovery.scan import COMMAND, ScanOptions
from reconciler.cli.commands.recovery.snapshot import CHECK, CREATE, PRUNE, SnapshotOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.files import check_digest_goal, write_whole
from reconciler.cli.inputs.manifest import read_manifest_if_any, unspared
from reconciler.cli.inputs.platform import choose_platform, read_live
from reconciler.cli.recovery import apart, codes, lost
from reconciler.cli.recovery.proving.declared import objectives
from reconciler.cli.recovery.proving.metering import About, metered
from reconciler.cli.recovery.scan import scan_all
from reconciler.cli.recovery.targets import targets_of
from reconciler.environment.timestamps import utc_now
from reconciler.errors import ERROR, INTERRUPTED, SUCCESS, ReconcilerError, UsageError
from reconciler.given.source import compared, reading
from reconciler.manifest import Manifest
from reconciler.model import NEW_PLATFORM, Objective, State, unmanaged_because
from reconciler.platform import Platform
from reconciler.printable import quoted
from reconciler.recovery.repository.address import split
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.checking.check import check
from reconciler.recovery.snapshots.create import Wish, create
from reconciler.recovery.snapshots.document import Kept, is_digest
from reconciler.recovery.snapshots.prune import Task, prune, show
from reconciler.recovery.snapshots.retention import Rules
from reconciler.recovery.values import Target
from reconciler.recovery.walking.exclusions import Exclusions
from reconciler.report import text

_OF = {
    "scan": CREATE,
    "exclude": CREATE,
    "allow_fewer": CREATE,
    "existing": CREATE,
    "digest_file": CREATE,
    "metrics": CREATE,
    "expect": CHECK,
    "keep_last": PRUNE,
    "keep_daily": PRUNE,
    "keep_weekly": PRUNE,
    "keep_monthly": PRUNE,
    "keep_yearly": PRUNE,
    "yes": PRUNE,
}


def run(context: Context, options: SnapshotOptions) -> int:
    """Do what is asked for, and give the exit code."""
    _check_options(options)
    match options.action:
        case "create":
            where, _ = _address(options)
            by = context, options.metrics, "snapshot create", where
            return metered(*by, lambda about: _create(context, options, about))
        case "list":
            return _list(context, options)
        case "check":
            return _check(context, options)
        case _:
            return _prune(context, options)


def _check_options(options: SnapshotOptions) -> None:
    """Raise `UsageError` for an option that means nothing for the action."""
    for name, action in _OF.items():
        if getattr(options, name) not in (None, False) and options.action != action:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} belongs to `snapshot {action}`")
    if options.expect is not None and not is_digest(options.expect):
        raise UsageError(
            f"{quoted(options.expect)} is no digest: it is sha256: and 64 hex digits, as "
            "`snapshot create` tells it"
        )
    if options.exclude and not options.scan:
        raise UsageError("--exclude says what a scan leaves out: give --scan as well")
    if options.digest_file == "-":
        raise UsageError("--digest-file writes a file: on standard output is the digest anyway")


def _create(context: Context, options: SnapshotOptions, about: About) -> int:
    manifest = read_manifest_if_any(context)
    platform = choose_platform(context, manifest)
    before = _checked_goal(context, options.digest_file, manifest)
    where, _ = _address(options)
    about.keep_apart(live(read_live(context, platform).storages))
    with reading(platform) as reader:
        # Before a repository is made: a wrong address of the platform leaves nothing behind.
        identity = reader.identity()
    if identity == NEW_PLATFORM and (told := lost.warning(where, platform.address, (), ())):
        context.streams.note(f"Warning: {told}.")
    targets = _targets(context, options, platform)
    about.take(context, manifest, [(target.name, target.place) for target in targets])
    tell = context.streams.note
    with closing(
        open_repository(where, make=True, existing=options.existing, told=tell)
    ) as repository:
        said = objectives(manifest)
        scanned = SUCCESS
        if options.scan and targets:
            scanned = _scanned(context, options, said, targets, repository)
        if scanned == INTERRUPTED:
            return INTERRUPTED
        kept = _taken(context, options, manifest, platform, repository)
    # The snapshot is there: it is told with its digest whether that can be written or not.
    code = codes.of_snapshot(complete=kept.snapshot.complete, scans=scanned)
    context.outcome(context.report().snapshot(kept, context.style), code)
    if options.digest_file and not _has_written(context, options.digest_file, before, kept.digest):
        return code or ERROR  # what was found matters more
    return code


def _has_written(context: Context, path: str, before: str, digest: str) -> bool:
    """Write a digest to a file, which had the one `before`; tell why where that can't be done."""
    try:
        write_whole(path, f"{digest}\n".encode())
    except ReconcilerError as error:
        context.streams.note(f"Error: {error}. The snapshot is made: its digest is {digest}")
        return False
    if before and before != digest:
        context.streams.note(
            f"Warning: {quoted(path)} held another digest, {before}: if it is that of a snapshot "
            "which is to be proved, keep it elsewhere."
        )
    return True


def _targets(context: Context, options: SnapshotOptions, platform: Platform) -> list[Target]:
    """Return what can be scanned before: all that a manifest can express.

    The repository must lie in none of it, scanned or not.
    """
    Exclusions(options.exclude or ())
    storages = read_live(context, platform).storages
    managed = [storage for storage in storages if unmanaged_because(storage) is None]
    targets, notes = targets_of(managed, ())
    for note in notes if options.scan else ():
        context.note(note)
    apart.check_apart(targets, options.repository, context.environ)
    return targets


def _scanned(
    context: Context,
    options: SnapshotOptions,
    said: Mapping[str, Objective],
    targets: Sequence[Target],
    repository: Repository,
) -> int:
    """Scan, tell what came of it beside the result, and give the exit code."""
    results: list[Scanned] = []
    try:
        interrupted = scan_all(context, _wish(options), said, targets, repository, results)
    finally:  # what was found is told also where the repository fails
        if results:
            context.note(text.scanned(results, context.note_style).removesuffix("\n"))
    return codes.of_scans(results, interrupted=interrupted, follows=True)


def _wish(options: SnapshotOptions) -> ScanOptions:
    """Return the options of a `scan` of everything, without a limit."""
    parser = ArgumentParser()
    COMMAND.add_arguments(parser)
    wish = parser.parse_args(["--into", options.repository], namespace=ScanOptions())
    wish.exclude = options.exclude
    return wish


def _checked_goal(context: Context, path: str | None, manifest: Manifest | None) -> str:
    """Return the digest that the file has to which one is to be written; empty if it has none.

    Raises `UsageError`, or `ReconcilerError`, where it must not be written.
    """
    if not path:
        return ""
    if manifest and (refusal := unspared(manifest, path, "digest")):
        raise UsageError(refusal)
    before = check_digest_goal(path)
    context.apart.file("--digest-file", path)
    return before


def _taken(
    context: Context,
    options: SnapshotOptions,
    manifest: Manifest | None,
    platform: Platform,
    repository: Repository,
) -> Kept:
    def lacking(state: State) -> Collection[str]:
        if manifest is None:
            return ()
        return [entry.name for entry in compared(context, manifest, state).creates]

    def progress(name: str) -> None:
        if context.style.verbose:
            context.note(f"Reading {quoted(name)}.")

    def warn(text: str) -> None:
        context.streams.note(f"Warning: {text}.")

    wish = Wish(platform.address, context.origin, lacking, warn, options.allow_fewer)
    with reading(platform) as reader:
        return create(reader, repository, wish, progress=progress)


def _list(context: Context, options: SnapshotOptions) -> int:
    where, id = _address(options, may_name=True)
    with closing(open_repository(where)) as repository:
        if id is not None:
            kept = listing.find_kept(repository, id)
            context.result(context.report().snapshot(kept, context.style))
            return SUCCESS
        overview = listing.overview(repository)
    for note in overview.notes:
        context.note(f"{note}.")
    context.result(context.report().overview(overview, context.style))
    return ERROR if overview.damaged else SUCCESS


def _check(context: Context, options: SnapshotOptions) -> int:
    where, id = _address(options, may_name=True)
    progress = context.note if context.style.verbose else lambda _: None
    with closing(open_repository(where)) as repository:
        checked = check(
            repository,
            id,
            expect=options.expect,
            progress=lambda each: progress(f"Reading {each}."),
        )
    context.result(context.report().checked(checked, context.style))
    return ERROR if checked.problems else SUCCESS


def _prune(context: Context, options: SnapshotOptions) -> int:
    rules = Rules(
        options.keep_last or 0,
        options.keep_daily or 0,
        options.keep_weekly or 0,
        options.keep_monthly or 0,
        options.keep_yearly or 0,
    )
    if not rules:
        raise UsageError(
            "say what is to be kept, such as --keep-last 7 --keep-monthly 12: without a rule "
            "almost nothing would stay"
        )
    where, _ = _address(options)
    task = Task(rules, context.origin, utc_now, context.note)
    with closing(open_repository(where)) as repository:
        pruned = prune(repository, task) if options.yes else show(repository, task)
    context.result(context.report().pruned(pruned, context.style))
    return SUCCESS


def _address(options: SnapshotOptions, *, may_name: bool = False) -> tuple[str, str | None]:
    """Return the repository's address, and the snapshot that is named with it."""
    where, id = split(options.repository)
    if id is not None and not may_name:
        raise UsageError(
            f"`snapshot {options.action}` is about all of a repository: leave "
            f"{quoted('@' + id)} out"
        )
    return where, id
