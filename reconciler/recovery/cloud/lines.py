"""The lines of a report of S3 Batch Operations: which sum of which object, or why there is none.

By "Examples: S3 Batch Operations completion reports" and "Compute checksums" of the S3 User Guide a
line has seven columns, without a header: bucket, key, version, status, error code, HTTP status (the
examples have those two the other way round, so that either order is read) and a message. Of a task
that succeeded that is JSON with `checksum_base64`, `checksum_hex`, `etag`, `checksumAlgorithm` and
`checksumType`. Of one that failed the examples are no sound CSV, so that more columns are taken for
one. Keys are URL-encoded, as in the list that the job was given. What is documented nowhere is no
proof: a status, a type or an algorithm that is not known, or sums in base64 and hex that differ.
"""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, AnyStr, BinaryIO, NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from reconciler.errors import CloudFileError
from reconciler.printable import quoted
from reconciler.recovery.objects.pages import etag

_COLUMNS = 7
_NO_SUM = "no sum that can be read"
_FAILED = re.compile(r"failureMessage:\s*(?:Task \S+ )?(.*?)\s*(?:,\s*errorCode:\s*(\w+)|[}]|$)")
#: Of a reason so much is told.
_LONGEST = 120
#: Far more than any line has: a key has 1,024 bytes, each in three characters at most.
_LONGEST_LINE = 1 << 20
_HEX = re.compile(r"[0-9a-fA-F]{64}")


class Line(NamedTuple):
    """What a report says of one object, or of one of its versions."""

    bucket: str
    key: bytes
    #: None: the job was given none. `NULL`: the one of before its bucket kept any.
    version: str | None
    #: The ETag without its quotation marks.
    tag: bytes | None
    #: SHA-256 of the whole object, computed by the service at rest; None: `why` says why not.
    sha256: bytes | None
    why: str = ""


def lines_of(path: Path, file: BinaryIO) -> Iterator[Line]:
    """Yield the lines of a file of a report; raises `CloudFileError` for what is no such line."""
    texts = (line.decode("utf-8", "surrogateescape") for line in bounded(file))
    reader = csv.reader(texts)
    try:
        for columns in reader:
            if columns:
                yield _line(columns)
    except (csv.Error, ValueError) as error:
        raise CloudFileError(
            f"line {reader.line_num:,} of {quoted(str(path))} is none of a report of S3 Batch "
            f"Operations: {error}"
        ) from error


def _line(columns: list[str]) -> Line:
    if len(columns) < _COLUMNS:
        raise ValueError(f"it has {len(columns)} of {_COLUMNS} columns")
    bucket, key, version, status = columns[:4]
    f"{bucket}{version}".encode()  # what is no text is neither
    if not bucket or not key:
        raise ValueError("it names no object")
    plain = Line(bucket, decoded(key), version or None, None, None)
    if status == "failed":
        return plain._replace(why=_failed(columns))
    if status != "succeeded":
        return plain._replace(why=f"status {status[:_LONGEST]}, which is not known")
    if len(columns) != _COLUMNS or {*columns[4:6]} - {""} != {"200"}:
        return plain._replace(why=_NO_SUM)
    return _summed(plain, columns[6])


def bounded(file: IO[AnyStr]) -> Iterator[AnyStr]:
    """Yield the lines of a file; raises `ValueError` for one that is too long to be held."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"a line is longer than {_LONGEST_LINE:,} bytes")
        yield line


def decoded(key: str) -> bytes:
    """Return a key that is URL-encoded, as the bytes that it is."""
    return unquote_to_bytes(key.replace("+", " ").encode("utf-8", "surrogateescape"))


def _summed(line: Line, message: str) -> Line:
    try:
        told: Any = msgspec.json.decode(message)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return line._replace(why=_NO_SUM)
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        return line._replace(why=_NO_SUM)
    line = line._replace(tag=etag(told.get("etag")))
    if told.get("checksumAlgorithm") != "SHA256":
        name = str(told.get("checksumAlgorithm"))[:_LONGEST]
        return line._replace(why=f"{name}, which is no SHA-256")
    if told.get("checksumType") != "FULL_OBJECT":
        name = str(told.get("checksumType"))[:_LONGEST]
        return line._replace(why=f"a sum of type {name}, which is none of the whole object")
    sha256 = _sum(told.get("checksum_base64", ""), told.get("checksum_hex", ""))
    return line._replace(sha256=sha256, why="" if sha256 else _NO_SUM)


def _sum(told: str, hexadecimal: str) -> bytes | None:
    """Return a sum that is told twice; None if the two differ, or are none."""
    try:
        data = base64.b64decode(told, validate=True)
    except ValueError:
        return None
    if len(data) != 32 or not _HEX.fullmatch(hexadecimal):
        return None
    return data if bytes.fromhex(hexadecimal) == data else None


def _failed(columns: list[str]) -> str:
    """Say why a task failed: its message, or else its error code."""
    message = ",".join(columns[6:]).replace('"', "")
    codes = [code for code in columns[4:6] if code and not code.isdigit()]
    found = _FAILED.search(message)
    if found and found[1]:
        code = f" ({found[2]})" if found[2] else ""
        return found[1][:_LONGEST] + code
    return codes[0][:_LONGEST] if codes else "failed, and no reason is told"
