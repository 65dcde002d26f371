"""Which reports a command can write, and what no output may replace: one rule for all options.

An option that writes a file has the type `output_path`. Before a command begins, each of these and
each report is held against `_PROTECTED`; once it has read a manifest, against that (`of_manifest`).
A report is held against it also where the rest of a line makes no sense (`of_report`).
Two things are seen to where more is known: no file lies in a storage
(`reconciler/applying/apart.py`), and none replaces a database (`reconciler/cli/inputs/files.py`).
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence

from reconciler.cli.options.command import Row
from reconciler.cli.settings import VERDICTS, Appended, Settings, Written, WrittenManifest, appended
from reconciler.environment.at_hand import DEFAULTS, JOURNALS, WATCHED, WATCHES
from reconciler.printable import quoted
from reconciler.recovery.repository import MARKER

#: With what variables begin that name files which we read, or what we build upon.
_READ_BY_US = ("RECONCILER_", "JETRAW_", "AWS_", "SSL_")
#: What lies in a folder that a watch, or scans, keep for themselves.
_MARKS = (WATCHED, MARKER)
#: What stands among the first bytes of a journal, and how many those are.
_OPENING, _LONG = b'"event":"run_started"', 200
#: How files of a manifest end that lie in its folder.
_OF_MANIFEST = (".yaml", ".yml")
#: What git calls the folder of a repository.
_GIT = ".git"
#: Where runs keep their journals, and a watch what it knows, if nobody says otherwise.
_KEPT = (JOURNALS, WATCHES)
#: What is said of a file that holds anything else.
NO_REPORT = "is no report, and a report replaces nothing else: give another path, or remove it"


class _Asked:
    """A file that is to be written, and what else the command line says."""

    def __init__(
        self, file: str, others: Sequence[str], after: Namespace, chosen: Settings
    ) -> None:
        self.file = file
        #: What is written as well.
        self.others = others
        self.after = after
        self.chosen = chosen
        self.is_report = not isinstance(file, Written)


def refusal(row: Row, before: Namespace, after: Namespace, chosen: Settings) -> str:
    """Return why what is asked for can't be written; empty if it can.

    `before` and `after` are what stands on both sides of the command.
    """
    told = _of_formats(row.name, row.command.formats, chosen)
    told = told or _of_stdout(before) or _of_stdout(after)
    return told or _of_files(after, chosen)


def of_report(file: str, words: Sequence[str]) -> str:
    """Return why a report can't be written where a line makes no sense; empty if it can.

    Whichever of its `words` is a path may be read, also one that is joined to an option, unless
    that writes.
    """
    options = [w for w in words if w.startswith("-") and not w.startswith(("-o", "--out"))]
    joined = [value for word in options for value in (word.partition("=")[2], word[2:]) if value]
    return _of_file(_Asked(file, (), Namespace(words=[*words, *joined]), Settings()))


def holds_else(path: str) -> bool:
    """Return whether a file is there that holds anything else than a report, or can't be read."""
    if not os.path.lexists(path):
        return False
    # Most commands are asked for no file, and most files are new.
    from reconciler.report import known

    return known.holds_else(path)


def forget(*given: Namespace) -> None:
    """Make plain text of paths that were held against all: libraries know no other."""
    for namespace in given:
        for name, value in vars(namespace).items():
            if isinstance(value, Written):
                setattr(namespace, name, str(value))


def of_manifest(files: Iterable[str], lock: str | None, path: str, what: str) -> str:
    """Return why `what` can't be written to a path: it is one of the manifest's, or of its lock.

    `files` are those of the manifest, `lock` is the folder of its lock; empty if it can.
    """
    if os.path.exists(path) and any(_is_file(path, file) for file in files):
        return f"{quoted(path)} is a file of the manifest: write the {what} elsewhere"
    if lock is not None and _lies_in(path, lock):
        return f"{quoted(path)} is a file of the manifest's lock: write the {what} elsewhere"
    return ""


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
    given = {**vars(after), "events": chosen.events}
    asked: list[tuple[str, str]] = []
    asked += [("", value) for value in given.values() if isinstance(value, Written)]
    asked += [("", one.file) for one in chosen.output_files if one.file]
    asked += [(f"{variable} ", file) for variable, file in appended(chosen, os.environ)]
    files = [file for _, file in asked]
    for number, (named, file) in enumerate(asked):
        if told := _of_file(_Asked(file, files[:number], after, chosen)):
            return named + told
    return ""


def _of_file(asked: _Asked) -> str:
    is_there = os.path.exists(asked.file)
    if isinstance(asked.file, Appended) and is_there and not os.path.isfile(asked.file):
        return ""  # a device, or a pipe
    for is_protected, told in _PROTECTED:
        if is_protected(asked):
            return f"{quoted(asked.file)} {told}"
    return ""


def _is_twice(asked: _Asked) -> bool:
    return any(_is_file(asked.file, other) for other in asked.others)


def _is_manifest(asked: _Asked) -> bool:
    return asked.is_report and asked.file.lower().endswith(_OF_MANIFEST)


def _joins_manifest(asked: _Asked) -> bool:
    """Return whether a file is made that is read with the manifest from then on."""
    if isinstance(asked.file, WrittenManifest) or os.path.exists(asked.file):
        return False  # of what is there is told once the manifest is read
    names = (asked.file, os.path.realpath(asked.file))
    return any(name.lower().endswith(_OF_MANIFEST) for name in names) and any(
        os.path.isdir(path) and any(_lies_in(asked.file, folder) for folder in _folders(path))
        for path in _manifest(asked)
    )


def _is_gits(asked: _Asked) -> bool:
    """Return whether a path is where git keeps a repository, or the file that says where."""
    return any(
        os.path.basename(place).lower() == _GIT for place in (asked.file, *_above(asked.file))
    )


def _is_kept(asked: _Asked) -> bool:
    """Return whether a path is a journal, or in a folder of those, of a watch, or of scans."""
    state = getattr(asked.after, "state", None)
    folders = [folder for folder in (asked.chosen.journal, state) if folder]
    return _is_journal(asked.file) or any(
        above.endswith(_KEPT)
        or any(os.path.exists(os.path.join(above, name)) for name in _MARKS)
        or any(_is_file(above, folder) for folder in folders)
        for above in _above(asked.file)
    )


def _is_read(asked: _Asked) -> bool:
    """Return whether a run reads what is there, or may read it."""
    if not os.path.exists(asked.file):
        return False
    if any(_is_file(asked.file, path) for path in (*_of_run(asked.chosen), *_named(asked.after))):
        return True
    # What else is written is held against the manifest once that is read.
    return asked.is_report and any(
        any(_is_file(asked.file, file) for file in _files(path))
        if os.path.isdir(path)
        else _is_file(asked.file, path)
        for path in _manifest(asked)
    )


def _is_no_report(asked: _Asked) -> bool:
    is_new = asked.is_report and not isinstance(asked.file, Appended)
    return is_new and holds_else(asked.file)


#: What no output may replace, and what is said of it.
_PROTECTED = (
    (_is_twice, "is named twice: each report, and what else is written, needs a file of its own"),
    (_is_manifest, "has the name of a manifest, which no report is to replace: give another one"),
    (_joins_manifest, "would be read as a file of the manifest: write elsewhere"),
    (_is_gits, "is git's own, and no output belongs there: write elsewhere"),
    (_is_kept, "is where runs keep what they know: write elsewhere"),
    (_is_read, "is a file that this run reads: write the report elsewhere"),
    (_is_no_report, NO_REPORT),
)


def _manifest(asked: _Asked) -> Sequence[str]:
    return asked.chosen.files or DEFAULTS


def _files(folder: str) -> Iterator[str]:
    """Yield the files of a manifest that is a folder, also what links in it lead to."""
    for above, names in _walk(folder):
        yield from (os.path.join(above, name) for name in names if _is_read_of_folder(name))


def _folders(folder: str) -> Iterator[str]:
    """Yield a folder, and those that links below it lead to: files there are the manifest's too."""
    for above, _ in _walk(folder):
        if above == folder or os.path.islink(above):
            yield above


def _walk(folder: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder below one, itself first, and the names in it, as manifests are read."""
    seen = set()
    for above, below, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(above)
        below[:] = [name for name in below if real not in seen and not name.startswith(".")]
        if real not in seen:
            yield above, names
        seen.add(real)


def _is_read_of_folder(name: str) -> bool:
    return name.lower().endswith(_OF_MANIFEST) and not name.startswith(".")


def _of_run(chosen: Settings) -> Iterator[str]:
    """Yield what is read by all commands beside a manifest: its variables, the file of a token."""
    yield from chosen.env_files
    for name, value in os.environ.items():
        if name.startswith(_READ_BY_US) and name.endswith("_FILE"):
            yield value


def _named(after: Namespace) -> Iterator[str]:
    """Yield what may be the path of a file that is read: all that options say but outputs."""
    for given in vars(after).values():
        for value in given if isinstance(given, (list, tuple)) else (given,):
            if isinstance(value, str) and not isinstance(value, Written):
                yield value


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path as it is named, and above what links make of it."""
    for place in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
        above = os.path.dirname(place)
        while above != (higher := os.path.dirname(above)):
            yield above
            above = higher


def _lies_in(path: str, folder: str) -> bool:
    return any(_is_file(above, folder) for above in _above(path))


def _is_file(path: str, other: str) -> bool:
    """Return whether two paths are one file or folder: by a link, in another case, or mounted."""
    try:
        return os.path.samefile(path, other)
    except (OSError, ValueError):  # one of them is not there
        return os.path.realpath(path) == os.path.realpath(other)


def _is_journal(place: str) -> bool:
    """Return whether a file that is there begins as a journal does, wherever it was kept."""
    if not os.path.isfile(place):
        return False
    try:
        with open(place, "rb") as file:
            return _OPENING in file.read(_LONG)
    except OSError:  # who writes there comes to know why
        return False
