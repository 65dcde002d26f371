"""The file that `--ids` names: which id of the manifest is which id on this platform.

`schemas/ids.schema.json` describes it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from reconciler.cli.inputs.files import write_whole
from reconciler.errors import PlanFileError
from reconciler.given import read_whole
from reconciler.printable import commandless_quoted, quoted

_FORMAT_VERSION = 1


class _IdMap(Struct, forbid_unknown_fields=True):
    format_version: int
    ids: dict[str, str]


def read_ids(path: str) -> dict[str, str]:
    """Read a map from old ids to new ones.

    Raises:
        UsageError: there is no such file.
        PlanFileError: it can't be read, is not such a map, or is one of a later format.
    """
    try:
        found = msgspec.json.decode(read_whole(path), type=_IdMap)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanFileError(
            f"{quoted(path)} is not a map of ids: {error}. "
            'It looks like this: {"format_version": 1, "ids": {"old": "new"}}'
        ) from None
    if found.format_version != _FORMAT_VERSION:
        raise PlanFileError(
            f"{quoted(path)} has format {found.format_version}, and this version of reconciler "
            f"reads format {_FORMAT_VERSION}"
        )
    _check_unique(path, found.ids)
    return found.ids


def write_ids(path: str, ids: Mapping[str, str]) -> None:
    """Write such a map, whole or not at all; raises `ReconcilerError`."""
    write_whole(path, ids_file(ids))


def ids_file(ids: Mapping[str, str]) -> bytes:
    """Return what such a file holds, in which no line is a command to a CI runner."""
    document = _IdMap(_FORMAT_VERSION, dict(sorted(ids.items())))
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    return f"{commandless_quoted(text)}\n".encode()


def _check_unique(path: str, ids: dict[str, str]) -> None:
    olds: dict[str, str] = {}
    for old, new in ids.items():
        if not old or not new:
            raise PlanFileError(f"{quoted(path)} holds an empty id")
        if new in olds:
            raise PlanFileError(
                f"{quoted(path)} gives the id {quoted(new)} to both {quoted(olds[new])} and "
                f"{quoted(old)}: two storages can't become one"
            )
        olds[new] = old
