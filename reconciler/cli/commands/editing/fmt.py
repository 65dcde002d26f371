"""`fmt`: manifest files in one layout."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import NamedTuple

from reconciler.cli.context import Context
from reconciler.cli.inputs.files import rewrite_whole
from reconciler.cli.options.command import Command
from reconciler.cli.settings import TEXT
from reconciler.errors import CHANGES, SUCCESS, FormatError, ManifestError, ReconcilerError
from reconciler.manifest import default_paths
from reconciler.manifest.files import find_files, is_stream, read_all
from reconciler.manifest.formatting.formatted import formatted
from reconciler.model import Problem
from reconciler.printable import commandless, quoted, shown


class FmtOptions(Namespace):
    """The options of `fmt`."""

    paths: list[str]
    check: bool


class _File(NamedTuple):
    name: str
    before: bytes
    after: bytes

    @property
    def changed(self) -> bool:
        return self.before != self.after


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a file, a folder with all *.yaml and *.yml below it, or - to read standard input and "
        "write to standard output (default: what -f names, else storages.yaml, storages.yml or "
        "storages/)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing: show what would change, and exit with 2 if there is anything",
    )


def _run(context: Context, options: FmtOptions) -> int:
    given = [*context.settings.files, *options.paths]
    files = _read(given or default_paths())
    if options.check:
        return _check(context, files)
    for file in files:
        if is_stream(file.name):
            _pass_on(context, file)
        elif file.changed:
            _rewrite(file)
            context.result(f"Formatted {quoted(file.name)}.")
    if not any(is_stream(file.name) for file in files):
        context.note(_counted(files))
    return SUCCESS


def _read(paths: Sequence[str]) -> list[_File]:
    """Read and lay out all files before one is written; raises `ManifestError` with all problems.

    Only where every file is valid is it a `FormatError` that something of one can't be kept.
    """
    problems: list[Problem] = []
    read, valid = [], True
    for file in find_files(paths, problems):
        try:
            data = read_all(file)
            read.append(_File(file, data, formatted(file, data)))
        except OSError as error:
            problems.append(Problem(file, f"the file can't be read: {error.strerror}"))
            valid = False
        except ManifestError as error:
            problems += error.problems
            valid = valid and isinstance(error, FormatError)
    if problems:
        raise (FormatError if valid else ManifestError)(problems)
    return read


def _check(context: Context, files: Sequence[_File]) -> int:
    changed = [file for file in files if file.changed]
    for file in changed:
        context.result("\n".join(_difference(file)))
    if not changed:
        context.note(_counted(files))
        return SUCCESS
    number = "1 file is" if len(changed) == 1 else f"{len(changed):,} files are"
    return context.outcome(f"Not formatted: {number} in another layout than `fmt` writes.", CHANGES)


def _difference(file: _File) -> Iterator[str]:
    before, after = (data.decode().splitlines() for data in (file.before, file.after))
    name = shown(file.name)
    lines = unified_diff(before, after, f"{name} (as it is)", f"{name} (formatted)", lineterm="")
    yield from map(shown, lines)
    if before == after:
        yield f"{name}: not all of its lines end in the same way"


def _pass_on(context: Context, file: _File) -> None:
    """Write what came from a pipe to standard output, as it is and harmless where that is a log."""
    text = file.after.decode()
    if commandless(text) != text:
        message = (
            "it holds what a CI runner would take for a command (`::` at the beginning of a line, "
            "`##[`): nothing is printed; name the file instead of `-`"
        )
        raise FormatError([Problem(file.name, message)])
    context.streams.verbatim(text)


def _rewrite(file: _File) -> None:
    if Path(file.name).read_bytes() != file.before:
        raise ReconcilerError(
            f"{quoted(file.name)} was changed by somebody else just now, and is as they left it: "
            "run this again"
        )
    rewrite_whole(file.name, file.after)


def _counted(files: Sequence[_File]) -> str:
    changed = sum(file.changed for file in files)
    number = "1 file" if len(files) == 1 else f"{len(files):,} files"
    return f"{number}, {changed:,} of them changed." if changed else f"{number}, all formatted."


COMMAND = Command(
    details="Keys come in the order of the reference, two columns deeper at each level; braces and "
    "brackets stay on a line of up to 100 columns that no comment cuts. Order of "
    "entries, values, quotes and comments stay as they are, and so do the ends of lines (those of "
    "the first line). What was written is read again before the file is replaced; what can't be "
    "kept is refused with its line, and the file left alone. Variables need not be set: each file "
    "is looked at by itself.\n\n"
    "Exit codes: 0 all is formatted, 1 something can't be kept, 2 something would be changed "
    "(--check), 65 a file is no valid manifest. With 1 and 65 no file was changed.",
    examples=(
        ("reconciler fmt", "format storages.yaml, or all below storages/"),
        ("reconciler fmt - < storages.yaml", "print it formatted, as editors ask for it"),
    ),
    add_arguments=_add_arguments,
    options=FmtOptions,
    run=_run,
    takes=("files",),
    formats=(TEXT,),
)
