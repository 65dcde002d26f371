"""Files of a cloud that are given to a scan: reports of what it computed at rest, and lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from reconciler.cli.commands.recovery.scan import ScanOptions
from reconciler.environment.timestamps import utc_now
from reconciler.errors import UsageError
from reconciler.location import Bucket, bucket_of
from reconciler.printable import listed, quoted
from reconciler.recovery.cloud.lists import BucketList
from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.values import Target


def check_cloud(options: ScanOptions) -> None:
    """Raise `UsageError` where files of a cloud make no sense."""
    if options.from_report and options.full:
        raise UsageError(
            "--full reads everything itself, and --from-report spares that: leave one of them out"
        )
    _check_fetched(options.from_report, "--from-report")
    _check_fetched(options.listing, "--listing")


def _check_fetched(paths: Sequence[str] | None, option: str) -> None:
    """Raise `UsageError` for what still lies in a bucket.

    It is not fetched here: the account that may read those is often another one than that of the
    storages, and what was fetched is there to be shown to others later.
    """
    for path in paths or ():
        if path.startswith("s3://"):
            folder = path.removesuffix("manifest.json").rstrip("/")
            raise UsageError(
                f"{option} {quoted(path)}: it is read from a folder, and that is a bucket. Fetch "
                f"all of it, as by `aws s3 cp --recursive {in_shell(folder)} ./fetched`, and say "
                f"{option} ./fetched/manifest.json"
            )


class Told(NamedTuple):
    """What files of a cloud tell of the storages that are to be scanned."""

    sums: Sums | None
    #: By bucket.
    lists: Mapping[str, BucketList]


@contextmanager
def told_by_cloud(
    options: ScanOptions, targets: Sequence[Target], repository: Repository
) -> Iterator[Told]:
    """Give what the files tell that were given; they are read, and sorted, first.

    Raises `CloudFileError`; `UsageError` if one is of none of these storages, or nobody can tell
    of which.
    """
    if not (options.from_report or options.listing):
        yield Told(None, {})
        return
    with repository.workspace() as folder:
        lists: dict[str, BucketList] = {}
        for path in options.listing or ():
            one = BucketList(Path(path), folder, utc_now())
            if one.bucket in lists:
                raise UsageError(f"two lists are of the bucket {quoted(one.bucket)}: give one")
            lists[one.bucket] = one
            _check(targets, {one.bucket}, "--listing")
        reports = [Path(path) for path in options.from_report or ()]
        sums = Sums(reports, folder, utc_now()) if reports else None
        for buckets in sums.by_report() if sums else ():
            _check(targets, buckets, "--from-report")
        yield Told(sums, lists)


def _check(targets: Sequence[Target], buckets: set[str], option: str) -> None:
    """Raise `UsageError` where no storage lies in one of the buckets, or two servers have it."""
    named = [found for found in _buckets(targets) if found[1].name in buckets]
    if not named:
        raise UsageError(
            f"{option} is of the bucket {listed(sorted(buckets))}: no storage that is to be "
            "scanned lies there, and nothing was scanned"
        )
    _check_one_server(named, option)


def _buckets(targets: Sequence[Target]) -> list[tuple[Target, Bucket]]:
    each = ((t, bucket_of(t.type, t.url, t.region)) for t in targets if t.type != "local")
    return [(target, bucket) for target, bucket in each if bucket is not None]


def _check_one_server(named: Sequence[tuple[Target, Bucket]], option: str) -> None:
    """Raise `UsageError` where two servers have buckets of one name: a file names no server."""
    servers: dict[str, set[str | None]] = {}
    for _, bucket in named:
        servers.setdefault(bucket.name, set()).add(bucket.endpoint)
    for name, endpoints in servers.items():
        if len(endpoints) > 1:
            these = listed([target.name for target, bucket in named if bucket.name == name])
            raise UsageError(
                f"several servers have the bucket that the file is of ({these}), and it names "
                f"none: name the storage that {option} is of"
            )
