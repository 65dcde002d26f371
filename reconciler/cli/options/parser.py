"""A command line -> which command, with which options, as typed values.

The options before the command and those after it are parsed one after the other by two parsers.
argparse's own subparsers would lose the former when both repeat an option.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
from collections.abc import Sequence

from reconciler.cli import TYPE_CHECKING, settings
from reconciler.cli.options import action_help, hints, outputs
from reconciler.cli.options.command import Row
from reconciler.cli.output.terminal import width
from reconciler.cli.settings import Settings
from reconciler.errors import ForbiddenFileError, UsageError
from reconciler.printable import shown
from reconciler.version import __version__

if TYPE_CHECKING:
    from typing import NoReturn

PROGRAM = "reconciler"
HELP, VERSION = "help", "version"
#: Words that stand where a command stands, and what they show.
ASKING = {HELP: "Show this help, or that of a COMMAND", VERSION: "Show the version"}
#: Columns that help needs at least, not to be a single letter a line.
_NARROWEST = 24
#: No option of ours is as long as this; a token that begins with a dash looks like one.
_LONGEST = 30
#: What argparse says of an option at the end of a line.
_WITHOUT_VALUE = re.compile(r"argument (?:-\w/)?(--[\w-]+): expected (?:one|[2-9]) arguments?")
_NO_CHOICE = re.compile(r"argument action: invalid choice: '([^']*)'")
#: Where argparse repeats a value that is as long as a token, such as that of `-qSECRET`.
_LONG_VALUE = re.compile(rf"((?:ignored explicit argument|invalid choice:) ')[\w-]{{{_LONGEST},}}'")
_DESCRIPTION = "Storages as code for Jetraw: declare storages in YAML, plan, review, apply."


class Shown(Exception):  # noqa: N818 - not an error: the answer to --help and --version
    """The command line asks for a text and nothing else.

    `asked` is false for one that says nothing at all, and is told how to say something.
    """

    def __init__(self, text: str, *, asked: bool = True) -> None:
        self.text = text
        self.asked = asked
        super().__init__(text)


class Parser(argparse.ArgumentParser):
    """argparse, without its habits of exiting the process and of guessing abbreviations."""

    def __init__(
        self, program: str, commands: Sequence[Row], *, description: str, epilog: str
    ) -> None:
        self._commands = commands
        super().__init__(
            prog=program,
            # Left to itself, argparse imports `shutil` to ask for the width.
            formatter_class=lambda prog: _Formatter(prog, width=_columns()),
            allow_abbrev=False,
            add_help=False,
            description=description,
            epilog=epilog,
        )
        self.register("type", None, settings.given_text)  # what arguments without a type are
        self.color = False  # Python 3.14 would colour the help, whatever --no-color says
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="show this help and exit")

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` instead of exiting."""
        if message.startswith("the following arguments are required"):
            names = message.partition(": ")[2].split(", ")
            message = hints.missing(self, self.prog, names) or message
        if found := _WITHOUT_VALUE.fullmatch(message):
            message = hints.of_value(self, found[1])
        if found := _NO_CHOICE.match(message):
            message = hints.of_choice(self, self.prog, found[1]) or message
        # A token that was pasted to the wrong place is not shown: its id may be, no more.
        message = re.sub(r"(rct_[0-9a-f]{16}_)[\w-]+", r"\1***", message)
        message = _LONG_VALUE.sub(r"\1***'", message)
        raise UsageError(f"{message}\nSee `{self.prog} --help`.")

    def refuse(self, extras: Sequence[str], repository: str | None = None) -> NoReturn:
        """Raise `UsageError` for arguments that nothing takes."""
        unknown = shown(extras[0].partition("=")[0])
        if unknown.startswith("-") and len(unknown) > _LONGEST and "rct_" not in unknown:
            self.error(f"unknown option {unknown[:2]}… (the rest is not shown: it may be a secret)")
        if unknown.startswith("-") and unknown != "--":
            hint = hints.of_option(unknown, hints.options_of(self), self._commands)
            self.error(f"unknown option {unknown}{hint}")
        word = extras[0].removeprefix(settings.LITERAL)
        hint = hints.of_argument(word, self.prog.removeprefix(f"{PROGRAM} "), repository)
        self.error(f"unexpected argument {word!r}{hint}")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def _split_lines(self, text: str, width: int) -> list[str]:
        return _filled(" ".join(text.split()), width).split("\n")


def _filled(text: str, columns: int) -> str:
    """Fill lines; an option or an address stays in one piece, however narrow the terminal is."""
    return textwrap.fill(text, max(columns, 1), break_long_words=False, break_on_hyphens=False)


def _entry(heading: str, summary: str) -> str:
    """Put a summary beside its heading; on a narrow terminal its lines stay below each other."""
    room = max(_columns() - len(heading), 1)
    return heading + _filled(summary, room).replace("\n", "\n" + " " * len(heading))


def _columns() -> int:
    """Return the columns of help; on the narrowest terminals some of it is wider than they are."""
    return max(width(os.environ, sys.stdout) - 2, _NARROWEST)


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise Shown(parser.format_help())


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        raise Shown(_version())


def _version() -> str:
    return f"{PROGRAM} {__version__}\n"


def parse(argv: Sequence[str], commands: Sequence[Row]) -> tuple[Settings, Row, argparse.Namespace]:
    """Understand a command line: what the global options say, the command, and its own options.

    Raises `UsageError` if it makes no sense, and `Shown` if it asks for help or the version.
    """
    top = top_parser(commands)
    _check_dashes(top, argv, commands)
    before, extras = top.parse_known_args(argv)
    if extras:
        top.refuse(extras)
    if not before.command:
        raise Shown(top.format_help(), asked=False)
    name, *rest = _literal(before.command)
    if name in ASKING:
        raise Shown(_answer(top, name, rest, commands))
    row = _find(top, name, commands)
    if action := action_help.asked_for(row.command, rest):
        raise Shown(action_parser(row, action).format_help())
    parser = command_parser(row, commands)
    after, extras = parser.parse_known_intermixed_args(rest, row.command.options())
    if extras:
        parser.refuse(extras, getattr(after, "repository", None))
    chosen = settings.merged(before, after)
    if refusal := outputs.refusal(row, before, after, chosen):
        # Not even the report of this error may go where none may.
        raise ForbiddenFileError(f"{refusal}\nSee `{parser.prog} --help`.")
    outputs.forget(after, chosen)
    return chosen, row, after


def _check_dashes(top: Parser, argv: Sequence[str], commands: Sequence[Row]) -> None:
    """Refuse `-out=plan.json`, which would mean `-o ut=plan.json`."""
    if not any(len(word) > 2 and word[0] == "-" != word[1] for word in argv):
        return
    named = (row for row in commands if row.name in argv)
    parsers = [top, *(command_parser(row, commands) for row in named)]
    known = {name for parser in parsers for name in hints.options_of(parser)}
    refusal = hints.of_one_dash(argv, known)
    if refusal:
        top.error(refusal)


def _answer(top: Parser, name: str, rest: Sequence[str], commands: Sequence[Row]) -> str:
    """Return what `help`, `help COMMAND` and `version` print."""
    if name == VERSION:
        return _version()
    about = next((word for word in rest if not word.startswith("-")), name)
    if about in ASKING:
        return top.format_help()
    row = _find(top, about, commands)
    action = action_help.named(row.command, rest)
    parser = action_parser(row, action) if action else command_parser(row, commands)
    return parser.format_help()


def top_parser(commands: Sequence[Row]) -> Parser:
    """Make the parser for what stands before the command, and for `reconciler --help`."""
    told = {**{row.name: row.summary for row in commands}, **ASKING}
    longest = max(map(len, told))
    listed = "\n".join(_entry(f"  {name:{longest}}  ", told[name]) for name in told)
    parser = Parser(
        PROGRAM,
        commands,
        description=f"{_DESCRIPTION}\n\ncommands:\n{listed}",
        epilog=f"`{PROGRAM} COMMAND --help` tells more of a command, with examples.",
    )
    parser.add_argument(
        "-V", "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    command = parser.add_argument(
        "command", nargs=argparse.PARSER, type=str, help=argparse.SUPPRESS
    )
    command.required = False  # its absence gets a better message than argparse's own
    parser.usage = f"{PROGRAM} [options] COMMAND [options]"
    settings.add_options(parser)
    return parser


def command_parser(row: Row, commands: Sequence[Row] = ()) -> Parser:
    """Make the parser for what stands after a command, and for its help.

    `commands` are those that a hint may name.
    """
    columns, command = _columns(), row.command
    paragraphs = (f"{row.summary}.", *command.paragraphs)
    about = "\n\n".join(_filled(paragraph, columns) for paragraph in paragraphs)
    examples = "\n".join(f"  {line}\n      {purpose}" for line, purpose in command.examples)
    parser = Parser(
        f"{PROGRAM} {row.name}",
        commands,
        description=about,
        epilog=f"examples:\n{examples}",
    )
    command.add_arguments(parser)
    parser.usage = _usage(parser)
    settings.add_options(parser, command.formats)
    return parser


def action_parser(row: Row, action: str) -> Parser:
    """Make the parser for the help of one action of a command."""
    command, program = row.command, f"{PROGRAM} {row.name} {action}"
    about = "\n\n".join(
        _filled(paragraph, _columns()) for paragraph in command.actions[action].split("\n\n")
    )
    examples = [
        f"  {line}\n      {purpose}"
        for line, purpose in command.examples
        if line.startswith(f"{program} ")
    ]
    everywhere = _entry("  ", action_help.global_options(command))
    end = f"global options, as `{PROGRAM} {row.name} --help` explains them:\n{everywhere}"
    if examples:
        end += "\n\nexamples:\n" + "\n".join(examples)
    parser = Parser(program, (), description=about, epilog=end)
    command.add_arguments(parser)
    action_help.narrow(parser, command, action)
    parser.usage = _usage(parser)
    return parser


def _usage(parser: Parser) -> str:
    """Return in a line how a command is called."""
    arguments = [
        action
        for action in parser._actions  # noqa: SLF001
        if not action.option_strings and action.help != argparse.SUPPRESS
    ]
    return " ".join([parser.prog, *map(_positional, arguments), "[options]"])


def _positional(action: argparse.Action) -> str:
    name = str(action.metavar or "|".join(action.choices or ()))
    return {"?": f"[{name}]", "*": f"[{name}...]"}.get(str(action.nargs), name)


def _find(parser: Parser, name: str, commands: Sequence[Row]) -> Row:
    by_name = {row.name: row for row in commands}
    if name not in by_name:
        near = hints.of_command(name, [*by_name, *ASKING])
        parser.error(f"unknown command {name!r}{near}")
    return by_name[name]


def _literal(words: Sequence[str]) -> Sequence[str]:
    """Mark what follows `--` as no option, also where argparse would forget that it does."""
    if "--" not in words:
        return words
    cut = words.index("--")
    rest = (settings.LITERAL + w if w.startswith("-") else w for w in words[cut + 1 :])
    return [*words[:cut], *rest]
