"""The story of a manifest: find the files, read, fill in, check, and make values of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from reconciler.errors import AddressError, ManifestError
from reconciler.manifest.checking.conflicts import find_conflicts, find_repeated_keys, may_conflict
from reconciler.manifest.checking.validate import Validation
from reconciler.manifest.checking.warnings import notices, relative_paths
from reconciler.manifest.files import find_files, is_stream, read_bytes
from reconciler.manifest.filling.desired import entries_of, policy_of, proof_of, removed_of
from reconciler.manifest.filling.interpolate import interpolate
from reconciler.manifest.mistakes import Document, Mistake, Path
from reconciler.manifest.placing import problems_of
from reconciler.manifest.reading.reader import read_tree
from reconciler.model import Desired, Entry, Notice, Policy, Problem, Proof, Removed


class Manifest(Struct, frozen=True):
    """Everything that the files of a manifest say."""

    desired: Desired
    #: The address as written, its variables filled in; None if no file has one.
    platform: str | None
    #: The file that holds it: a relative path in the address counts from there.
    platform_file: str | None
    lock: str | None
    #: The files that were read, as they were named or found.
    files: tuple[str, ...]
    #: What came from those that can be read only once.
    streams: Mapping[str, bytes]
    #: What is allowed, but probably not meant.
    warnings: tuple[Notice, ...]


#: By the key that a text stands under: what raises `AddressError` if it means nothing.
Addresses = Mapping[str, Callable[[str], object]]


def load(
    paths: Sequence[str],
    variables: Mapping[str, str],
    addresses: Addresses = MappingProxyType({}),
) -> Manifest:
    """Read files and folders as one manifest.

    `addresses` understand what stands under `platform` and `lock`, and in each `exclude` of
    `proof`, which this layer can't.

    Raises:
        ManifestError: with every problem of every file.
        UsageError: a path does not exist.
    """
    problems: list[Problem] = []
    files = find_files(paths, problems)
    documents, gathered = [], _Gathered()
    validation = Validation()
    for file in files:
        try:
            document = Document(file, read_bytes(file))
        except OSError as error:
            problems.append(Problem(file, f"the file can't be read: {error.strerror}"))
            continue
        documents.append(document)
        tree = _checked(document, variables, validation)
        _check_addresses(document, addresses)
        if tree is not None:
            gathered.take(tree, file)
    find_repeated_keys(documents)
    sound = not problems and not any(document.mistakes for document in documents)
    if not sound or may_conflict(gathered.entries, gathered.removed):
        find_conflicts(documents)
        problems += problems_of(documents)
    if problems:
        raise ManifestError(problems)
    return gathered.manifest(tuple(files), {d.file: d.data for d in documents if is_stream(d.file)})


def _checked(
    document: Document, variables: Mapping[str, str], validation: Validation
) -> dict[str, Any] | None:
    read_tree(document)
    if document.tree is None and document.mistakes:
        return None
    interpolate(document, variables)
    return validation.check(document)


def _check_addresses(document: Document, addresses: Addresses) -> None:
    tree = document.tree if isinstance(document.tree, dict) else {}
    texts: list[tuple[str, Path, object]] = [
        (key, (key,), tree.get(key)) for key in addresses if key != "exclude"
    ]
    if "exclude" in addresses:
        texts += (("exclude", path, glob) for path, glob in _globs(tree))
    for key, path, text in texts:
        if isinstance(text, str):
            try:
                addresses[key](text)
            except AddressError as error:
                document.mistakes.append(Mistake(path, str(error)))


def _globs(tree: dict[str, Any]) -> Iterator[tuple[Path, object]]:
    """Yield what stands in each `exclude` of `proof`, of a document that may not be valid."""
    entries = tree.get("storages")
    held: list[tuple[Path, object]] = [((), tree)]
    held += [(("storages", i), e) for i, e in enumerate(entries if type(entries) is list else ())]
    for path, holder in held:
        proof = holder.get("proof") if isinstance(holder, dict) else None
        globs = proof.get("exclude") if isinstance(proof, dict) else None
        for i, glob in enumerate(globs if isinstance(globs, list) else ()):
            yield (*path, "proof", "exclude", i), glob


class _Gathered:
    """What the valid files have said so far."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.removed: list[Removed] = []
        self._relative: list[Entry] = []
        self._policy = Policy()
        self._proof: Proof | None = None
        self._once: dict[str, tuple[str, str]] = {}

    def take(self, tree: dict[str, Any], file: str) -> None:
        """Take in one valid document, its defaults filled in."""
        entries = entries_of(tree, file)
        self.entries += entries
        self.removed += removed_of(tree, file)
        self._relative += [entries[index] for index in relative_paths(tree)]
        if "policy" in tree:
            self._policy = policy_of(tree)
        self._proof = proof_of(tree) or self._proof
        for key in ("platform", "lock"):
            if key in tree:
                self._once[key] = tree[key], file

    def manifest(self, files: tuple[str, ...], streams: Mapping[str, bytes]) -> Manifest:
        """Return the whole, once all files have been taken in without a problem."""
        platform, platform_file = self._once.get("platform", (None, None))
        return Manifest(
            desired=Desired(tuple(self.entries), tuple(self.removed), self._policy, self._proof),
            platform=platform,
            platform_file=platform_file,
            lock=self._once.get("lock", (None, None))[0],
            files=files,
            streams=streams,
            warnings=notices(self.entries, self._relative),
        )
