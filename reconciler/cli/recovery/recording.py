"""`scan` without a repository: the files of a storage as its records on the platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import TypeAlias

from reconciler.applying.recording import record_files
from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.recovery.scan import ScanOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.platform import choose_platform
from reconciler.cli.recovery import codes, scan
from reconciler.cli.recovery.live import storages_of
from reconciler.cli.recovery.proving.declared import objectives
from reconciler.cli.recovery.targets import targets_of
from reconciler.disk.scratch import scratch
from reconciler.errors import UsageError
from reconciler.given.source import reading
from reconciler.location import location
from reconciler.model import Storage
from reconciler.platform import InventoryRow, Platform
from reconciler.printable import listed
from reconciler.reconcile import check_role
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, UNFINISHED, Scanned
from reconciler.recovery.walking.exclusions import Exclusions

Files: TypeAlias = Iterator[tuple[str, Iterator[InventoryRow]]]
#: Seconds that are waited for whoever else writes: as `apply` does without `--lock-timeout`.
_WAIT = 120.0
_WHERE = "say where scans are kept: --into REPO, a folder or s3://BUCKET/PREFIX"


def run(context: Context, options: ScanOptions) -> int:
    """Scan the storages that are named, and record their files; give the exit code."""
    _check_options(options)
    Exclusions(options.exclude or ())
    manifest = read_manifest_if_any(context)
    platform = choose_platform(context, manifest)
    _check(platform)
    hint = "; a repository is named with --into"
    storages = storages_of(context, manifest, options.names, hint=hint)
    targets, _ = targets_of(storages, options.relocate or ())
    results: list[Scanned] = []
    with (
        scratch() as folder,
        closing(open_repository(str(folder / "scan"), make=True)) as repository,
    ):
        interrupted = scan.scan_all(
            context, options, objectives(manifest), targets, repository, results
        )
        if not interrupted:
            files = _files(repository, storages, results)
            _record(context, platform, manifest.lock if manifest else None, files)
            if done := [result.storage for result in results if result.status == COMPLETE]:
                # Whoever only forgot --into has changed the platform, and has to see that.
                context.streams.note(
                    f"Without --into: {platform.address} has new records of the files of "
                    f"{listed(done)}, and no repository was written."
                )
    for result in results:
        _say(result, recorded=not interrupted)
    code = codes.of_scans(results, interrupted=interrupted, follows=True)
    return context.outcome(context.report().scanned(results, context.style), code)


def _check_options(options: ScanOptions) -> None:
    """Raise `UsageError` for what means something only with a repository."""
    if not options.names:
        raise UsageError(f"{_WHERE}; or name the storages whose files the platform is to record")
    if options.due:
        raise UsageError(f"--due asks what was proved when: {_WHERE}")
    if options.metrics is not None:
        raise UsageError(f"--metrics tells of a repository: {_WHERE}")
    if options.existing:
        raise UsageError(f"--existing wants a repository that is there: {_WHERE}")
    if options.from_report or options.listing:
        raise UsageError(f"--from-report and --listing tell of what a repository keeps: {_WHERE}")
    if options.shard:
        raise UsageError(f"--shard reads a part, and others read the rest: {_WHERE}")
    bounded = options.max_bytes is not None or options.max_duration is not None
    if bounded or options.accept_root or options.accept_loss:
        raise UsageError(
            "--max-bytes, --max-duration, --accept-root and --accept-loss want --into REPO: "
            "without it nothing is known of earlier scans, and nothing kept for the next"
        )


def _record(context: Context, platform: Platform, lock: str | None, files: Files) -> None:
    with Stop(context.limit) as stop:
        record_files(
            platform,
            lock,
            context.origin,
            files,
            wait=_WAIT,
            ending=stop,
            note=context.note,
        )


def _check(platform: Platform) -> None:
    """Raise an error if the platform takes no records of files, or none from us."""
    with reading(platform) as reader:
        if not reader.abilities.record_inventory:
            raise UsageError(f"{platform.address} takes no records of files: {_WHERE}")
        check_role(platform, reader.about())


def _files(
    repository: Repository, storages: Sequence[Storage], results: Sequence[Scanned]
) -> Files:
    """Yield the files of each storage whose place was scanned whole, by its id."""
    scans = {
        done.scan.place: done.scan for done in results if done.status == COMPLETE and done.scan
    }
    for storage in storages:
        found = scans.get(location(storage.type, storage.default_url).place)
        if found:
            with ExitStack() as opened:
                yield storage.id, record.inventory_of(repository, found, opened)


def _say(result: Scanned, *, recorded: bool) -> None:
    """Say what the platform was told; there is nothing that a later scan could go on from."""
    if result.status == UNFINISHED:
        result.reason = "It was ended before everything was read: nothing was recorded"
    elif result.status == COMPLETE and recorded:
        result.notes.append("The platform has a record of each file that was read")
    else:
        result.notes.append("Nothing was recorded on the platform")
