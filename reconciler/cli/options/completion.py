"""The whole command line as one parser, which `shtab` turns into a completion script."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

import shtab

from reconciler.cli import settings
from reconciler.cli.options.command import Row
from reconciler.cli.options.parser import ASKING, HELP, PROGRAM

#: fish hands over all of `--out=plan.json`, of which only the path is one.
_FILE = {
    **shtab.FILE,
    "fish": "(__fish_complete_path (commandline -ct | string replace -r -- '^--[^=]*=' ''))",
}
#: What stands in the help for a path; the shell then completes one.
PATHS = {
    **dict.fromkeys(("PATH", "FILE", "MAP", "PLAN", "DIGEST|FILE|PLAN"), _FILE),
    "DIR": shtab.DIRECTORY,
    "REPO": shtab.DIRECTORY,
    "REPO[@ID]": shtab.DIRECTORY,
}
#: Arguments that are names of live storages.
_NAMES = frozenset({"names", "target", "allow_remove", "name"})
#: One name a line: of `list` into a pipe, what is neither its heading nor its total.
_LISTED = "reconciler list 2>/dev/null | sed '1d;/^$/,$d;s/  .*//'"
_PREAMBLES = {
    "bash": f"""
_reconciler_names() {{
  local name
  {_LISTED} | while IFS= read -r name; do
    case $name in "$1"*) printf '%q\\n' "$name" ;; esac
  done
}}
""",
    "zsh": f"""
_reconciler_names() {{
  compadd -- ${{(f)"$({_LISTED})"}}
}}
""",
    "fish": f"""
function _reconciler_names
  {_LISTED}
end
""",
}
_STORAGE = {"bash": "_reconciler_names", "zsh": "_reconciler_names", "fish": "(_reconciler_names)"}
#: An option that takes a value, to which zsh is told to put a `=` after: `--output=json`.
_ZSH_VALUE = re.compile(r'^( .*?--[a-z-]+)((?:\}")?\[.*\]:[^:]*:.*")$', re.M)
#: bash takes the `=` of `--output=json` for a word of its own.
_BASH_END = """

_reconciler() {
  local words=() at=$COMP_CWORD i
  for i in "${!COMP_WORDS[@]}"; do
    if [ "${COMP_WORDS[i]}" != "=" ]; then words+=("${COMP_WORDS[i]}")
    elif [ "$i" -eq "$COMP_CWORD" ]; then words+=("")
    elif [ "$i" -lt "$COMP_CWORD" ]; then at=$((at - 1))
    fi
  done
  local COMP_WORDS=("${words[@]}") COMP_CWORD=$at
  _shtab_reconciler
}
complete -o bashdefault -F _reconciler reconciler
"""


def script(shell: str, commands: Sequence[Row]) -> str:
    """Return the completion script for a shell."""
    parser = argparse.ArgumentParser(PROGRAM)
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    _add_settings(parser, settings.FORMATS)
    children = parser.add_subparsers()
    for row in commands:
        child, command = children.add_parser(row.name, help=row.summary), row.command
        command.add_arguments(child)
        for action in child._actions:  # noqa: SLF001 - argparse has no other way to see them
            if action.dest in _NAMES:
                vars(action)["complete"] = _STORAGE
        _add_settings(child, command.formats)
    for word, summary in ASKING.items():
        child = children.add_parser(word, help=summary)
        if word == HELP:
            child.add_argument("command", nargs="?", choices=[row.name for row in commands])
    text: str = shtab.complete(parser, shell, preamble=_PREAMBLES.get(shell, ""))
    if shell == "bash":
        return text + _BASH_END
    return _ZSH_VALUE.sub(r"\1=\2", text) if shell == "zsh" else text


def _add_settings(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    settings.add_options(parser, formats)
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to see them
        if action.metavar in PATHS:
            vars(action)["complete"] = PATHS[action.metavar]
        if action.dest == "output":
            action.choices = formats
