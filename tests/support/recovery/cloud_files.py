"""Reports and lists as a cloud writes them, by the formats that it documents."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"


def message(data: bytes, tag: str | None, **changed: str | None) -> str:
    """Give what is told of an object of these bytes; `changed` fields are otherwise, or absent."""
    sha256 = hashlib.sha256(data)
    told = {
        "checksum_base64": base64.b64encode(sha256.digest()).decode(),
        "etag": tag,
        "checksumAlgorithm": "SHA256",
        "checksumType": "FULL_OBJECT",
        "checksum_hex": sha256.hexdigest().upper(),
        **changed,
    }
    text = json.dumps({name: value for name, value in told.items() if value is not None})
    return text.replace("=", "\\u003d")


def succeeded(
    bucket: str, key: str | bytes, data: bytes, tag: str | None, version: str = "", **changed: Any
) -> list[str]:
    """Give the line of a task that succeeded."""
    return [
        bucket,
        quote_plus(key, safe="/"),
        version,
        "succeeded",
        "200",
        "",
        message(data, tag, **changed),
    ]


def failed(bucket: str, key: str, why: str, code: str) -> str:
    """Give the line of a task that failed, with the quotation marks of the documented example."""
    task = "2845ca0d-38d9-4c4b-abcf-379dc749c452"
    told = f'"error details: {{""failureMessage"":"Task {task} {why}", ""errorCode"": "{code}"}}"'
    return f"{bucket},{quote_plus(key, safe='/')},,failed,200,PermanentFailure,{told}"


def report(
    folder: Path,
    lines: Sequence[Sequence[str] | str],
    at: datetime | None = None,
    **changed: object,
) -> Path:
    """Write a report, and give its manifest; `changed` keys of that are otherwise, or absent."""
    moment = at or datetime.now(UTC)
    name = hashlib.sha1(repr((lines, moment)).encode(), usedforsecurity=False).hexdigest()
    results = folder / "results"
    results.mkdir(parents=True, exist_ok=True)
    file = io.StringIO(newline="")
    for line in lines:
        if isinstance(line, str):
            file.write(f"{line}\n")
        else:
            csv.writer(file, lineterminator="\n").writerow(line)
    data = file.getvalue().encode("utf-8", "surrogateescape")
    (results / f"{name}.csv").write_bytes(data)
    document = {
        "Format": "Report_CSV_20180820",
        "ReportCreationDate": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "Results": [
            {
                "TaskExecutionStatus": "succeeded",
                "Bucket": "reports",
                "MD5Checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
                "Key": f"job-1f3e/results/{name}.csv",
            }
        ],
        "ReportSchema": SCHEMA,
        **changed,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps({key: v for key, v in document.items() if v is not None}))
    return path
