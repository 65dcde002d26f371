"""Files of the user that a command writes whole."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from reconciler.disk import drafts
from reconciler.disk.links import followed
from reconciler.errors import ReconcilerError
from reconciler.masking import quoted_url

_DRAFT_ENDS = ".tmp"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
#: Bytes; more than a digest has, with what ends its line.
_LONGEST_DIGEST = 80
_PLAN = re.compile(rb'\{\s*"format_version": \d+,\s*"tool_version": "')
#: Bytes; enough for the beginning of a plan.
_BEGINNING = 80
_DATABASE = b"SQLite format 3\0"
#: What the files have at the end of their names that SQLite keeps beside a database.
_BESIDE = ("-wal", "-shm", "-journal")


def check_writable(path: str) -> None:
    """Refuse what is no ordinary file, before there is anything to write to it.

    `/dev/stdout` may lead to one, the log of a job, which must not be replaced: raises
    `ReconcilerError`.
    """
    goal = Path(path)
    links, end = followed(path)
    if (goal.exists() and not goal.is_file()) or any(map(_is_device, (path, *links, end))):
        raise ReconcilerError(
            f"can't write {quoted_url(path)}: it is not an ordinary file; give the path of a file"
        )


def _is_device(path: str) -> bool:
    return path.startswith(("/dev/", "/proc/")) and not path.startswith("/dev/shm/")  # noqa: S108


def write_whole(path: str, data: bytes, *, mode: int | None = None) -> None:
    """Write a file that only its owner can read, unless `mode` says who: whole, or not at all.

    Raises `ReconcilerError`, and leaves what was there before as it was.
    """
    goal = Path(path)
    try:
        check_writable(path)
        _check_no_database(path)
        # What a link leads to is replaced; the link stays.
        _replace(Path(os.path.realpath(goal)) if goal.is_symlink() else goal, data, mode=mode)
    except (OSError, ValueError) as error:
        raise ReconcilerError(
            f"can't write {quoted_url(path)}: {_reason(error)}. Nothing was written to it"
        ) from error


def check_appendable(path: str) -> None:
    """Refuse a database and a saved plan, which what is appended would spoil.

    Raises `ReconcilerError`; `OSError` or `ValueError` if it can't be read.
    """
    _check_no_database(path)
    if Path(path).is_file():
        with Path(path).open("rb") as file:
            if _PLAN.match(file.read(_BEGINNING)):
                raise ReconcilerError(f"can't write {quoted_url(path)}: a saved plan is there")


def check_digest_goal(path: str) -> str:
    """Return the digest that is at a path to which one is to be written; empty if there is none.

    Raises `ReconcilerError` for anything else that is there, which a slip must not cost.
    """
    check_writable(path)
    try:
        with Path(path).open("rb") as file:
            found = file.read(_LONGEST_DIGEST)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise ReconcilerError(f"can't read {quoted_url(path)}: {_reason(error)}") from error
    text = found.strip().decode("ascii", "replace")
    if text and not _DIGEST.fullmatch(text):
        what = "a database is there" if found.startswith(_DATABASE) else "no digest is there"
        raise ReconcilerError(
            f"can't write {quoted_url(path)}: {what}; give another path, or remove what is there"
        )
    return text


def check_room(path: str, size: int) -> None:
    """Make sure that so many bytes can be written whole to a file, and leave nothing.

    For what is written only after something that can't be undone. Raises `ReconcilerError`.
    """
    goal = Path(path)
    try:
        with _drafted(Path(os.path.realpath(goal)) if goal.is_symlink() else goal, bytes(size)):
            pass
    except (OSError, ValueError) as error:
        raise ReconcilerError(
            f"can't write {quoted_url(path)}: {_reason(error)}. Nothing was done yet"
        ) from error


def rewrite_whole(path: str, data: bytes) -> None:
    """Write a file that is there anew: whole, or not at all, with the mode and owner that it has.

    Raises `ReconcilerError`, and leaves what was there before as it was.
    """
    goal = Path(path)
    try:
        check_writable(path)
        goal = Path(os.path.realpath(goal)) if goal.is_symlink() else goal
        _replace(goal, data, like=goal.stat())
    except (OSError, ValueError) as error:
        raise ReconcilerError(
            f"can't write {quoted_url(path)}: {_reason(error)}. It is as it was"
        ) from error


def check_new(path: str) -> None:
    """Refuse a path at which there is something already, or no file can be: `ReconcilerError`."""
    check_writable(path)
    if os.path.lexists(path):
        raise ReconcilerError(
            f"can't write {quoted_url(path)}: there is something already, which stays as it is; "
            "give another path"
        )


@contextlib.contextmanager
def new_file(path: str, data: bytes) -> Iterator[None]:
    """Write a file that only its owner can read, where there is none; it stays if the body works.

    Raises `ReconcilerError` if it can't be written.
    """
    try:
        check_new(path)
        # Of two at once only one makes it, and never through a link that leads elsewhere.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(path, flags, 0o600)
    except (OSError, ValueError) as error:
        raise ReconcilerError(f"can't write {quoted_url(path)}: {_reason(error)}") from error
    try:
        try:
            _fill(handle, data)
        except OSError as error:
            raise ReconcilerError(f"can't write {quoted_url(path)}: {_reason(error)}") from error
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            Path(path).unlink()
        raise


def _fill(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _check_no_database(path: str) -> None:
    # A slip of the keyboard must not cost a platform and all its records.
    goal = Path(path)
    if goal.is_file() and _is_database(goal):
        raise ReconcilerError(f"can't write {quoted_url(path)}: a database is there")
    if _is_beside_database(Path(os.path.realpath(goal))):
        raise ReconcilerError(f"can't write {quoted_url(path)}: it is a part of a database")


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_DATABASE)) == _DATABASE


def _is_beside_database(path: Path) -> bool:
    """Return whether SQLite keeps there what is not in the database yet, or ever was."""
    for end in _BESIDE:
        base = path.with_name(path.name.removesuffix(end) or path.name)
        if base != path and base.is_file() and _is_database(base):
            return True
    return False


def _replace(
    goal: Path, data: bytes, *, like: os.stat_result | None = None, mode: int | None = None
) -> None:
    with _drafted(goal, data) as draft:
        if mode is not None:  # whatever the umask leaves
            draft.chmod(mode)
        if like is not None:
            draft.chmod(stat.S_IMODE(like.st_mode))
            if hasattr(os, "chown"):
                with contextlib.suppress(OSError):  # only root may give a file away
                    os.chown(draft, like.st_uid, like.st_gid)
        draft.replace(goal)


@contextlib.contextmanager
def _drafted(goal: Path, data: bytes) -> Iterator[Path]:
    """Write a file beside the one that is meant; it is gone at the end, unless it was renamed."""
    drafts.clear(goal.parent, f".{goal.name}.", _DRAFT_ENDS)
    draft = drafts.draft(goal.parent, f".{goal.name}.", _DRAFT_ENDS)
    # Private, and never through a link that somebody else has put there.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(draft, flags, 0o600)
    try:
        _fill(handle, data)
        yield draft
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
