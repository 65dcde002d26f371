"""Reports of S3 Batch Operations on jobs that compute checksums: which files, of when.

As "Examples: S3 Batch Operations completion reports" of the S3 User Guide has it: a manifest.json
of format `Report_CSV_20180820`, with `ReportCreationDate`, the schema of the lines and, for tasks
that succeeded and that failed, `Results` with key and `MD5Checksum`. When each object was read
nobody tells; the report is of when the job ended, so that no proof is younger than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from reconciler.environment.timestamps import APART
from reconciler.errors import CloudFileError
from reconciler.printable import quoted
from reconciler.recovery.cloud import files
from reconciler.recovery.cloud.files import Manifest, Named

_FORMAT = "Report_CSV_20180820"
_SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
_WHAT = "a report of S3 Batch Operations"


class Job(NamedTuple):
    """A job that has ended, as its report says."""

    manifest: Manifest
    #: When the report was made: whole seconds since 1970, UTC.
    at: int
    results: Sequence[Named]


def job_of(path: Path, now: datetime) -> Job:
    """Read the manifest of a report; raises `CloudFileError` if it is none, or after `now`."""
    manifest = files.manifest_of(path, _WHAT)
    document, name = manifest.document, quoted(str(manifest.path))
    if document.get("Format") != _FORMAT:
        given = "" if "sourceBucket" not in document else "; it is a list: give it with --listing"
        raise CloudFileError(f"{name} is no {_WHAT[2:]}: its Format is not {_FORMAT}{given}")
    if _columns(document.get("ReportSchema")) != _columns(_SCHEMA):
        raise CloudFileError(f"{name} has lines of another schema than {_SCHEMA}")
    told = files.text(manifest, document, "ReportCreationDate")
    try:
        moment = datetime.fromisoformat(told)
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        at = 0
    if at <= 0:
        raise CloudFileError(f"{name} says {quoted(told)}, which is no date")
    if at > now.timestamp() + APART:
        raise CloudFileError(
            f"{name} was made at a time that has not come yet ({told}): set the clock of this "
            "machine right"
        )
    return Job(
        manifest,
        int(at),
        files.named(manifest, document.get("Results"), "Key", "MD5Checksum"),
    )


def _columns(schema: object) -> list[str]:
    return [name.strip() for name in schema.split(",")] if isinstance(schema, str) else []
