"""Storages and repository must lie apart: what is to prove a storage must not be lost with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.errors import UsageError
from reconciler.location import bucket_of, sanitize_local_url
from reconciler.masking import quoted_url
from reconciler.printable import quoted
from reconciler.recovery.repository.address import InBucket, understand
from reconciler.recovery.values import Target

#: Where the repository's server is asked for, unless it is AWS; the first that is set counts.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def check_apart(targets: Iterable[Target], repository: str, environ: Mapping[str, str]) -> None:
    """Refuse a repository that lies in a storage that is to be scanned: `UsageError`."""
    where = understand(repository)
    for target in targets:
        is_within = (
            _is_in_folder(where, target)
            if isinstance(where, Path)
            else _is_in_bucket(where, target, environ)
        )
        if is_within:
            raise UsageError(
                f"the repository {quoted_url(repository)} lies in the storage "
                f"{quoted(target.name)}: put it elsewhere, best on another disk"
            )


def _is_in_folder(folder: Path, target: Target) -> bool:
    if target.type != "local":
        return False
    # `resolve` gives up on links that lead in a circle.
    root, whole = (
        Path(os.path.realpath(path)) for path in (sanitize_local_url(target.url)[7:], folder)
    )
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
