"""What a TAB offers: names that the manifest at hand declares, and ids of runs in its journals.

A shell waits for it, so no platform is asked, and little imported: what reads manifests takes three
times as long to import as all of this takes. Their text is searched for names instead, which finds
them in one that is being written and not valid yet, too.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.environment.at_hand import DEFAULTS, journals_beside

NAMES, RUNS = "names", "runs"
#: The shell that hands over words as they were typed, and chooses nothing itself.
BASH = "bash"
#: More is not read: whoever presses TAB waits.
_MOST_FILES, _MOST_BYTES = 1_000, 4_000_000
_SUFFIXES = (".yaml", ".yml")
_JOURNAL = ".jsonl"
_BRACKET = re.compile(r"[\[\]{}]")
#: What matters in a line of a manifest: the key `name` with what stands behind it, other texts in
#: quotes and comments, to be passed over, braces and brackets.
_TOKEN = re.compile(
    r"""(?x)
    (?<![^\s\[{,-])(?: name[ \t]*:(?=[ \t]) | (?P<quote>["'])name(?P=quote)[ \t]*: )
      [ \t]*(?:[&!]\S+[ \t]+)?
      (?: "(?P<double>(?:[^"\\]|\\["\\/])*)" | '(?P<single>(?:[^']|'')*)'
        | (?P<plain>[^\s"'#&*!|>%@`{}\[\],](?:(?<=\S)\#|[^#,\[\]{}])*) )
    | (?<![^\s\[{,:-])(?: "(?:[^"\\]|\\.)*" | '(?:[^']|'')*' )
    | (?<!\S)\#.*
    | (?<![^\s\[{,:-])(?P<open>[\[{])
    | (?P<close>[\]}])
    """
)
#: What a plain text goes on with where it stands between no braces or brackets.
_REST = re.compile(r"(?:[^#]|(?<=\S)#)*")


def run(question: Sequence[str]) -> int:
    """Print what fits, one a line; whatever is wrong, nothing else is ever printed.

    `question` is OFFER, the shell, NAMES or RUNS, the word that is being typed, and all words of
    the line behind the program.
    """
    try:
        _, shell, kind, word, *line = question
        if shell == BASH:
            word, *line = map(_plain, (word, *line))
        found = _names(line) if kind == NAMES else _runs(line)
        chosen = word if shell == BASH else ""
        # A terminal shows it: what that would take for a command is not offered.
        fitting = (name for name in found if name.startswith(chosen) and name.isprintable())
        sys.stdout.buffer.write("".join(f"{name}\n" for name in fitting).encode())
        sys.stdout.flush()
    except Exception:  # noqa: S110 - the line that is being typed stays as it is
        pass
    return 0


def _plain(word: str) -> str:
    """Return a word as bash would hand it to the command, as far as that can be known."""
    return re.sub(r"\\(.)|[\"']", r"\1", word)


def _values(line: Sequence[str], *options: str) -> list[str]:
    """Return the values that an option has on the command line, by any of its names."""
    found = []
    for number, word in enumerate(line):
        name, equals, value = word.partition("=")
        if word in options and number + 1 < len(line):
            found.append(line[number + 1])
        elif equals and name in options:
            found.append(value)
    return [os.path.expandvars(Path(value).expanduser()) for value in found]


def _runs(line: Sequence[str]) -> list[str]:
    """Return the ids of runs that have left a journal."""
    (*_, given) = (None, *_values(line, "--journal"))
    folder = Path(given or journals_beside(_values(line, "-f", "--file")))
    return sorted(path.stem for path in folder.iterdir() if path.suffix == _JOURNAL)


def _names(line: Sequence[str]) -> list[str]:
    """Return the names that stand in the manifest, in their order."""
    written: dict[str, None] = {}
    left = _MOST_BYTES
    for number, file in enumerate(_files(_values(line, "-f", "--file") or DEFAULTS)):
        try:
            with file.open("rb") as stream:
                data = stream.read(left)
        except OSError:
            continue
        left -= len(data)
        written.update(dict.fromkeys(names_in(data.decode("utf-8-sig", "replace"))))
        if left <= 0 or number == _MOST_FILES:
            break
    return _filled(list(written), _values(line, "--env-file"))


def _is_small(file: str) -> bool:
    """Return whether an ordinary file is there that is read as long as somebody waits."""
    return Path(file).is_file() and Path(file).stat().st_size <= _MOST_BYTES


def _files(paths: Sequence[str]) -> Iterator[Path]:
    """Yield the files of a manifest; pipes are none of them, for they can be read only once."""
    for path in map(Path, paths):
        if path.is_file():
            yield path
        for folder, below, files in os.walk(path):
            below[:] = sorted(name for name in below if name[0] != ".")
            shown = (name for name in files if name.endswith(_SUFFIXES) and name[0] != ".")
            yield from filter(Path.is_file, (Path(folder, name) for name in sorted(shown)))


def names_in(text: str) -> Iterator[str]:
    """Yield what stands behind each key `name` of a manifest, its variables not filled in."""
    depth = 0
    for line in text.split("\n"):
        if "name" not in line and not _BRACKET.search(line):
            continue
        at = 0
        while found := _TOKEN.search(line, at):
            at = found.end()
            depth = max(depth + (found["open"] is not None) - (found["close"] is not None), 0)
            if found["double"] is not None:
                yield re.sub(r"\\([\"\\/])", r"\1", found["double"])
            elif found["single"] is not None:
                yield found["single"].replace("''", "'")
            elif found["plain"] is not None:
                rest = None if depth else _REST.match(line, at)
                at = rest.end() if rest else at
                yield line[found.start("plain") : at].strip()


def _filled(names: list[str], env_files: Sequence[str]) -> list[str]:
    """Fill in variables; a name of which one is not set is left out."""
    if not any("${" in name for name in names):
        return [name.replace("$$", "$") for name in names]
    # Dear, and few manifests have variables in names.
    from reconciler.manifest.filling import interpolate, variables

    # A pipe may never end, and what is read here is gone for the command.
    files = [file for file in env_files if _is_small(file)]
    known = variables.read_variables(os.environ, files)
    told = (interpolate.filled(name, known) for name in names)
    return [name for name, refusal in told if refusal is None]
