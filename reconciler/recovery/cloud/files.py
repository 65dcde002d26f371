"""Files that were fetched from a cloud: a manifest, and what it names, each with its MD5.

Every program that writes such a manifest names the others by their keys in the bucket into which it
wrote them. They are looked for where people put them: beside the manifest, in the folders that the
services use (`results`, `data`, `files`), and under their whole key, as `aws s3 sync` leaves them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple

import msgspec

from reconciler.errors import CloudFileError
from reconciler.printable import quoted

#: No manifest of either kind is larger: 100,000 files have 30 MB.
_LARGEST = 1 << 28
_FOLDERS = ("", "results", "data", "files", "../data", "../results")
#: What only a manifest tells, and the lines do not.
_WANTED = (
    "give the manifest.json that was written with it, which has its date and the MD5 of each file"
)


class Named(NamedTuple):
    """A file that a manifest names."""

    key: str
    #: In hex.
    md5: str


class Manifest(NamedTuple):
    """A manifest, as it was read."""

    path: Path
    document: Mapping[str, Any]
    #: SHA-256 in hex.
    digest: str


def manifest_of(path: Path, what: str) -> Manifest:
    """Read the manifest of `what`; raises `CloudFileError` if it is none."""
    try:
        if path.is_dir():
            path = path / "manifest.json"
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise CloudFileError(f"can't read {quoted(str(path))}: {error.strerror}") from error
    try:
        document = msgspec.json.decode(data) if len(data) <= _LARGEST else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise CloudFileError(f"{quoted(str(path))} is no manifest of {what}: {_WANTED}")
    _check_beside(path, data)
    return Manifest(path, document, hashlib.sha256(data).hexdigest())


def text(manifest: Manifest, item: Mapping[str, Any], name: str) -> str:
    """Return a text of a manifest; raises `CloudFileError` if there is none."""
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise CloudFileError(
            f"{quoted(str(manifest.path))} does not say its {name}: fetch it again"
        )
    return value


def named(manifest: Manifest, items: object, key: str, md5: str) -> list[Named]:
    """Return the files that `items` names; raises `CloudFileError` if one lacks key or MD5."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise CloudFileError(f"{quoted(str(manifest.path))} names no files: fetch it again")
    return [Named(text(manifest, i, key), text(manifest, i, md5).lower()) for i in items]


@contextmanager
def checked(manifest: Manifest, file: Named) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a file that a manifest names, once its MD5 is the one that the manifest has.

    Raises `CloudFileError` if it is not there, or is another.
    """
    path = _found(manifest.path, file)
    try:
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False))
            if found.hexdigest() != file.md5:
                raise CloudFileError(
                    f"{quoted(str(path))} is not what {quoted(str(manifest.path))} names: its MD5 "
                    f"is {found.hexdigest()} and should be {file.md5}. Nothing of it is believed: "
                    "fetch it again"
                )
            opened.seek(0)
            yield path, opened
    except OSError as error:
        raise CloudFileError(f"can't read {quoted(str(path))}: {error.strerror}") from error


def _found(manifest: Path, file: Named) -> Path:
    key = PurePosixPath(file.key)
    if key.is_absolute() or ".." in key.parts or not key.name:
        raise CloudFileError(f"{quoted(str(manifest))} names {quoted(file.key)}, which is no file")
    home = manifest.resolve().parent
    places = [home / folder / key.name for folder in _FOLDERS]
    places += [above / key for above in (home, *home.parents)]
    for place in places:
        with suppress(OSError):  # no file has a name so long
            if place.is_file():
                return place
    raise CloudFileError(
        f"{quoted(key.name)} is not beside {quoted(str(manifest))}, which names it: fetch all that "
        "the manifest names into its folder"
    )


def _check_beside(path: Path, data: bytes) -> None:
    """Hold a manifest against `manifest.checksum`, where that was fetched as well."""
    beside = path.with_suffix(".checksum")
    try:
        told = beside.read_text("ascii").strip().lower() if beside.is_file() else ""
    except (OSError, UnicodeError):
        told = "no text"
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if told and told != found:
        raise CloudFileError(
            f"{quoted(str(path))} is not what {quoted(str(beside))} names: its MD5 is {found}. "
            "Fetch both again"
        )
