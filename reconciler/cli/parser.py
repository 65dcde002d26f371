"""A command line -> which command, with which options, as typed values.

The options before the command and those after it are parsed one after the other by two parsers.
argparse's own subparsers would lose the former when both repeat an option.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence

from reconciler.cli import TYPE_CHECKING, settings
from reconciler.cli.command import Command
from reconciler.cli.commands import COMMANDS
from reconciler.cli.settings import LIMITED_OPTIONS, Settings
from reconciler.cli.terminal import width

if TYPE_CHECKING:
    from typing import NoReturn

    from reconciler.cli.context import Context

PROGRAM = "reconciler"
_DESCRIPTION = "Storages as code for Jetraw: declare storages in YAML, plan, review, apply."


class Shown(Exception):  # noqa: N818 - not an error: the answer to --help and --version
    """The command line asks for a text and nothing else."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class Parser(argparse.ArgumentParser):
    """argparse, without its habits of exiting the process and of guessing abbreviations."""

    def __init__(self, program: str, *, description: str, epilog: str) -> None:
        super().__init__(
            prog=program,
            formatter_class=_formatter,
            allow_abbrev=False,
            add_help=False,
            description=description,
            epilog=epilog,
        )
        self.color = False  # Python 3.14 would colour the help, whatever --no-color says
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="show this help and exit")

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` instead of exiting."""
        import re

        from reconciler.errors import UsageError

        # A token that was pasted to the wrong place is not shown: its id may be, no more.
        message = re.sub(r"(rct_[0-9a-f]{16}_)[\w-]+", r"\1***", message)
        raise UsageError(f"{message}\nSee `{self.prog} --help`.")

    def refuse(self, extras: Sequence[str]) -> NoReturn:
        """Raise `UsageError` for arguments that nothing takes."""
        from reconciler.names import shown

        unknown = shown(extras[0].partition("=")[0])
        if unknown.startswith("-") and unknown != "--":
            known = [name for action in self._actions for name in action.option_strings]
            self.error(f"unknown option {unknown}{_did_you_mean(unknown, known)}")
        self.error(f"unexpected argument {extras[0].removeprefix(settings.LITERAL)!r}")


def _formatter(prog: str) -> argparse.HelpFormatter:
    # Left to itself, argparse imports `shutil` to ask for the width.
    return argparse.RawDescriptionHelpFormatter(prog, width=width(os.environ, sys.stdout) - 2)


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise Shown(parser.format_help())


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        from reconciler import __version__

        raise Shown(f"{PROGRAM} {__version__}\n")


def parse(argv: Sequence[str]) -> tuple[Settings, Callable[[Context], int]]:
    """Understand a command line: what the global options say, and what runs the command.

    Raises `UsageError` if it makes no sense, and `Shown` if it asks for help or the version.
    """
    top = top_parser()
    before, extras = top.parse_known_args(argv)
    if extras:
        top.refuse(extras)
    if not before.command:
        top.error("no command was given")
    name, *rest = _literal(before.command)
    command = _find(top, name)
    parser = command_parser(command)
    after, extras = parser.parse_known_intermixed_args(rest, command.options())
    if extras:
        parser.refuse(extras)
    chosen = settings.merged(before, after)
    _check_settings(parser, command, chosen)
    return chosen, lambda context: command.run(context, after)


def top_parser() -> Parser:
    """Make the parser for what stands before the command, and for `reconciler --help`."""
    longest = max(len(command.name) for command in COMMANDS)
    listed = "\n".join(f"  {command.name:{longest}}  {command.summary}" for command in COMMANDS)
    parser = Parser(
        PROGRAM,
        description=f"{_DESCRIPTION}\n\ncommands:\n{listed}",
        epilog=f"`{PROGRAM} COMMAND --help` tells more of a command, with examples.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    command = parser.add_argument("command", nargs=argparse.PARSER, help=argparse.SUPPRESS)
    command.required = False  # its absence gets a better message than argparse's own
    parser.usage = f"{PROGRAM} [options] COMMAND [options]"
    settings.add_options(parser)
    return parser


def command_parser(command: Command) -> Parser:
    """Make the parser for what stands after a command, and for its help."""
    columns = width(os.environ, sys.stdout) - 2
    about = "\n\n".join(textwrap.fill(paragraph, columns) for paragraph in command.paragraphs)
    examples = "\n".join(f"  {line}\n      {purpose}" for line, purpose in command.examples)
    parser = Parser(
        f"{PROGRAM} {command.name}",
        description=about,
        epilog=f"examples:\n{examples}",
    )
    command.add_arguments(parser)
    parser.usage = usage(parser)
    settings.add_options(parser)
    return parser


def usage(parser: Parser) -> str:
    """Say in a line how a command is called."""
    return " ".join([parser.prog, *map(_positional, positionals(parser)), "[options]"])


def positionals(parser: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    """Give the arguments of a parser that are not options."""
    return [action for action in parser._actions if not action.option_strings]  # noqa: SLF001


def _positional(action: argparse.Action) -> str:
    name = str(action.metavar or "|".join(action.choices or ()))
    return {"?": f"[{name}]", "*": f"[{name}...]"}.get(str(action.nargs), name)


def _find(parser: Parser, name: str) -> Command:
    commands = {command.name: command for command in COMMANDS}
    if name not in commands:
        parser.error(f"unknown command {name!r}{_did_you_mean(name, commands)}")
    return commands[name]


def _literal(words: Sequence[str]) -> Sequence[str]:
    """Mark what follows `--` as no option, also where argparse would forget that it does."""
    if "--" not in words:
        return words
    cut = words.index("--")
    rest = (settings.LITERAL + w if w.startswith("-") else w for w in words[cut + 1 :])
    return [*words[:cut], *rest]


def _check_settings(parser: Parser, command: Command, chosen: Settings) -> None:
    ordinary = Settings()
    for field, option in LIMITED_OPTIONS.items():
        if field not in command.takes and getattr(chosen, field) != getattr(ordinary, field):
            parser.error(f"`{command.name}` does not take {option}")


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    known = list(known)
    longer = [name for name in known if name.startswith(word)] if len(word) > 2 else []
    near = longer or get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
