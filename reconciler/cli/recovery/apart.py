"""Nothing is written into a storage: the repository lies apart, and so does each file of a run.

What is to prove a storage must not be lost with it; and what a run writes there would be found as
a file of it, or replace one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.cli.recovery.relocating import Lying
from reconciler.errors import UsageError
from reconciler.location import bucket_of, sanitize_local_url
from reconciler.manifest import Manifest
from reconciler.masking import quoted_url
from reconciler.model import Storage
from reconciler.printable import quoted
from reconciler.recovery.repository.address import InBucket, understand
from reconciler.recovery.values import Target

#: Where the repository's server is asked for, unless it is AWS; the first that is set counts.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def check_file_apart(storages: Iterable[Lying], option: str, path: str | None) -> None:
    """Refuse a file to be written that lies in a storage: `UsageError`.

    `option` is what names the file; None if none is to be written.
    """
    if path is None:
        return
    goal = Path(path)
    for storage in storages:
        # A link is followed or replaced: neither it nor what it leads to may lie there.
        if any(_holds(storage.type, storage.url, each) for each in (goal, goal.parent)):
            raise UsageError(
                f"{option} {quoted(path)} lies in the storage {quoted(storage.name)}, on which "
                "nothing is written: give a path elsewhere"
            )


def declared(manifest: Manifest | None) -> Iterator[Lying]:
    """Yield where the manifest says that storages lie."""
    for entry in manifest.desired.entries if manifest else ():
        yield Lying(entry.name, entry.type, entry.default_url)


def live(storages: Iterable[Storage]) -> Iterator[Lying]:
    """Yield where storages of a platform lie, also as it knows them to be mounted here."""
    for storage in storages:
        for url in {storage.default_url, storage.url or storage.default_url}:
            yield Lying(storage.name, storage.type, url)


def check_apart(targets: Iterable[Target], repository: str, environ: Mapping[str, str]) -> None:
    """Refuse a repository that lies in a storage that is to be scanned: `UsageError`."""
    where = understand(repository)
    for target in targets:
        is_within = (
            _holds(target.type, target.url, where)
            if isinstance(where, Path)
            else _is_in_bucket(where, target, environ)
        )
        if is_within:
            raise UsageError(
                f"the repository {quoted_url(repository)} lies in the storage "
                f"{quoted(target.name)}: put it elsewhere, best on another disk"
            )


def _holds(type: str, url: str, path: Path) -> bool:
    if type != "local":
        return False
    # `resolve` gives up on links that lead in a circle.
    root, whole = (Path(os.path.realpath(each)) for each in (sanitize_local_url(url)[7:], path))
    return root == whole or root in whole.parents


def _is_in_bucket(where: InBucket, target: Target, environ: Mapping[str, str]) -> bool:
    bucket = None if target.type == "local" else bucket_of(target.type, target.url)
    if bucket is None or bucket.name != where.bucket:
        return False
    if not target.url.lower().startswith("s3://"):  # which is asked for where the repository is
        given = next((environ[name] for name in _ENDPOINTS if environ.get(name)), "")
        if urlsplit(bucket.endpoint or "").netloc.lower() != urlsplit(given).netloc.lower():
            return False
    return where.prefix.startswith(bucket.prefix)
