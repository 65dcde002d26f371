"""A repository in a bucket. Nothing is deleted to create something: it works under Object Lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconciler.buckets import is_condition_unmet, open_bucket
from reconciler.disk.scratch import scratch
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import MARKER, layout, mistaken
from reconciler.recovery.repository.address import InBucket
from reconciler.recovery.repository.asking import Asking, Listing, NoS3Error
from reconciler.recovery.repository.contract import Entry

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

#: Bytes that one request carries at most; and how many run at once.
PIECE = 8 << 20
_AT_ONCE = 4
#: Seconds that one request may take.
TIMEOUT = 60.0


class BucketRepository:
    """Objects below a prefix. Endpoint, region and credentials come from the places of AWS."""

    def __init__(self, where: InBucket, asking: Asking | None = None) -> None:
        self._where = where
        self._opened: S3Store | None = None
        self._asking = asking or Asking(where)
        self._listing = Listing(where.bucket, TIMEOUT)

    @property
    def address(self) -> str:
        """Bucket and prefix."""
        return quoted(self._where.address)

    def lock(self) -> str:
        """Name an object beside the others."""
        return f"s3://{self._where.bucket}/{self._where.prefix}{layout.LOCK}"

    def names(self, prefix: str) -> Iterator[str]:
        """Yield names in the order of whole names as text."""
        return (entry.name for entry in self.entries(prefix))

    def entries(self, prefix: str) -> Iterator[Entry]:
        """List what lies below the last folder of `prefix`, whole before the first is told."""
        found = self._asking.ask("be listed", lambda: self._list(prefix))
        yield from sorted(found, key=lambda entry: entry.name)

    def read(self, name: str) -> bytes | None:
        """Get an object whole."""
        key = self._key(name)
        return self._asking.ask(f"be read at {quoted(name)}", lambda: self._get(key))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """Fetch it piece by piece; each is asked for again by itself."""
        key = self._key(name)
        with self.workspace() as folder:
            path = folder / "fetched"
            self._fetch(name, key, path)
            yield path

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give a folder among the system's temporary ones, which nobody else may read."""
        with ExitStack() as made:
            try:
                folder = made.enter_context(scratch())
            except OSError as error:
                raise RepositoryError(
                    f"no temporary folder can be made ({error.strerror}): see TMPDIR"
                ) from None
            yield folder

    def write(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Put an object, on the condition that there is none.

        A server that knows no conditions is asked before: there two who write one new name in the
        same moment may both be told True.
        """
        key, what = self._key(name), f"be written at {quoted(name)}"
        tries = 0

        def attempt() -> bool:
            nonlocal tries
            tries += 1
            if replace:
                self._put(key, data)
                return True
            there = self._get(key)
            if there is not None:
                # What an earlier try has written whose answer was lost is ours.
                return tries > 1 and there == data
            return self._create(key, data)

        return self._asking.ask(what, attempt)

    def add(self, name: str, file: Path, *, anew: bool = False) -> bool:
        """Put it in pieces; it appears when the last has arrived."""
        key, what = self._key(name), f"be written at {quoted(name)}"

        def attempt() -> bool:
            found = None if anew else self._head(key)
            if found is not None and found["size"] == file.stat().st_size:
                return False
            self._store().put(key, file, chunk_size=PIECE, max_concurrency=_AT_ONCE)
            return True

        return self._asking.ask(what, attempt)

    def remove(self, name: str, *, stamp: str = "") -> bool:
        """Delete an object; with `stamp` it is looked at just before."""
        key, what = self._key(name), f"be cleared of {quoted(name)}"

        def attempt() -> bool:
            # As it was listed: what a server says of one object may have coarser times. Without a
            # stamp nothing is listed, for of thousands in one folder that would be done each time.
            if stamp:
                there = [entry for entry in self._list(name) if entry.name == name]
                if not there or there[0].stamp != stamp:
                    return False
            elif self._head(key) is None:
                return False
            self._store().delete(key)
            return True

        return self._asking.ask(what, attempt)

    def refuse_unless_empty(self, *, make: bool) -> None:
        """Raise `RepositoryError` unless one can be made below the prefix, and is to be made."""

        def anything() -> str | None:
            self._store()  # which finds out who we are
            found = self._listing.entries(self._where.prefix, at_most=1)
            return next((entry.name for entry in found), None)

        found = self._asking.ask("be listed", anything)
        if found is not None or not make:
            name = found and found.removeprefix(self._where.prefix)
            raise mistaken.bucket(self._where, name, self._near(name or ""))

    def _near(self, found: str) -> InBucket | None:
        """Return the repository above this place, or in the folder of an object below it."""
        for where in self._where.around(found):
            marker = partial(self._head, where.prefix + MARKER)
            if self._asking.ask("be read", marker) is not None:
                return where
        return None

    def close(self) -> None:
        """Let go of connections."""
        self._opened = None
        self._listing.close()

    def _list(self, prefix: str) -> list[Entry]:
        self._store()  # which finds out who we are
        folder = self._where.prefix + prefix[: prefix.rfind("/") + 1]
        found: list[Entry] = []
        for entry in self._listing.entries(folder):
            name = entry.name.removeprefix(self._where.prefix)
            if name.startswith(prefix) and layout.is_name(name):
                found.append(replace(entry, name=name))
        return found

    def _get(self, key: str) -> bytes | None:
        try:
            answer = self._store().get(key)
            _check(answer.meta)
            return bytes(answer.bytes())
        except FileNotFoundError as error:
            self._asking.check_bucket(error)
            return None

    def _head(self, key: str) -> ObjectMeta | None:
        try:
            return _check(self._store().head(key))
        except FileNotFoundError:
            return None

    def _put(self, key: str, data: bytes) -> None:
        self._store().put(key, data, use_multipart=False)

    def _create(self, key: str, data: bytes) -> bool:
        try:
            self._store().put(key, data, mode="create", use_multipart=False)
        except Exception as error:
            if is_condition_unmet(error):
                return False
            if self._asking.is_not_implemented(error):
                self._put(key, data)
                return True
            raise
        return True

    def _fetch(self, name: str, key: str, path: Path) -> None:
        what = f"be read at {quoted(name)}"
        meta = self._asking.ask(what, lambda: self._head(key))
        if meta is None:
            self.read(MARKER)  # which tells a bucket that is gone
            raise SnapshotError(f"{quoted(name)} is lost from {self.address}")
        try:
            with path.open("xb") as file:
                path.chmod(0o600)
                for start in range(0, meta["size"], PIECE):
                    end = min(start + PIECE, meta["size"])
                    piece = partial(self._piece, key, start, end)
                    file.write(self._asking.ask(what, piece))
        except OSError as error:
            raise RepositoryError(
                f"{quoted(name)} could not be fetched to a temporary file ({error.strerror}): "
                "see TMPDIR"
            ) from None

    def _piece(self, key: str, start: int, end: int) -> bytes:
        try:
            data = bytes(self._store().get_range(key, start=start, end=end))
        except FileNotFoundError as error:
            self._asking.check_bucket(error)
            name = quoted(key.removeprefix(self._where.prefix))
            told = "it is listed, and there is nothing when it is fetched"
            raise SnapshotError(f"{name} can't be read in {self.address}: {told}") from None
        if len(data) != end - start:
            raise ConnectionError("the answer was cut short")
        return data

    def _store(self) -> S3Store:
        if self._opened is None:
            self._opened, self._asking.own_authorities = open_bucket(
                self._where.bucket, TIMEOUT, checksums=True
            )
        return self._opened

    def _key(self, name: str) -> str:
        if not layout.is_name(name):
            raise ValueError(f"not a name of a repository: {name!r}")
        return self._where.prefix + name


def _check(meta: ObjectMeta) -> ObjectMeta:
    """Raise `NoS3Error` for what is no answer of S3: the page of a proxy has no ETag."""
    if not meta["e_tag"]:
        raise NoS3Error("what answers there does not speak S3")
    return meta
