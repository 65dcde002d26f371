"""A root that is held open, so that all that is listed and read lies below one and the same."""

from __future__ import annotations

import os
import threading

from reconciler.disk.mounts import mounted_below
from reconciler.recovery.roots.folder import opened
from reconciler.recovery.walking.descent import ByDescriptor, ByPath, Folder, Folders


class Held:
    """A root: opened when something below it is first asked for, by any thread."""

    def __init__(self, path: bytes) -> None:
        """Take note of the path."""
        self.path = path
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._found: os.stat_result | None = None
        self._mounted: frozenset[bytes] = frozenset()

    def folders(self) -> Folders:
        """Return the folders below it, for one thread. Raises `OSError`."""
        with self._lock:
            if self._found is None:
                self._fd = opened(self.path)
                if self._fd is not None:
                    self._mounted = mounted_below(self._fd)
                self._found = os.stat(self.path if self._fd is None else self._fd)
        return ByPath(self.path) if self._fd is None else ByDescriptor(self._fd, self._mounted)

    def there(self) -> bool:
        """Return whether the path still leads to what is held, if anything is."""
        try:
            return self._found is None or os.path.samestat(self._found, os.stat(self.path))
        except OSError:
            return False

    def holds(self, path: bytes, folder: Folder) -> bool:
        """Return whether a folder is still the one at its path: what it lacks is gone, then."""
        try:
            folders = self.folders()
            try:
                return self.there() and folders.enter(path).inode == folder.inode
            finally:
                folders.close()
        except OSError:
            return False

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            fd, self._fd, self._found = self._fd, None, None
        if fd is not None:
            os.close(fd)
