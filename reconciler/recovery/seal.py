"""Small files that show by themselves whether a byte of them is another than was written.

A seal is the SHA-256, in hex, of a document while its field `seal` is empty. It shows what was
damaged by chance; against whoever can write the repository only a digest helps, kept elsewhere.

The first versions that scanned wrote records without one, laid out on many lines. They are read as
they are: of what was damaged in them only that shows which makes them no such record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.environment.timestamps import is_moment
from reconciler.errors import SnapshotError

_SUM = re.compile(r"[0-9a-f]{64}")
_STRANGE = "it is corrupt: it can't be understood"
_Kind = TypeVar("_Kind", bound=Struct)


def sealed(value: Struct) -> bytes:
    """Return the file for a value that has a field `seal`: canonical JSON."""
    return _canonical(replace(value, seal=_sum(replace(value, seal=""))))


def unsealed(
    data: bytes,
    kind: type[_Kind],
    *,
    newest: int,
    earlier: Mapping[str, str] = MappingProxyType({}),
) -> _Kind:
    """Read such a file, of a format up to `newest`; `earlier` has the old names of fields.

    Raises `SnapshotError`, which ends the sentence of whoever names the file, unless every byte is
    as it was written, or it was written before there were seals.
    """
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise SnapshotError("it is corrupt: it is no JSON") from error
    version = raw.get("format_version") if isinstance(raw, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise SnapshotError("it is corrupt: it does not say its format")
    if version > newest:
        raise SnapshotError(
            f"its format is {version}, and this program knows up to {newest}: use a newer release"
        )
    # By what was written, not by the fields that we know: later releases may have more.
    if not _is_before_seals(raw, data) and (
        _canonical(raw) != data or _sum({**raw, "seal": ""}) != raw.get("seal")
    ):
        raise SnapshotError("it is corrupt: its bytes do not fit its seal")
    try:
        if not raw.keys().isdisjoint(earlier):
            return msgspec.convert({earlier.get(name, name): raw[name] for name in raw}, kind)
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise SnapshotError(_STRANGE) from error


def require_sound(sums: Iterable[str], moments: Iterable[str]) -> None:
    """Raise `SnapshotError` unless these are SHA-256 in hex, and moments.

    A seal is no proof of who wrote a file, and these are used as names and as times.
    """
    if not (all(map(_SUM.fullmatch, sums)) and all(map(is_moment, moments))):
        raise SnapshotError(_STRANGE)


def _is_before_seals(raw: dict[str, Any], data: bytes) -> bool:
    """Return whether a file is of the form that had no seal: no sealed one has more than a line."""
    return "seal" not in raw and data.rstrip(b"\n") == msgspec.json.format(data, indent=1)


def _canonical(value: Struct | dict[str, Any]) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _sum(value: Struct | dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()
