"""New files, written whole or failing in words; hashed while they are written where asked."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.disk.durable import sync_folder
from reconciler.errors import RepositoryError
from reconciler.printable import quoted

if TYPE_CHECKING:
    from typing_extensions import Buffer


class NewFile(io.RawIOBase):
    """A file that only its owner can read, under a name that nobody else has taken.

    Raises `OSError`; what went wrong first is kept in `error`, whatever a library makes of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Bytes.
        self.size = 0
        self.error: OSError | None = None
        # Private, and never through a link that somebody else has put there.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError:
            super().close()  # else it would be when it is forgotten, and fail
            raise

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def write(self, data: Buffer, /) -> int:
        """Write all of it, or fail."""
        if self.closed:  # its descriptor may be another file's by now
            raise ValueError("the file is closed")
        view = memoryview(data).cast("B")
        written = len(view)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            self.error = self.error or error
            raise
        self.size += written
        return written

    def finish(self) -> None:
        """Make it outlast a power cut, and close it."""
        os.fsync(self._descriptor)
        self.close()
        sync_folder(self.path.parent)

    def close(self) -> None:
        """Close it; nothing more can be written."""
        if not self.closed:
            super().close()
            os.close(self._descriptor)

    def remove(self) -> None:
        """Close it, and leave nothing of it."""
        with contextlib.suppress(OSError):
            self.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


class HashedFile(NewFile):
    """A file of which SHA-256 is known when it is finished."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.hash = hashlib.sha256()

    def write(self, data: Buffer, /) -> int:
        """Write all of it, or fail."""
        self.hash.update(data)
        return super().write(data)


@contextlib.contextmanager
def failing_in_words(folder: Path, file: NewFile | None = None) -> Iterator[None]:
    """Turn an `OSError` of writing into `folder` into `RepositoryError`."""
    try:
        yield
    except OSError as error:
        first = (file and file.error) or error
        raise RepositoryError(
            f"can't write a file in {quoted(str(folder))}: {first.strerror or first}; nothing of "
            "it is left. See to it that the folder has room, then run the command again"
        ) from error
