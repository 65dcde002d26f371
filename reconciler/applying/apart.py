"""Nothing is written into a storage: each file of a run lies apart.

What a run writes there would be found as a file of it, or replace one. A run knows of storages that
its manifest declares, of those that are live on the platform that it reads, of those that it plans
or is about otherwise, and of those in the newest snapshot of a repository that it is given. A
command names its files to `Apart` and whatever it learns of storages; no other rule is anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.disk import mounts
from reconciler.errors import ForbiddenFileError
from reconciler.location import location, sanitize_local_url
from reconciler.printable import quoted
from reconciler.retry.within import within

if TYPE_CHECKING:
    from reconciler.manifest import Manifest
    from reconciler.model import Entry, Storage
    from reconciler.plan.document import Plan
    from reconciler.reconcile import Request

#: Seconds after which a mount that does not answer keeps nobody waiting any more.
_PATIENCE = 5.0
#: What the address of a platform in a file begins with.
_FILE = "sqlite:///"


class Lying(NamedTuple):
    """A storage, and where it lies."""

    name: str
    type: str
    url: str

    @property
    def place(self) -> str:
        """Its location, without a region."""
        return location(self.type, self.url).place


class WithinStorageError(ForbiddenFileError):
    """A file that a run is to write lies in a storage: not even that is written there."""


class Way(NamedTuple):
    """A path and all folders above it, by name and, as far as they are there, by what they are."""

    names: frozenset[str]
    #: Device and inode: a bind mount shows a folder under another name.
    nodes: frozenset[tuple[int, int]]
    #: Device, and path within its file system: of that a mount may show a part alone.
    places: frozenset[tuple[int, bytes]]

    @classmethod
    def to(cls, *paths: Path) -> Way:
        """Return the way to some paths, links followed."""
        names = set[str]()
        for path in paths:
            whole = Path(os.path.realpath(path))
            names |= {str(whole), *map(str, whole.parents)}
        nodes = {name: node for name in names if (node := _node(name))}
        deepest = max(nodes, key=len, default="")
        return cls(frozenset(names), frozenset(nodes.values()), frozenset(_places(deepest)))

    def is_named(self, type: str, url: str) -> bool:
        """Return whether a storage lies on it by its name; nothing there is looked at."""
        return type == "local" and sanitize_local_url(url)[7:] in self.names

    def leads_into(self, type: str, url: str) -> bool:
        """Return whether it leads into a storage."""
        if type != "local":
            return False
        root = sanitize_local_url(url)[7:]
        # `realpath` gives up on links that lead in a circle.
        if _node(root) in self.nodes or _real(root) in self.names:
            return True
        return bool(self.places) and _place(root) in self.places


class Apart:
    """Keeps the files that a run writes out of all storages that it knows of."""

    def __init__(self, files: Iterable[tuple[str, str]] = ()) -> None:
        """Begin with some `files`: the options that name them, and their paths."""
        self._files = list(files)
        self._known = set[tuple[str, str]]()
        self._storages: list[Lying] = []
        self._told: list[Iterable[Lying]] = []

    def file(self, option: str, path: str | None) -> None:
        """Refuse a file, or folder, that is to be written into a storage: `WithinStorageError`.

        `option` is what names it; None if none is to be written.
        """
        if path is not None:
            self._learn()
            check_file_apart(self._storages, option, path)
            self._files.append((option, path))

    def know(self, storages: Iterable[Lying]) -> None:
        """Take storages in which no file may lie: `WithinStorageError` if one does.

        Nothing is asked of them, not even which they are, as long as no file is to be written.
        """
        self._told.append(storages)
        if self._files:
            self._learn()

    def anew(self) -> Apart:
        """Return one that knows of the files, and of no storage."""
        return Apart(self._files)

    def _learn(self) -> None:
        while self._told:
            new = [one for one in self._told.pop(0) if self._is_new(one)]
            self._storages += new
            for option, path in self._files:
                check_file_apart(new, option, path)

    def _is_new(self, storage: Lying) -> bool:
        where = storage.type, storage.url
        is_new = where not in self._known
        self._known.add(where)
        return is_new


def check_file_apart(storages: Iterable[Lying], option: str, path: str | None) -> None:
    """Refuse a file, or folder, to be written that lies in a storage: `WithinStorageError`.

    `option` is what names the file; None if none is to be written.
    """
    found = None if path is None else _holder(storages, path)
    if found is not None:
        raise WithinStorageError(
            f"{option} {quoted(str(path))} lies in the storage {quoted(found.name)}, on which "
            "nothing is written: give a path elsewhere"
        )


def keep_journal_apart(
    apart: Apart,
    storages: Iterable[Lying],
    journal: str | None,
    folder: Path,
    note: Callable[[str], None],
) -> None:
    """Refuse a journal that is given in a storage; of the default one, in `folder`, warn.

    For that no storage is looked at: each apply would have all of them mounted.
    """
    if journal is not None:
        apart.file("--journal", journal)
        return
    if found := _named(storages, folder):
        note(
            f"Warning: the journal {quoted(str(folder))} lies in the storage "
            f"{quoted(found.name)}, and will be found there as files of it: give --journal a "
            "folder elsewhere"
        )


def warn_of_platform(storages: Iterable[Lying], address: str, note: Callable[[str], None]) -> None:
    """Warn of a platform in a file that is to be made in a storage; none is looked at for that."""
    file = Path(address[len(_FILE) :])
    if address.startswith(_FILE) and not file.exists() and (found := _named(storages, file)):
        note(
            f"Warning: the new platform {quoted(str(file))} lies in the storage "
            f"{quoted(found.name)}, and will be found there as a file of it: no storage is the "
            "place for what is to outlast it"
        )


def about(plan: Plan, request: Request | None) -> list[Lying]:
    """Return where the storages lie that a plan, and what it was made for, is about."""
    return [*planned(plan), *entries(request.desired.entries if request else ())]


def declared(manifest: Manifest | None) -> Iterator[Lying]:
    """Yield where the manifest says that storages lie."""
    return entries(manifest.desired.entries if manifest else ())


def entries(declared: Iterable[Entry]) -> Iterator[Lying]:
    """Yield where entries of a manifest lie."""
    for entry in declared:
        yield Lying(entry.name, entry.type, entry.default_url)


def live(storages: Iterable[Storage]) -> Iterator[Lying]:
    """Yield where storages of a platform lie, also as it knows them to be mounted here."""
    for storage in storages:
        for url in {storage.default_url, storage.url or storage.default_url}:
            yield Lying(storage.name, storage.type, url)


def planned(plan: Plan) -> Iterator[Lying]:
    """Yield where the storages of a plan's operations lie, before and after."""
    for operation in plan.operations:
        for values in filter(None, (operation.before, operation.after)):
            yield Lying(operation.name, values.type, values.default_url)


def _named(storages: Iterable[Lying], path: Path) -> Lying | None:
    """Return the storage in which a path lies by the names of both."""
    way = Way.to(path)
    return next((one for one in storages if way.is_named(one.type, one.url)), None)


def _holder(storages: Iterable[Lying], path: str) -> Lying | None:
    """Return the storage in which a path lies; None also where a mount does not answer."""

    def look() -> Lying | None:
        # A link is followed or replaced: neither it nor what it leads to may lie there.
        way = Way.to(Path(path), Path(path).parent)
        return next((one for one in storages if way.leads_into(one.type, one.url)), None)

    try:
        return within(_PATIENCE, look)
    except TimeoutError:
        return None


def _places(path: str) -> Iterator[tuple[int, bytes]]:
    """Yield the place of a folder, or of a file's folder, and those of all folders above it."""
    known = _place(path) or _place(os.path.dirname(path))  # noqa: PTH120 - it is text
    while known is not None:
        yield known
        device, within = known
        above = os.path.dirname(within)  # noqa: PTH120 - these are bytes
        known = None if above == within else (device, above)


def _place(path: str) -> tuple[int, bytes] | None:
    try:
        return mounts.place(path)
    except (OSError, ValueError):
        return None


def _real(path: str) -> str | None:
    """Return a path, links followed; None for what no system takes for one: a platform may."""
    try:
        return os.path.realpath(path) if path else None
    except ValueError:
        return None


def _node(path: str) -> tuple[int, int] | None:
    try:
        known = os.stat(path)  # noqa: PTH116 - it is text
    except (OSError, ValueError):
        return None
    return (known.st_dev, known.st_ino) if known.st_ino else None
