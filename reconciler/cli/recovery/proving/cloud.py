"""Files of a cloud that are given to a scan: reports of what it computed at rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.cli.commands.recovery.scan import ScanOptions
from reconciler.environment.timestamps import utc_now
from reconciler.errors import UsageError
from reconciler.location import Bucket, bucket_of
from reconciler.printable import listed, quoted
from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.values import Target


def check_cloud(options: ScanOptions) -> None:
    """Raise `UsageError` where files of a cloud make no sense."""
    if options.from_report and options.full:
        raise UsageError(
            "--full reads everything itself, and --from-report spares that: leave one of them out"
        )


@contextmanager
def attested(
    options: ScanOptions, targets: Sequence[Target], repository: Repository
) -> Iterator[Sums | None]:
    """Give what reports attest of the storages that are to be scanned.

    Raises `CloudFileError`; `UsageError` if the reports are of none of these storages, or nobody
    can tell of which.
    """
    if not options.from_report:
        yield None
        return
    with repository.workspace() as folder:
        sums = Sums([Path(path) for path in options.from_report], folder, utc_now())
        named = [found for found in _buckets(targets) if found[1].name in sums.buckets]
        if not named:
            told = listed(sorted(sums.buckets)[:3])
            raise UsageError(
                f"--from-report is of the bucket {told}: no storage that is to be scanned lies "
                "there, and nothing was scanned"
            )
        _check_one_server(named)
        yield sums


def _buckets(targets: Sequence[Target]) -> list[tuple[Target, Bucket]]:
    each = ((t, bucket_of(t.type, t.url, t.region)) for t in targets if t.type != "local")
    return [(target, bucket) for target, bucket in each if bucket is not None]


def _check_one_server(named: Sequence[tuple[Target, Bucket]]) -> None:
    """Raise `UsageError` where two servers have buckets of one name: a report names no server."""
    servers: dict[str, set[str | None]] = {}
    for _, bucket in named:
        servers.setdefault(bucket.name, set()).add(bucket.endpoint)
    for name, endpoints in servers.items():
        if len(endpoints) > 1:
            these = listed([target.name for target, bucket in named if bucket.name == name])
            raise UsageError(
                f"several servers have a bucket {quoted(name)} ({these}), and a report does not "
                "name its own: name the storage that --from-report is of"
            )
