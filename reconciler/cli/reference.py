"""`docs/reference/commands.md`, made from the commands: `python -m reconciler.cli.reference`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from itertools import chain

from reconciler.cli import settings
from reconciler.cli.commands import COMMANDS
from reconciler.cli.exits import MEANINGS
from reconciler.cli.options.command import Row
from reconciler.cli.options.parser import PROGRAM, command_parser

_VARIABLES = {
    "RECONCILER_PLATFORM": "the platform, where the manifest leaves it out",
    "RECONCILER_SCOPE": "globs, separated by commas, that narrow the scope",
    "RECONCILER_TOKEN, RECONCILER_TOKEN_FILE": "the token for a state server, or a file with it",
    "JETRAW_REFRESH_TOKEN, JETRAW_REFRESH_TOKEN_FILE": "the API key of an organisation, or a file "
    "with it",
    "JETRAW_HOST": "the organisation's state server, where it is not the usual one",
    "RECONCILER_DATABASE, RECONCILER_DATABASE_FILE": "the database of `serve` and `token`, or a "
    "file with its URL",
    "RECONCILER_WATCH_TOKEN, RECONCILER_WATCH_TOKEN_FILE": "the token that `watch --listen` wants "
    "of those who ask, or a file with it",
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY": "proxies on the way to a state server: `http://`, "
    "`https://`, `socks5://`",
    "NO_PROXY": "hosts, domains, addresses and networks (`10.0.0.0/8`, `fd00::/8`) that need none",
    "SSL_CERT_FILE, SSL_CERT_DIR": "authorities that sign its certificate, instead of the system's",
    "CI": "where it is set, the login of a person is not used for `jetraw://`",
    "NO_COLOR, FORCE_COLOR": "no colour, or colour everywhere; `NO_COLOR` wins",
    "COLUMNS": "how wide text is; otherwise as wide as the terminal, or 80",
}
_HEAD = """\
# Commands

Made from the commands themselves by `python -m reconciler.cli.reference`; do not edit.

Results go to standard output, everything else to standard error. Options stand anywhere after
the command; the global ones also before it.
"""
_HELP = (
    "Every command takes all of these. `-h` and `--help` work after every command, and "
    f"`{PROGRAM} help COMMAND` says the same; `-V`, `--version` and `{PROGRAM} version` print the "
    "version. Without a command, help goes to standard error, and the exit code is 64."
)


def markdown() -> str:
    """Return the reference of all commands."""
    commands = chain.from_iterable(map(_command, COMMANDS))
    return "\n".join([_HEAD, *_overview(), *commands, *_global_options(), *_tables()])


def _overview() -> Iterator[str]:
    for row in COMMANDS:
        yield f"- [`{row.name}`](#{row.name}): {row.summary[0].lower()}{row.summary[1:]}"
    yield ""


def _command(row: Row) -> Iterator[str]:
    parser, command = command_parser(row), row.command
    yield from (f"## {row.name}", "")
    for paragraph in (f"{row.summary}.", *command.paragraphs):
        yield from (paragraph, "")
    yield from ("```text", str(parser.usage), "```", "")
    own = argparse.ArgumentParser(add_help=False)
    command.add_arguments(own)
    yield from _options(own)
    formats = ", ".join(f"`{format}`" for format in command.formats)
    idle = [
        f"`{option}`"
        for field, option in settings.LIMITED_OPTIONS.items()
        if field not in command.takes
    ]
    aside = f" Takes {', '.join(idle)}, which change nothing for it." if idle else ""
    yield from (f"`-o`: {formats}.{aside}", "")
    for line, purpose in command.examples:
        yield from (f"{purpose[0].upper()}{purpose[1:]}:", "", "```sh", line, "```", "")


def _global_options() -> Iterator[str]:
    parser = argparse.ArgumentParser(add_help=False)
    settings.add_options(parser)
    yield from ("## Global options", "")
    yield from _options(parser)
    yield from (_HELP, "")


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    listed = [f"- {_named(action)}: {action.help}" for action in arguments(parser)]
    if listed:
        yield from (*listed, "")


def arguments(parser: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    """Return the arguments of a parser, positional and not, in the order of its help."""
    return parser._actions  # noqa: SLF001 - argparse has no other way to see them


def _named(action: argparse.Action) -> str:
    value = action.metavar or "|".join(action.choices or ())
    if isinstance(value, tuple):  # one name for each of several values
        value = " ".join(value)
    if not action.option_strings:
        return f"`{value}`"
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    return f"{names} `{value}`" if value and action.nargs != 0 else names


def _tables() -> Iterator[str]:
    yield from ("## Exit codes", "", "| code | meaning |", "|---|---|")
    yield from (f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    yield from ("", "## Environment", "", "| variable | meaning |", "|---|---|")
    for names, meaning in _VARIABLES.items():
        yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {meaning} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(markdown())
