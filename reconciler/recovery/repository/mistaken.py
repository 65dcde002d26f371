"""Why there is no repository where one was named, and what was probably meant."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from reconciler.errors import RepositoryError
from reconciler.printable import listed, quoted
from reconciler.recovery.repository import MARKER
from reconciler.recovery.repository.address import InBucket, in_shell

_MAKE = "`reconciler scan --into` makes one there, unless --existing is given"
_ELSEWHERE = f"check the address; in an empty place, {_MAKE}"
#: So many names of what lies there are told.
_NAMED = 3
_MANIFESTS = (".yaml", ".yml")


def folder(path: Path, foreign: Sequence[str]) -> RepositoryError:
    """Return the error for a folder that is no repository; `foreign` are names of what is in it."""
    none = f"there is no repository at {quoted(str(path))}"
    if path.is_dir():
        return RepositoryError(_other(none, path, foreign) if foreign else _empty(none))
    if path.exists():
        return RepositoryError(
            f"{none}: it is a file, and a repository is a folder{_manifest(path)}"
        )
    where, _, id = str(path).rpartition("@")
    if where and _is_one(Path(where)):
        return RepositoryError(
            f"the repository {quoted(where)} is there, and {quoted(id)} is no id of a snapshot: "
            f"`reconciler snapshot list {in_shell(quoted(where))}` shows those that it has"
        )
    if not path.parent.is_dir():
        return RepositoryError(
            f"{none}: there is no folder {quoted(str(path.parent))} either. Check the address, and "
            "whether it is mounted; no folder above a repository is ever made"
        )
    return RepositoryError(f"{none}: nothing lies there{near(path)}. Check the address; {_MAKE}")


def bucket(where: InBucket, found: str | None, near: InBucket | None) -> RepositoryError:
    """Return the error for a place in a bucket that is no repository, where `found` lies.

    `near` is one above or below it.
    """
    none = f"there is no repository at {quoted(where.address)}"
    if near is not None:
        return RepositoryError(f"{none}: did you mean {quoted(near.address)}?")
    if found is None:
        return RepositoryError(
            f"{none}: the bucket answers, and nothing lies there. Check the prefix; {_MAKE}"
        )
    return RepositoryError(f"{none}, and other files lie in it ({quoted(found)}): {_ELSEWHERE}")


def hollow(address: str) -> RepositoryError:
    """Return the error for a repository that knows of nothing, where one was to be added to.

    `address` is as it gives it of itself.
    """
    return RepositoryError(
        f"the repository {address} holds no scan, no snapshot and no findings: if it held "
        "any, it is not restored whole, or part of it is not mounted, and what it knew would count "
        "no more; if it is new, run this once without --existing"
    )


def unreadable(path: Path, error: OSError) -> RepositoryError:
    """Return the error for a folder that can't be looked into."""
    told = f"{quoted(str(path))} can't be read ({error.strerror})"
    if error.errno in (errno.EACCES, errno.EPERM):
        return RepositoryError(f"{told}: give this account the right to read it, and all above it")
    return RepositoryError(f"{told}: check the disk, or the mount")


def unmakeable(path: Path, error: OSError) -> RepositoryError:
    """Return the error for a folder that is not there, and can't be made."""
    told = f"there is no repository at {quoted(str(path))}, and it can't be made ({error.strerror})"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        above = quoted(str(path.parent))
        return RepositoryError(f"{told}: give this account the right to write in {above}")
    return RepositoryError(f"{told}: check the disk, or the mount")


def _empty(none: str) -> str:
    return (
        f"{none}: it is an empty folder. If one should be in it, mount it; if it is to be new, "
        f"{_MAKE}"
    )


def _other(none: str, path: Path, foreign: Sequence[str]) -> str:
    told = f"{none}, and other files lie in it ({listed(foreign[:_NAMED])})"
    for above in path.parents:
        if _is_one(above):
            return f"{told}: the repository is {quoted(str(above))}, of which this is a part"
    within = [name for name in foreign if _is_one(path / name)]
    if within:
        return f"{told}: did you mean {quoted(str(path / within[0]))}?"
    return f"{told}: {_ELSEWHERE}"


def _manifest(path: Path) -> str:
    return ". A manifest is given with -f" if path.suffix.lower() in _MANIFESTS else ""


def near(path: Path) -> str:
    """Say which repository beside it has a name that is spelled alike; empty: none."""
    with contextlib.suppress(OSError):
        every = [each for each in path.parent.iterdir() if each != path]
        beside = [each.name for each in every if _is_one(each)]
        if alike := get_close_matches(path.name, beside, n=1):
            return f" (did you mean {quoted(str(path.with_name(alike[0])))}?)"
    return ""


def _is_one(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return (path / MARKER).is_file()
    return False
