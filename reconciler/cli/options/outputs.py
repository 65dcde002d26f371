"""Which reports a command can write, and where: what `-o` asks for, held against all else."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence

from reconciler.cli.options.command import Row
from reconciler.cli.settings import VERDICTS, Settings
from reconciler.printable import quoted

#: Options of commands that write files.
_FILES = ("out", "digest_file", "rows", "metrics")
#: With what variables begin that name files which we read, or what we build upon.
_READ_BY_US = ("RECONCILER_", "JETRAW_", "AWS_", "SSL_")


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
    """Refuse to replace what the run reads, or may read: a plan, variables, the file of a token."""
    read = list(filter(os.path.exists, _named(after, chosen))) if chosen.output_files else []
    for place in (one.file or "" for one in chosen.output_files):
        if os.path.exists(place) and any(os.path.samefile(path, place) for path in read):  # noqa: PTH110, PTH121 - `pathlib` is dear
            return f"{quoted(place)} is a file that this run reads: write the report elsewhere"
    return ""


def _named(after: Namespace, chosen: Settings) -> Iterator[str]:
    """Yield what may be the path of a file: all that options and variables say."""
    yield from chosen.env_files
    for name, value in os.environ.items():
        if name.startswith(_READ_BY_US) and name.endswith("_FILE"):
            yield value
    for given in vars(after).values():
        for value in given if isinstance(given, (list, tuple)) else (given,):
            if isinstance(value, str):
                yield value
