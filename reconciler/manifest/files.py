"""Which files make up a manifest, and their bytes."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.environment.at_hand import DEFAULT_FILE, DEFAULT_FOLDER, DEFAULTS
from reconciler.errors import UsageError
from reconciler.manifest.reading.encodings import BYTE_ORDER_MARK
from reconciler.masking import quoted_url
from reconciler.model import Problem

MAX_BYTES = 64 * 1024 * 1024
SUFFIXES = (".yaml", ".yml")
#: The name that standard input, `-f -`, goes by from here on.
STDIN = "<stdin>"
_STREAM = re.compile(STDIN + r"|/dev/(?:stdin|fd/[0-9]+)|/proc/[^/]+/fd/[0-9]+")


def default_paths() -> list[str]:
    """Return the manifest of the current folder, one of DEFAULTS.

    Raises `UsageError` if there is none, or more than one.
    """
    there = [path for path in DEFAULTS if os.path.lexists(path)]
    if len(there) == 1:
        return there
    if there:
        raise UsageError(
            f"there are {', '.join(there[:-1])} and {there[-1]} here: say which one is the "
            f"manifest with -f, or give them all with {' '.join(f'-f {path}' for path in there)}"
        )
    raise UsageError(
        f"there is no {DEFAULT_FILE} and no folder {DEFAULT_FOLDER} here: write one with "
        "`reconciler init`, or say where the manifest is with -f PATH"
    )


def find_files(paths: Sequence[str], problems: list[Problem]) -> list[str]:
    """Find the files that `paths` mean, in reading order: each file itself, and what folders hold.

    Of a folder, every `*.yaml` and `*.yml` below it, sorted; hidden files and folders (a dot at
    the start of the name) are left out. A file that is reached twice counts once.
    What goes wrong on the way to them is added to `problems`. Raises `UsageError` for a path that
    does not exist.
    """
    found: list[str] = []
    seen: set[str] = set()
    for given in paths:
        path = STDIN if given == "-" else given
        if path != STDIN and not os.path.lexists(path):
            raise UsageError(f"{quoted_url(path)} does not exist: check the path given with -f")
        files = [path]
        if stat.S_ISDIR(_mode(path)):
            files = sorted(_below(path, problems, set()), key=lambda file: Path(file).parts)
            if not files and not problems:
                message = "there is no *.yaml or *.yml file in this folder"
                problems.append(Problem(path, message))
        for file in files:
            real = file if file == STDIN else os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                found.append(file)
    return found


def is_stream(file: str) -> bool:
    """Return whether a file can be read only once: a pipe or standard input, in no folder."""
    return bool(_STREAM.fullmatch(file)) or stat.S_ISFIFO(_mode(file))


def read_bytes(file: str) -> bytes:
    """Read one file, but for its byte order mark; raises like `read_all`."""
    return read_all(file).removeprefix(BYTE_ORDER_MARK)


def read_all(file: str) -> bytes:
    """Read one file; raises `OSError`, also for one that is too large to be a manifest."""
    too_large = False
    if file == STDIN:
        if sys.stdin is None:
            raise OSError(None, "standard input is closed")
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with Path(file).open("rb") as stream:
            status = os.fstat(stream.fileno())
            too_large = stat.S_ISREG(status.st_mode) and status.st_size > MAX_BYTES
            data = b"" if too_large else stream.read(MAX_BYTES + 1)
    if len(data) <= MAX_BYTES and not too_large:
        return data
    limit = MAX_BYTES // (1024 * 1024)
    raise OSError(None, f"the file is larger than {limit} MiB: split it into several files")


def _below(folder: str, problems: list[Problem], seen: set[str]) -> Iterator[str]:
    """Yield the manifest files below a folder; a folder that was seen is not entered again."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Problem(folder, f"the folder can't be read: {error.strerror}"))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        mode = _mode(entry.path)
        if stat.S_ISDIR(mode):
            yield from _below(entry.path, problems, seen)
        elif entry.name.lower().endswith(SUFFIXES):
            # Reading any other kind could wait for ever. One that can't be told is tried.
            if mode and not stat.S_ISREG(mode):
                message = "this is a pipe, socket or device, not a file"
                problems.append(Problem(entry.path, message))
            else:
                yield entry.path


def _mode(path: str) -> int:
    """Return the mode of what a path leads to; 0 if it leads nowhere that we may see."""
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0
