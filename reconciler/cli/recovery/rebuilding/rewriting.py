"""The files that a rebuild writes for its user: looked at before, and pins given their new ids."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.cli.commands.recovery.rebuild import RebuildOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.files import check_room, check_writable, rewrite_whole
from reconciler.cli.inputs.ids import ids_file, read_ids
from reconciler.cli.recovery.rebuilding.planning import Work
from reconciler.errors import ManifestError, PlanFileError, UsageError
from reconciler.manifest.files import MAX_BYTES, find_files, is_stream
from reconciler.manifest.repinning import Repinned, repinned
from reconciler.model import Problem
from reconciler.printable import listed, quoted
from reconciler.recovery.repository.address import split, understand


def check_files(options: RebuildOptions) -> None:
    """Raise what is wrong with the files to be written, before anything is done."""
    files = _files(options.rewrite_manifest or ())
    for file in files:
        _read(file)
    if options.ids is None:
        return
    if options.ids == "-":
        raise UsageError("--ids writes a file: `-o json` has the ids on standard output")
    check_writable(options.ids)
    _check_goal(options.ids, options.repository)


def check_goals(context: Context, options: RebuildOptions, work: Work) -> None:
    """Raise what would stop the files from being written once the storages are there.

    Ids that no storage has yet are stood in for by others of their kind.
    """
    ids = {
        one.storage.id: live.id if (live := work.found.live.get(one.storage.id)) else f"new-{n:032}"
        for n, one in enumerate(work.wanted)
    }
    for file in _files(options.rewrite_manifest or ()):
        check_room(file, len(_read(file, ids).data))
    if options.ids is not None:
        context.apart.file("--ids", options.ids)
        check_room(options.ids, len(ids_file(ids)))


def rewrite(options: RebuildOptions, ids: Mapping[str, str]) -> list[str]:
    """Give the pins in the user's manifest the ids of now, and say what was done, in sentences.

    All files are read before one is written. Raises `ManifestError` if one is no manifest,
    `ReconcilerError` if one can't be written: those before are.
    """
    done = [(file, _read(file, ids)) for file in _files(options.rewrite_manifest or ())]
    told = []
    for file, found in done:
        if found.changed:
            rewrite_whole(file, found.data)
        told.append(_told(file, found))
    return told


def _files(paths: Sequence[str]) -> list[str]:
    if "-" in paths:
        raise UsageError("--rewrite-manifest changes files: standard input is none")
    problems: list[Problem] = []
    files = find_files(paths, problems)
    if problems:
        raise ManifestError(problems)
    for file in files:
        if is_stream(file):
            raise UsageError(f"--rewrite-manifest changes files, and {quoted(file)} is a pipe")
        check_writable(file)
    return files


def _read(file: str, ids: Mapping[str, str] | None = None) -> Repinned:
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(file, f"the file can't be read: {error.strerror}")
        raise ManifestError([problem]) from error
    return repinned(file, data, ids or {})


def _check_goal(path: str, repository: str) -> None:
    """Refuse to write ids over anything but an earlier map, and into the repository."""
    goal = Path(os.path.realpath(path))
    if not goal.parent.is_dir():
        raise UsageError(f"--ids {quoted(path)}: there is no folder {quoted(str(goal.parent))}")
    home = understand(split(repository)[0])
    if isinstance(home, Path) and goal.is_relative_to(os.path.realpath(home)):
        raise UsageError(f"--ids {quoted(path)} lies in the repository: write the ids elsewhere")
    if goal.exists():
        try:
            read_ids(path)
        except PlanFileError as error:
            raise UsageError(f"--ids would write over it: {error}") from None


def _unchanged(file: str) -> str:
    return f"{quoted(file)} is as it was: no pin in it is of a storage that has another id now"


def _told(file: str, found: Repinned) -> str:
    pins = "pin now has its new id" if found.changed == 1 else "pins now have their new ids"
    told = f"{quoted(file)}: {found.changed:,} {pins}" if found.changed else _unchanged(file)
    if found.left:
        places = listed([f"line {line}: {why}" for line, why in found.left], str)
        told += f"; left as they are: {places}"
    return f"{told}."
