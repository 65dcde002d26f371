"""The repository lies apart from the storages: what is to prove one must not be lost with it.

And what a run writes beside lies apart from those that its repository knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.applying.apart import Lying, Way
from reconciler.errors import ReconcilerError, UsageError
from reconciler.location import bucket_of
from reconciler.masking import quoted_url
from reconciler.printable import quoted
from reconciler.recovery.repository.address import InBucket, split, understand
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.snapshots.listing import newest_first
from reconciler.recovery.values import Target

#: Where the repository's server is asked for, unless it is AWS; the first that is set counts.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def check_apart(targets: Iterable[Target], repository: str, environ: Mapping[str, str]) -> None:
    """Refuse a repository that lies in a storage that is to be scanned: `UsageError`."""
    where = understand(repository)
    way = Way.to(where) if isinstance(where, Path) else None
    for target in targets:
        is_within = (
            way.leads_into(target.type, target.url)
            if way
            else isinstance(where, InBucket) and _is_in_bucket(where, target, environ)
        )
        if is_within:
            raise UsageError(
                f"the repository {quoted_url(repository)} lies in the storage "
                f"{quoted(target.name)}: put it elsewhere, best on another disk"
            )


def kept(repository: str) -> Iterator[Lying]:
    """Yield where the storages lie that the newest snapshot in a repository has.

    None where there is no snapshot, or nobody can read it: whoever works with it says so.
    """
    address, _ = split(repository)
    with suppress(ReconcilerError), closing(open_repository(address)) as opened:
        newest = next(newest_first(opened), None)
        for one in newest.snapshot.storages if newest else ():
            if one.place:
                yield Lying(one.name, one.type, one.default_url)


def _is_in_bucket(where: InBucket, target: Target, environ: Mapping[str, str]) -> bool:
    bucket = None if target.type == "local" else bucket_of(target.type, target.url)
    if bucket is None or bucket.name != where.bucket:
        return False
    if not target.url.lower().startswith("s3://"):  # which is asked for where the repository is
        given = next((environ[name] for name in _ENDPOINTS if environ.get(name)), "")
        if urlsplit(bucket.endpoint or "").netloc.lower() != urlsplit(given).netloc.lower():
            return False
    return where.prefix.startswith(bucket.prefix)
