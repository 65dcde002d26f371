"""Which reports a command can write, and where: what `-o` asks for, held against all else."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial

from reconciler.cli.options.command import Row
from reconciler.cli.settings import VERDICTS, Settings
from reconciler.environment.at_hand import DEFAULTS, JOURNALS, WATCHED, WATCHES
from reconciler.printable import quoted
from reconciler.recovery.repository import MARKER

#: Options of commands that write files.
_FILES = ("out", "digest_file", "rows", "metrics")
#: With what variables begin that name files which we read, or what we build upon.
_READ_BY_US = ("RECONCILER_", "JETRAW_", "AWS_", "SSL_")
#: What lies in a folder that a watch, or scans, keep for themselves.
_MARKS = (WATCHED, MARKER)
#: What stands among the first bytes of a journal, and how many those are.
_OPENING, _LONG = b'"event":"run_started"', 200
#: How files of a manifest end that lie in its folder.
_OF_MANIFEST = (".yaml", ".yml")
#: Where runs keep their journals, and a watch what it knows, if nobody says otherwise.
_KEPT = (JOURNALS, WATCHES)


def refusal(row: Row, before: Namespace, after: Namespace, chosen: Settings) -> str:
    """Return why what is asked for can't be written; empty if it can.

    `before` and `after` are what stands on both sides of the command.
    """
    told = _of_formats(row.name, row.command.formats, chosen)
    told = told or _of_stdout(before) or _of_stdout(after)
    return told or _of_files(after, chosen) or _of_read(after, chosen)


def _of_formats(name: str, formats: Sequence[str], chosen: Settings) -> str:
    for format in (chosen.output, *(one.format for one in chosen.output_files)):
        if format not in formats:
            listed = " or ".join(filter(None, (", ".join(formats[:-1]), formats[-1])))
            return f"`{name}` has no -o {format}: it writes {listed}"
    if chosen.output_files and not set(VERDICTS) <= set(formats):
        one = chosen.output_files[0]
        return (
            f"`{name}` writes to standard output alone: `-o {one.format} > {one.file}`, with the "
            "redirection of your shell"
        )
    return ""


def _of_stdout(given: Namespace) -> str:
    """Refuse two formats on one side of a command; what stands after it overrides for it."""
    printed = [one.format for one in given.output or () if one.file is None]
    if len(set(printed)) < 2:
        return ""
    return (
        f"-o {printed[0]} and -o {printed[-1]} both want standard output: give one of them a file, "
        f"as in `-o {printed[-1]}=FILE`"
    )


def _of_files(after: Namespace, chosen: Settings) -> str:
    others = (chosen.events, *(getattr(after, name, None) for name in _FILES))
    taken = {os.path.realpath(path) for path in others if path}
    for one in chosen.output_files:
        place = os.path.realpath(one.file or "")
        if place in taken:
            return (
                f"{quoted(one.file or '')} is named twice: each report, and what else is written, "
                "needs a file of its own"
            )
        taken.add(place)
    return ""


def _of_read(after: Namespace, chosen: Settings) -> str:
    """Refuse to replace what the run reads, or may read, and what runs before it have kept."""
    reports = [one.file for one in chosen.output_files if one.file]
    others = [path for name in _FILES if (path := getattr(after, name, None))]
    if not (reports or others):
        return ""
    # What else is written is held against the manifest once that is read.
    ours, manifest = [*_of_run(chosen)], chosen.files or DEFAULTS
    for place, read in (
        *((p, [*manifest, *ours, *_named(after)]) for p in reports),
        *((p, ours) for p in others),
    ):
        if _is_kept(place, after):
            return f"{quoted(place)} is where runs keep what they know: write elsewhere"
        if os.path.exists(place) and any(map(partial(_is_same, place), read)):
            return f"{quoted(place)} is a file that this run reads: write the report elsewhere"
    return ""


def _of_run(chosen: Settings) -> Iterator[str]:
    """Yield what is read by all commands beside a manifest: its variables, the file of a token."""
    yield from chosen.env_files
    for name, value in os.environ.items():
        if name.startswith(_READ_BY_US) and name.endswith("_FILE"):
            yield value


def _named(after: Namespace) -> Iterator[str]:
    """Yield what may be the path of a file: all that options say."""
    for given in vars(after).values():
        for value in given if isinstance(given, (list, tuple)) else (given,):
            if isinstance(value, str):
                yield value


def _is_same(place: str, path: str) -> bool:
    """Return whether a path is the file `path`, or in that folder a file of a manifest."""
    if os.path.isdir(path):
        place, folder = os.path.realpath(place), os.path.realpath(path)
        return place.startswith(os.path.join(folder, "")) and place.endswith(_OF_MANIFEST)
    return os.path.exists(path) and os.path.samefile(place, path)


def _is_kept(place: str, after: Namespace) -> bool:
    """Return whether a path is a journal, or in a folder of those, of a watch, or of scans."""
    if _is_journal(place):
        return True
    folders = [os.path.realpath(f) for n in ("journal", "state") if (f := getattr(after, n, None))]
    above = os.path.dirname(os.path.realpath(place))
    while above != (higher := os.path.dirname(above)):
        marked = any(os.path.exists(os.path.join(above, name)) for name in _MARKS)
        if above in folders or above.endswith(_KEPT) or marked:
            return True
        above = higher
    return False


def _is_journal(place: str) -> bool:
    """Return whether a file that is there begins as a journal does, wherever it was kept."""
    if not os.path.isfile(place):
        return False
    try:
        with open(place, "rb") as file:
            return _OPENING in file.read(_LONG)
    except OSError:  # who writes there comes to know why
        return False
