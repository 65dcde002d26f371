"""A repository in a folder: what is written appears whole, under its name, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reconciler.disk.durable import sync_folder
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.printable import printed, quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Entry

#: Where files are written before they get their names; its own begins with no letter, so that it
#: is no name of a repository.
DRAFTS = ".new"
_READ = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
#: What link(2) says where a file system has no hard links.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})
_ROOM = "make room, and run it again; what was written is used then"
_MAY_NOT = "this account may not do that: check owner and permissions of the folder"
_HINTS = {
    errno.ENOSPC: f"the disk is full: {_ROOM}",
    errno.EDQUOT: f"the quota is used up: {_ROOM}",
    errno.EROFS: "it is mounted read-only. Mount it to be written, or give a copy that can be: "
    "`snapshot list`, `snapshot check`, `verify --against` and `verify --explain` only read it",
    **dict.fromkeys((errno.EACCES, errno.EPERM), _MAY_NOT),
    errno.EIO: "the disk, or the network, failed",
    errno.ESTALE: "the network mount is gone: mount it again",
}


class FolderRepository:
    """Files in a folder. It must be there; `opening` sees to that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def address(self) -> str:
        """The folder."""
        return printed(str(self._folder))

    def lock(self) -> str:
        """Make a folder in it, in which only its owner may look."""
        folder = self._folder / layout.LOCK
        try:
            self._make_folder(folder)
        except OSError as error:
            raise self._failed("be locked", error) from None
        path = folder.as_posix()
        return f"file://{path}" if path.startswith("/") else f"file:///{path}"

    def names(self, prefix: str) -> Iterator[str]:
        """Yield names in the order of whole names as text."""
        return (entry.name for entry in self.entries(prefix))

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Walk the folder of `prefix`; what has no name of ours is passed over."""
        above = prefix.rpartition("/")[0]
        try:
            yield from self._walk(f"{above}/" if above else "", prefix)
        except OSError as error:
            raise self._failed("be listed", error) from None

    def read(self, name: str) -> bytes | None:
        """Read a file whole."""
        try:
            with self._open(name) as file:
                return file.read()
        except FileNotFoundError:
            self._check_there()
            return None
        except OSError as error:
            raise self._failed(f"be read at {quoted(name)}", error) from None

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """Give the file itself."""
        path = self._path(name)
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise SnapshotError(f"{quoted(str(path))} is no ordinary file")
        except FileNotFoundError:
            self._check_there()
            raise SnapshotError(f"{quoted(name)} is lost from {self.address}") from None
        except OSError as error:
            raise self._failed(f"be read at {quoted(name)}", error) from None
        yield path

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give a folder on the same disk, so that nothing is copied."""
        try:
            made = self._draft()
            made.mkdir(mode=0o700)
        except OSError as error:
            raise self._failed("be written", error) from None
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def write(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Write it beside, sync it, and give it its name."""
        path = self._path(name)
        draft = None
        try:
            draft = self._draft()
            _write(draft, data)
            self._make_folder(path.parent)
            if replace:
                draft.replace(path)
            elif not _name(draft, path):
                return False
            sync_folder(path.parent)
        except OSError as error:
            raise self._failed(f"be written at {quoted(name)}", error) from None
        finally:
            _unlink(draft)
        return True

    def add(self, name: str, file: Path, *, anew: bool = False) -> bool:
        """Copy it, unless it lies in a workspace of ours; one that was cut short is replaced."""
        path = self._path(name)
        draft = None
        try:
            size = file.stat().st_size
            if not anew and path.is_file() and path.stat().st_size == size:
                return False
            draft = self._draft()
            self._take(file, draft)
            self._make_folder(path.parent)
            draft.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise self._failed(f"be written at {quoted(name)}", error) from None
        finally:
            _unlink(draft)
        return True

    def remove(self, name: str, *, stamp: str = "") -> bool:
        """Move it away, look at it once more, and only then delete it.

        Whoever writes the same name meanwhile either is seen, or has written a new file.
        """
        path = self._path(name)
        try:
            if not stamp:
                path.unlink()
                return True
            if _stamp(path.lstat()) != stamp:
                return False
            aside = self._draft()
            path.rename(aside)
            if _stamp(aside.stat()) != stamp:
                _name(aside, path)
                aside.unlink(missing_ok=True)
                return False
            aside.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._failed(f"be cleared of {quoted(name)}", error) from None
        return True

    def close(self) -> None:
        """Nothing is kept open."""

    def _walk(self, folder: str, prefix: str) -> Iterator[Entry]:
        try:
            with os.scandir(self._folder / folder) as found:
                inside = [(e.name, e.is_dir(follow_symlinks=False)) for e in found]
        except FileNotFoundError:
            self._check_there()
            return
        # A folder comes where its files would: `a-b` stands before `a/b`.
        for name, is_folder in sorted((n + "/" * d, d) for n, d in inside if layout.is_name(n)):
            whole = folder + name
            if is_folder and (whole.startswith(prefix) or prefix.startswith(whole)):
                yield from self._walk(whole, prefix)
            elif not is_folder and whole.startswith(prefix):
                yield from self._entry(whole)

    def _entry(self, name: str) -> Iterator[Entry]:
        with contextlib.suppress(FileNotFoundError):
            found = self._path(name).lstat()
            if stat.S_ISREG(found.st_mode):
                yield Entry(name, found.st_size, found.st_mtime, _stamp(found))

    def _open(self, name: str) -> BinaryIO:
        descriptor = os.open(self._path(name), _READ)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise SnapshotError(f"{quoted(name)} in {self.address} is no ordinary file")
        return open(descriptor, "rb")  # noqa: PTH123 - Path.open takes no descriptor

    def _check_there(self) -> None:
        """Make sure that a file is not there because the whole repository is gone."""
        if not self._folder.is_dir():
            raise RepositoryError(f"the repository {self.address} is gone: is it mounted?")

    def _path(self, name: str) -> Path:
        if not layout.is_name(name):
            raise ValueError(f"not a name of a repository: {name!r}")
        return self._folder / name

    def _draft(self) -> Path:
        drafts = self._folder / DRAFTS
        with contextlib.suppress(FileExistsError):
            drafts.mkdir(mode=0o700)
        return drafts / os.urandom(12).hex()

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        sync_folder(folder.parent)

    def _take(self, file: Path, draft: Path) -> None:
        if self._folder / DRAFTS in file.parents:
            try:
                os.link(file, draft)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
            else:
                draft.chmod(0o600)
                return _sync(draft)
        with file.open("rb") as source, _created(draft) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        return None

    def _failed(self, what: str, error: OSError) -> RepositoryError:
        hint = _HINTS.get(error.errno or 0, "")
        told = f"the repository {self.address} could not {what} ({os.strerror(error.errno or 0)})"
        return RepositoryError(f"{told}: {hint}" if hint else told)


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_ino}"


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    """Give a new file to write to; it is synced at the end."""
    with open(os.open(path, _CREATE, 0o600), "wb") as file:  # noqa: PTH123 - with a mode
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes) -> None:
    with _created(path) as file:
        file.write(data)


def _name(draft: Path, path: Path) -> bool:
    """Give a file its name, unless it is taken."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # FAT and some shares: the names that two could want at once are random.
        if path.exists():
            return False
        draft.rename(path)
    return True


def _unlink(path: Path | None) -> None:
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
