"""The global options, which stand before or after the command, in any mix."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence

from reconciler.cli import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

TEXT, JSON, MARKDOWN = "text", "json", "markdown"
FORMATS = (TEXT, JSON, MARKDOWN)
#: A page for a browser: what commands can write whose results are handed on.
HTML = "html"
GITHUB, GITLAB, GITLAB_WIDGET = "github", "gitlab", "gitlab-widget"
SARIF, JUNIT = "sarif", "junit"
#: In which commands that judge something can say what they found, to programs of others.
VERDICTS = (GITHUB, GITLAB, SARIF, JUNIT)
#: The same, and what only those can say that know what would change.
OF_VERDICTS = (*VERDICTS, GITLAB_WIDGET)
EVERY_FORMAT = (*FORMATS, HTML, *OF_VERDICTS)
#: Variables with which GitHub names the files to which `-o github` appends.
GITHUB_FILES = GITHUB_OUTPUT, GITHUB_SUMMARY = "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"
#: As the value of `--events`.
STDOUT = "-"


class Output:
    """What one `-o` asks for: a format, and a file; None: it goes to standard output."""

    def __init__(self, format: str, file: str | None = None) -> None:
        self.format = format
        self.file = file


class Written(str):
    """The path of a file that a command writes: the value of each option that names one."""


class Appended(str):
    """The path of a file in which what is there stays, and a report is written behind it."""


class WrittenManifest(Written):
    """The path of a file of a manifest that a command writes."""


class Settings(argparse.Namespace):
    """What the global options say."""

    files: tuple[str, ...] = ()
    platform: str | None = None
    env_files: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    #: Seconds that the whole command may take; None without end.
    timeout: float | None = None
    output: str = TEXT
    #: What is to be written into files beside.
    output_files: tuple[Output, ...] = ()
    #: Where events go: a file, or STDOUT.
    events: str | None = None
    #: The folder of journals; None for the default one.
    journal: str | None = None
    no_color: bool = False
    #: How many `-v` were given, less the `-q`.
    verbosity: int = 0
    debug: bool = False


#: Options that most commands heed: all that read a manifest and a platform.
COMMON_OPTIONS = {
    "files": "-f/--file",
    "platform": "--platform",
    "env_files": "--env-file",
    "scope": "--scope",
    "timeout": "--timeout",
}
#: Options that do not mean something for every command; one for which they don't says so.
LIMITED_OPTIONS = {**COMMON_OPTIONS, "journal": "--journal"}


_INTO_FILES = "; FORMAT=FILE writes that report into a file beside, and may be repeated"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: Stands before a word that begins with a dash and is no option; no real word can hold it.
LITERAL = "\0"


def given_text(text: str) -> str:
    """Take the value of an argument; an empty one (often an unset variable) is refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the value is empty")
    return text.removeprefix(LITERAL)


def output_path(text: str) -> str:
    """Take the path of a file that is to be written; `-` is none."""
    text = given_text(text)
    return text if text == STDOUT else Written(text)


def manifest_path(text: str) -> str:
    """Take the path of a file of a manifest that is to be written; `-` is none."""
    text = given_text(text)
    return text if text == STDOUT else WrittenManifest(text)


def read_output(text: str) -> Output:
    """Read a format, or `FORMAT=FILE`; `-` is standard output."""
    format, equals, file = text.partition("=")
    if format not in EVERY_FORMAT:
        known = ", ".join(map(repr, EVERY_FORMAT))
        raise argparse.ArgumentTypeError(f"invalid choice: {format!r} (choose from {known})")
    if equals and not file.strip():
        raise argparse.ArgumentTypeError(f"{text!r} names no file")
    return Output(format, file if equals and file != STDOUT else None)


def duration(text: str) -> float:
    """Read a duration: `90`, `90s`, `1.5m`, `2h`, `7d`."""
    number, unit = (text[:-1], _UNITS[text[-1:]]) if text[-1:] in _UNITS else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: write 90s, 5m, 1h or 7d")
    return seconds


def appended(chosen: Settings, environ: Mapping[str, str]) -> list[tuple[str, Appended]]:
    """Return the files to which `-o github` appends, each behind the variable that names it."""
    if GITHUB not in {chosen.output, *(one.format for one in chosen.output_files)}:
        return []
    return [(name, Appended(environ[name])) for name in GITHUB_FILES if environ.get(name)]


def add_options(parser: argparse.ArgumentParser, formats: Sequence[str] = FORMATS) -> None:
    """Add the global options to a parser. None of them has a default: see `merged`.

    `formats` are those in which the command can write its results.
    """
    group = parser.add_argument_group("global options")
    _add_inputs(group)
    _add_outputs(group, formats)


def unheeded(chosen: Settings, takes: Collection[str]) -> list[str]:
    """Name the options that were given and mean nothing for a command that takes `takes`."""
    ordinary = Settings()
    return [
        option
        for field, option in LIMITED_OPTIONS.items()
        if field not in takes and getattr(chosen, field) != getattr(ordinary, field)
    ]


def _add_inputs(group: argparse._ArgumentGroup) -> None:
    """Add what a command works on."""
    group.add_argument(
        "-f",
        "--file",
        dest="files",
        action="append",
        metavar="PATH",
        help="manifest: a file, a folder with all *.yaml and *.yml below it, or - for standard "
        "input; may be repeated (default: storages.yaml, storages.yml or storages/)",
    )
    group.add_argument(
        "--platform",
        metavar="URL",
        help="platform to work on, whatever the manifest and RECONCILER_PLATFORM say",
    )
    group.add_argument(
        "--env-file",
        dest="env_files",
        action="append",
        metavar="FILE",
        help="variables for the manifest; may be repeated, later files win, the environment wins "
        "over all",
    )
    group.add_argument(
        "--scope",
        action="append",
        metavar="GLOB",
        help="only storages with these names; may be repeated; narrows the manifest's own scope, "
        "and RECONCILER_SCOPE (globs separated by commas) narrows it further",
    )
    group.add_argument(
        "--timeout",
        type=duration,
        metavar="TIME",
        help="come to an end after this time (90s, 5m, 1h); apply starts nothing more then, and "
        "finishes what runs",
    )


def _add_outputs(group: argparse._ArgumentGroup, formats: Sequence[str]) -> None:
    """Add where and how a command tells what it does."""
    group.add_argument(
        "-o",
        "--output",
        type=read_output,
        action="append",
        metavar="|".join(formats),
        help="how results are written (default: text)"
        + (_INTO_FILES if set(VERDICTS) <= set(formats) else ""),
    )
    group.add_argument(
        "--events",
        type=output_path,
        metavar="FILE",
        help="write what happens to this file as it happens, one JSON object a line; - is standard "
        "output, and the report then goes to standard error",
    )
    group.add_argument(
        "--journal",
        metavar="DIR",
        help="folder in which each apply leaves its journal, and where `history` finds them "
        "(default: .reconciler/journal, beside the manifest that -f names, else in the current "
        "folder)",
    )
    group.add_argument(
        "--no-color",
        action="store_true",
        default=None,
        help="no colour, also on a terminal (as NO_COLOR; FORCE_COLOR does the opposite)",
    )
    group.add_argument("-q", "--quiet", action="count", help="only results and errors")
    group.add_argument("-v", "--verbose", action="count", help="tell more")
    group.add_argument(
        "--debug", action="store_true", default=None, help="show the traceback of any error"
    )


def merged(before: argparse.Namespace, after: argparse.Namespace) -> Settings:
    """Return together what stands before the command and after it.

    Options that may be repeated add up, in order; of the others the last one counts.
    """

    def repeated(name: str) -> tuple[Any, ...]:
        return tuple((getattr(before, name) or []) + (getattr(after, name) or []))

    def last(name: str) -> str | None:
        found: str | None = getattr(after, name)
        return getattr(before, name) if found is None else found

    def total(name: str) -> int:
        return (getattr(before, name) or 0) + (getattr(after, name) or 0)

    outputs: tuple[Output, ...] = repeated("output")
    return Settings(
        files=repeated("files"),
        platform=last("platform"),
        env_files=repeated("env_files"),
        scope=repeated("scope"),
        timeout=None if (timeout := last("timeout")) is None else float(timeout),
        output=[TEXT, *(one.format for one in outputs if one.file is None)][-1],
        output_files=tuple(one for one in outputs if one.file is not None),
        events=last("events"),
        journal=last("journal"),
        no_color=bool(last("no_color")),
        verbosity=total("verbose") - total("quiet"),
        debug=bool(last("debug")),
    )
