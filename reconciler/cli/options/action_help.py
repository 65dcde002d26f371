"""The help of one action of a command that has several, such as `snapshot create --help`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence

from reconciler.cli import settings
from reconciler.cli.options.command import Command

_ASKS = ("-h", "--help")
#: The action that an option belongs to, at the beginning of its help.
_OF = re.compile(r"([a-z]+)\b[^:]*: ")


def asked_for(command: Command, words: Sequence[str]) -> str:
    """Return the action whose help the words after a command ask for; empty if they do not."""
    return named(command, words) if any(word in _ASKS for word in words) else ""


def named(command: Command, words: Iterable[str]) -> str:
    """Return the first of the words that is an action of the command; empty if none is."""
    return next((word for word in words if word in command.actions), "")


def narrow(parser: argparse.ArgumentParser, command: Command, action: str) -> None:
    """Leave out of a help what belongs to other actions."""
    for argument in parser._actions:  # noqa: SLF001 - argparse has no other way to see them
        told = str(argument.help)
        of = _OF.match(told)
        if argument.choices and not argument.option_strings:
            argument.help = argparse.SUPPRESS
        elif of and of[1] in command.actions:
            argument.help = told if of[1] == action else argparse.SUPPRESS
            argument.help = argument.help.removeprefix(f"{action}: ").removeprefix(f"{action} ")


def global_options(command: Command) -> str:
    """Name the options that every command takes, with what they want."""
    parser = argparse.ArgumentParser(add_help=False)
    settings.add_options(parser, command.formats)
    return ", ".join(
        each.option_strings[0] if each.nargs == 0 else f"{each.option_strings[0]} {each.metavar}"
        for each in parser._actions  # noqa: SLF001
    )
