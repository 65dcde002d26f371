"""The whole command line as one parser, which `shtab` turns into a completion script."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

import shtab

from reconciler.cli import OFFER, settings
from reconciler.cli.options.command import Row
from reconciler.cli.options.offered import NAMES, RUNS
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
#: Asks what to offer; whatever goes wrong, nobody is told of it in the middle of a line.
_OFFERED = f"reconciler {OFFER} {{}} </dev/null 2>/dev/null"
_PREAMBLES = {
    "bash": f"""
_reconciler_offered() {{
  local one
  {_OFFERED.format('bash "$1" "$2" "${COMP_WORDS[@]:1}"')} |
    while IFS= read -r one; do
      case $2 in
      [\\"\\']*) # bash puts it within the quotation marks as it is
        case $one in *[\\$\\`\\"\\\\\\!\\']*) ;; *) printf '%s\\n' "$one" ;; esac ;;
      *) printf '%q\\n' "$one" ;;
      esac
    done
}}
_reconciler_names() {{ _reconciler_offered names "$1"; }}
_reconciler_runs() {{ _reconciler_offered runs "$1"; }}
""",
    "zsh": f"""
_reconciler_offered() {{
  compadd -- ${{(f)"$({_OFFERED.format('zsh $1 "" "${(@Q)whole}"')})"}}
}}
_reconciler_names() {{ _reconciler_offered names }}
_reconciler_runs() {{ _reconciler_offered runs }}
""",
    "fish": f"""
function _reconciler_offered
  {_OFFERED.format('fish $argv "" (commandline -op)[2..]')}
end
""",
}
_FUNCTIONS = {
    kind: {
        **dict.fromkeys(("bash", "zsh"), f"_reconciler_{kind}"),
        "fish": f"(_reconciler_offered {kind})",
    }
    for kind in (NAMES, RUNS)
}
#: What stands in the help for a storage or a run.
_OFFERS = {"NAME": NAMES, "STORAGE": NAMES, "RUN": RUNS}
#: An option that takes a value, to which zsh is told to put a `=` after: `--output=json`.
_ZSH_VALUE = re.compile(r'^( .*?--[a-z-]+)((?:\}")?\[.*\]:[^:]*:.*")$', re.M)
#: What begins to look at a line in zsh, which is narrowed to what follows the command later on.
_ZSH_BEGIN = "_shtab_reconciler() {\n"
_ZSH_WHOLE = "  local -a whole=(${words[2,-1]})\n"
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
            # Of several values the first one says what they are about: STORAGE PATH.
            if isinstance(action.metavar, tuple):
                action.metavar = action.metavar[0]
            if action.metavar in _OFFERS:
                vars(action)["complete"] = _FUNCTIONS[_OFFERS[action.metavar]]
        _add_settings(child, command.formats)
    for word, summary in ASKING.items():
        child = children.add_parser(word, help=summary)
        if word == HELP:
            child.add_argument("command", nargs="?", choices=[row.name for row in commands])
    text: str = shtab.complete(parser, shell, preamble=_PREAMBLES.get(shell, ""))
    if shell == "bash":
        return text + _BASH_END
    if shell == "zsh":
        return _ZSH_VALUE.sub(r"\1=\2", text.replace(_ZSH_BEGIN, _ZSH_BEGIN + _ZSH_WHOLE))
    return text


def _add_settings(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    settings.add_options(parser, formats)
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to see them
        if action.metavar in PATHS:
            vars(action)["complete"] = PATHS[action.metavar]
        if action.dest == "output":
            action.choices = formats
