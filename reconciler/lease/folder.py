"""A lock in a shared folder: `file:///PATH`.

PATH is a folder that holds the versions of one small record, numbered; the highest counts. A
change is made by adding the next number, whole, with link(2), which fails if the number is taken:
of any who saw the same version, one wins. A number that was deleted could be taken again by
somebody very slow, who therefore looks how many higher ones there are, and has lost if there are
as many as are kept: no number is deleted before. If there are fewer, the number was won, and what
was added has only been followed by others. That look can't miss the higher ones: the newest are
kept, many more than anybody could add and delete while a folder this small is listed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from pathlib import Path

import msgspec

from reconciler.disk.durable import sync_folder
from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.lease.record import LONGEST
from reconciler.lease.register import Seen
from reconciler.printable import quoted, shown

#: How many versions are kept.
_KEPT = 16
#: The names of versions, and of what is prepared to become one. No other file is touched.
_VERSION = re.compile(r"([0-9]{10})\.json")
_DRAFT = re.compile(r"\.reconciler-lock-[0-9a-f]{16}\.new")
#: The highest number that a version can have.
_LAST = 9_999_999_999
_READ = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
#: What link(2) says where a file system has no hard links.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})
#: Errors of a network that may be over soon.
_PASSING = frozenset({errno.ESTALE, errno.EIO, errno.ETIMEDOUT, errno.EAGAIN, errno.EINTR})
#: How often a version is looked for that others keep replacing.
_LOOKS = 20


class FileRegister:
    """A record in a folder. The folder is made when the record is first written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def address(self) -> str:
        return quoted(str(self._folder))

    def read(self) -> Seen | None:
        """Read the highest version."""
        try:
            for _ in range(_LOOKS):
                number = max(self._versions(), default=None)
                if number is None:
                    return None
                # The one before it is deleted only when there are many more after it.
                whole = number == 1 or os.path.lexists(self._version(number - 1))
                try:
                    seen = self._look(number)
                except FileNotFoundError:
                    continue  # it was replaced, and deleted, after we had listed it
                except PermissionError:
                    raise self._not_for_us(self._version(number)) from None
                if whole and number < _LAST:
                    return seen
                if max(self._versions(), default=None) == number:
                    gap = "the version before it is missing"
                    why = "no version can follow it" if whole else gap
                    return msgspec.structs.replace(seen, problem=seen.problem or why)
        except OSError as error:
            raise self._failure("be read", error) from None
        raise UnavailableError(f"the lock {self.address} changes too fast to be read; try again")

    def swap(self, seen: Seen | None, data: bytes) -> bool:
        """Add the version after the one that was seen."""
        number = int(seen.version) + 1 if seen else 1
        new = self._folder / f".reconciler-lock-{os.urandom(8).hex()}.new"
        try:
            self._prepare(new, data)
            if not self._link(new, number):
                return False
            if max(self._versions(), default=number) >= number + _KEPT:
                self._version(number).unlink(missing_ok=True)
                return False
            sync_folder(self._folder)
        except OSError as error:
            raise self._failure("be written", error) from None
        finally:
            _unlink(new)
        self._clean(number)
        return True

    def set_aside(self, seen: Seen, instead: bytes) -> str:  # noqa: ARG002 - the one before counts
        """Rename it, so that the version before it counts again."""
        path = self._version(int(seen.version))
        aside = path.with_name(f"{path.name}.set-aside-{os.urandom(8).hex()}")
        try:
            path.rename(aside)
            sync_folder(self._folder)
        except OSError as error:
            raise self._failure("be mended", error) from None
        return quoted(str(aside))

    def close(self) -> None:
        """Nothing is kept open."""

    def _look(self, number: int) -> Seen:
        path = self._version(number)
        seen = Seen(b"", str(number), quoted(str(path)))
        # Nobody waits for a pipe, or follows a link to who knows where.
        if not stat.S_ISREG(path.lstat().st_mode):
            return msgspec.structs.replace(seen, problem="it is no ordinary file")
        with open(os.open(path, _READ), "rb") as file:  # noqa: PTH123 - Path.open takes no flags
            data = file.read(LONGEST + 1)
        problem = "it is too long" if len(data) > LONGEST else ""
        return msgspec.structs.replace(seen, data=data, problem=problem)

    def _versions(self) -> list[int]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names are all that is wanted
        except FileNotFoundError:
            # A share that is not mounted must not look like a lock that nobody holds.
            if not self._folder.parent.is_dir():
                raise
            return []
        return [int(found[1]) for found in map(_VERSION.fullmatch, names) if found]

    def _version(self, number: int) -> Path:
        return self._folder / f"{number:010}.json"

    def _prepare(self, new: Path, data: bytes) -> None:
        if not self._folder.exists():
            self._make()
        with new.open("xb") as file:
            self._share(file.fileno())
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _make(self) -> None:
        """Make the folder, for all who could have made it, whatever our umask."""
        with contextlib.suppress(FileExistsError):
            self._folder.mkdir()
            above = self._folder.parent.stat()
            mode = stat.S_IMODE(above.st_mode)
            # Those who write to a folder with the sticky bit, as /tmp, do not belong together.
            if mode & 0o022 and not mode & stat.S_ISVTX:
                self._open_to(mode, above.st_gid)

    def _open_to(self, mode: int, group: int) -> None:
        if sys.platform == "win32":  # there, a folder has the permissions of the one above it
            return
        # By its descriptor: others may have put a link in its place by now.
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with contextlib.suppress(OSError):
                os.fchown(descriptor, -1, group)
            with contextlib.suppress(OSError):
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    def _share(self, descriptor: int) -> None:
        """Let all read a record who may enter the folder, whatever our umask; nobody else can."""
        if os.chmod not in os.supports_fd:  # Windows, where the folder's permissions are inherited
            return
        shared = stat.S_IMODE(self._folder.stat().st_mode) & 0o077
        with contextlib.suppress(OSError):  # some shares have permissions of their own
            os.chmod(descriptor, 0o644 if shared else 0o600)

    def _link(self, new: Path, number: int) -> bool:
        try:
            os.link(new, self._version(number))
        except (FileExistsError, FileNotFoundError):
            # Somebody was quicker; whoever was has also cleared away what others had prepared.
            return False
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise PlatformError(
                    f"the lock {self.address} lies on a file system without hard links, where no "
                    "lock can be kept safely: keep it on another one, or in a bucket (s3://…)"
                ) from None
            raise
        return True

    def _clean(self, number: int) -> None:
        """Delete old versions, and what crashed processes had prepared; failing to is no matter."""
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                version = _VERSION.fullmatch(entry.name)
                old = version is not None and int(version[1]) <= number - _KEPT
                if (old or _DRAFT.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False):
                    _unlink(self._folder / entry.name)

    def _failure(self, what: str, error: OSError) -> PlatformError:
        reason = os.strerror(error.errno or 0)
        if error.errno in _PASSING:
            kind = UnknownOutcomeError if what == "be written" else UnavailableError
            return kind(f"the lock {self.address} could not {what} ({reason}); try again")
        hint = (
            "the folder, or the one above it, must exist and be writable for everybody who applies"
            + _kept(self._folder, "; it")
        )
        return PlatformError(f"the lock {self.address} could not {what} ({reason}): {hint}")

    def _not_for_us(self, path: Path) -> PlatformError:
        file = quoted(str(path))
        return PlatformError(
            f"the lock {self.address} could not be read: its file {file} may not be read by this "
            f"account{_kept(path, '; it')}. Its owner, or root, can let everybody read it who may "
            "enter the folder: chmod a+r"
        )


def _kept(path: Path, it: str) -> str:
    """Return whose a file or folder is; nothing where that can't be told."""
    try:
        found = path.lstat()
    except OSError:
        return ""
    owner = f"user {found.st_uid}"
    if sys.platform != "win32":
        with contextlib.suppress(OSError, KeyError):
            owner = shown(path.owner())
    return f"{it} belongs to {owner} and has mode {stat.S_IMODE(found.st_mode):04o}"


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
