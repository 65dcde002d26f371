"""What `scan` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import cast

from reconciler.applying.apart import Lying
from reconciler.cli.applying.signals import GOES_ON, LEAVES_NOTHING, Stop
from reconciler.cli.commands.recovery.scan import ScanOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.cluster import read_on
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.recovery import apart, codes
from reconciler.cli.recovery.live import storages_of
from reconciler.cli.recovery.proving.cloud import Told, check_cloud, told_by_cloud
from reconciler.cli.recovery.proving.declared import check, objectives, wish_of
from reconciler.cli.recovery.proving.metering import About, metered
from reconciler.cli.recovery.reading import prepared
from reconciler.cli.recovery.targets import targets_of
from reconciler.environment.timestamps import utc_now
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model import Objective
from reconciler.printable import quoted
from reconciler.recovery.proving import reached
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.due.ordering import in_turn
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.sources import open_source
from reconciler.recovery.values import Target
from reconciler.recovery.verifying import remembered, rewritten
from reconciler.recovery.walking.exclusions import Exclusions


def run(context: Context, options: ScanOptions) -> int:
    """Scan the storages that are asked for, tell what came of it, and give the exit code."""
    into = cast("str", options.into)  # without it `recording` runs
    if options.metrics is not None and options.shard:
        raise UsageError(
            "--metrics tells of whole storages, and --shard reads a part: let "
            f"`reconciler verify {in_shell(into)} --objective --metrics FILE` tell when all shards "
            "are through"
        )
    command = "scan --due" if options.due else "scan"
    return metered(
        context, options.metrics, command, into, lambda about: _run(context, options, into, about)
    )


def _run(context: Context, options: ScanOptions, into: str, about: About) -> int:
    Exclusions(options.exclude or ())
    check_cloud(options)
    manifest = read_manifest_if_any(context)
    said = objectives(manifest)
    storages = storages_of(context, manifest, options.names, repository=into)
    targets, notes = targets_of(storages, options.relocate or ())
    if without := check(options, targets, said):
        notes.append(without)
    for note in notes:
        context.note(note)
    _check_accepted(targets, "--accept-root", options.accept_root or ())
    _check_accepted(targets, "--accept-loss", options.accept_loss or ())
    apart.check_apart(targets, into, context.environ)
    read_here = (Lying(target.name, target.type, target.url) for target in targets)
    about.keep_apart(read_here)
    about.take(context, manifest, [(target.name, target.place) for target in targets])
    results: list[Scanned] = []
    tell = context.streams.note
    with closing(
        open_repository(into, make=True, existing=options.existing, told=tell)
    ) as repository:
        try:
            interrupted = scan_all(context, options, said, targets, repository, results)
        except ReconcilerError as error:  # the repository has failed; others were scanned before
            code = codes.of_scans(results)
            if results:
                context.outcome(context.report().scanned(results, context.style), code)
            if not any(result.found for result in results):
                raise
            context.streams.note(f"Error: {error}")  # what was found matters more
            return code
    code = codes.of_scans(results, interrupted=interrupted)
    return context.outcome(context.report().scanned(results, context.style), code)


def scan_all(
    context: Context,
    options: ScanOptions,
    said: Mapping[str, Objective],
    targets: Sequence[Target],
    repository: Repository,
    results: list[Scanned],
    given: Stop | None = None,
) -> bool:
    """Add to `results` how the scan of each storage ended; give whether it was interrupted.

    `given` says when to end, where that is not for the signals of this process alone.
    """
    with (
        told_by_cloud(options, targets, repository) as cloud,
        given or Stop(context.limit, GOES_ON if options.into else LEAVES_NOTHING) as stop,
    ):
        context.streams.heed(stop.may_wait)
        _scan(context, options, said, targets, repository, stop, results, cloud)
        stop.settle()
        _warn_of_idle_globs(context, options.exclude or (), results)
        return stop.interrupted


def _check_accepted(targets: Sequence[Target], option: str, names: Sequence[str]) -> None:
    """Refuse to accept anything of what is not scanned: each is named, none is guessed."""
    for name in names:
        if name not in [target.name for target in targets]:
            raise UsageError(
                f"{option} {quoted(name)} is the name of no storage that is to be scanned"
            )


def _warn_of_idle_globs(context: Context, globs: Sequence[str], results: Sequence[Scanned]) -> None:
    """Warn of an exclusion that left nothing out anywhere: it may be misspelt."""
    counts = [result.scan.counts for result in results if result.scan]
    if not counts or len(counts) < len(results):  # it may match where nobody could look
        return
    used = {each.glob for c in counts for each in c.left_out if each.files or each.folders}
    for glob in dict.fromkeys(globs):
        if glob not in used:
            context.streams.note(
                f"Warning: --exclude {quoted(glob)} left nothing out: no file or folder that was "
                "scanned is called so."
            )


def _scan(
    context: Context,
    options: ScanOptions,
    said: Mapping[str, Objective],
    targets: Sequence[Target],
    repository: Repository,
    stop: Stop,
    results: list[Scanned],
    cloud: Told,
) -> None:
    """Add to `results` how the scan of each storage ended."""
    with (
        read_on(context, options) as cluster,
        prepared(context, options, stop, most=options.max_bytes, cluster=cluster) as by,
    ):
        # What was scanned before a repository fails stays told.
        for target in in_turn(targets, repository) if options.due else targets:
            wish = wish_of(options, said.get(target.place), by.workers)
            executor = cluster.executor(target.name) if cluster else None
            for result in scan(
                [target],
                repository,
                wish,
                by.here,
                open_source=open_source,
                pace=by.pace,
                tally=by.tally,
                executor=executor,
                sums=cloud.sums,
                lists=cloud.lists,
                catch_up=lambda place: remembered.catch_up(repository, place, utc_now),
            ):
                results.append(result)
                settled = said.get(target.place, Objective()).settled
                _keep_findings(repository, target, result, settled)
    results.sort(key=lambda result: result.storage)


def _keep_findings(repository: Repository, target: Target, result: Scanned, settled: int) -> None:
    """Keep what a scan has found; `settled` is in seconds."""
    remembered.keep(repository, result, utc_now)
    reached.keep(repository, target, result, utc_now)
    rewritten.count(repository, result, settled * 10**9)
