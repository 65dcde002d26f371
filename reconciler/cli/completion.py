"""The whole command line as one parser, which `shtab` turns into a completion script."""

from __future__ import annotations

import argparse

import shtab

from reconciler.cli import settings
from reconciler.cli.commands import COMMANDS
from reconciler.cli.parser import PROGRAM

#: Arguments that name files; the shell then completes paths.
_FILES = frozenset({"files", "env_files", "out", "digest_file", "ids", "plan", "expect", "events"})


def script(shell: str) -> str:
    """Give the completion script for a shell."""
    parser = argparse.ArgumentParser(PROGRAM)
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    _add_settings(parser)
    children = parser.add_subparsers()
    for command in COMMANDS:
        child = children.add_parser(command.name, help=command.summary)
        command.add_arguments(child)
        _add_settings(child)
    text: str = shtab.complete(parser, shell)
    return text


def _add_settings(parser: argparse.ArgumentParser) -> None:
    settings.add_options(parser)
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to see them
        if action.dest in _FILES:
            vars(action)["complete"] = shtab.FILE
