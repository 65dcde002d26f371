"""What was probably meant by a command line that makes no sense."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Sequence

from reconciler import printable
from reconciler.cli.options.command import Command, Row
from reconciler.recovery.repository import MARKER

_REMOVE = "name what is to go in `removed:` of the manifest, then `apply`"
_REPOSITORY = "`scan` takes `--into REPO`; `snapshot`, `verify` and `rebuild` take REPO as it is"
#: Options of other tools, and what does the same here.
_ELSEWHERE = {
    "--json": "write `-o json`",
    "--markdown": "write `-o markdown`",
    "--format": "write `-o json` or `-o markdown`",
    "--yes": "write `--auto-approve`, or `-y`",
    "--dry-run": "`reconciler plan` shows what apply would do; `snapshot prune` removes nothing "
    "without --yes",
    "--ignore": "write `--exclude`",
    "--repo": _REPOSITORY,
    "--repository": _REPOSITORY,
    "--manifest": "write `-f`",
    "--filename": "write `-f`",
    "--var-file": "write `--env-file`",
    "--lock": "an apply takes the lock by itself; `--lock-timeout` says how long it waits",
    "--destroy": _REMOVE,
    "--var": "variables come from the environment, or from a file: `--env-file`",
}
#: Commands of other tools, and what does the same here.
_COMMANDS_ELSEWHERE = {
    "backup": "`snapshot create` keeps what is known of all storages",
    "check": "`validate` checks the manifest, `doctor` the platform",
    "create": "declare the storage in the manifest, then `apply`",
    "delete": _REMOVE,
    "destroy": _REMOVE,
    "get": "`list` shows what is live",
    "import": "`export` writes what is live as a manifest",
    "lint": "`validate` checks the manifest",
    "login": "credentials come from the environment: `doctor` shows whether they work",
    "refresh": "`plan` reads what is live each time",
    "remove": _REMOVE,
    "restore": "`rebuild` makes the storages of a snapshot again",
    "rm": _REMOVE,
    "state": "there is no state file: `list` shows what is live",
    "status": "`drift` shows in what live differs, `list` what is live",
}
#: `-out=plan.json`, as Terraform writes it; `-qv` and `-fstorages.yaml` are no such words.
_ONE_DASH = re.compile(r"-([a-z][a-z-]+)(?:=.*)?", re.DOTALL)


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """Return every spelling of every option of a parser."""
    return [name for action in parser._actions for name in action.option_strings]  # noqa: SLF001


def of_one_dash(words: Iterable[str], known: Iterable[str]) -> str:
    """Return what was meant by an option that was written with a single dash; empty if none was."""
    for word in words:
        if word == "--":
            return ""
        found = _ONE_DASH.fullmatch(word)
        meant = f"--{found[1]}" if found else ""
        if meant in known:
            return (
                f"unknown option {meant[1:]} (did you mean {meant}? Long options have two dashes)"
            )
        if meant in _ELSEWHERE:
            return f"unknown option {meant[1:]}: {_ELSEWHERE[meant]}"
    return ""


def of_option(option: str, known: Sequence[str], commands: Sequence[Row]) -> str:
    """Return what was meant by an option that a command does not have; empty if nobody knows."""
    if option in known:  # it needs a value, or takes none
        return ""
    if option in _ELSEWHERE:
        return f": {_ELSEWHERE[option]}"
    takers = [f"`{row.name}`" for row in commands if option in _own_options(row.command)]
    if takers:
        return f": it belongs to {' and '.join(takers)}"
    return did_you_mean(option, known)


def of_command(name: str, known: Iterable[str]) -> str:
    """Return what was meant by a command that there is not; empty if nobody knows."""
    if name in _COMMANDS_ELSEWHERE:
        return f": {_COMMANDS_ELSEWHERE[name]}"
    return did_you_mean(name, known)


def of_argument(word: str, command: str, repository: str | None = None) -> str:
    """Return what was meant by an argument that a command does not take.

    `repository` is what stands where the command wants a repository, if it does.
    """
    if repository is not None:
        return _beside_repository(word, command, repository)
    if is_manifest(word):
        return f": each manifest has a -f of its own, as in `reconciler {command} -f {_word(word)}`"
    if command == "plan" and word.endswith(".json"):
        return f": `reconciler show {_word(word)}` prints a saved plan, and `apply` applies it"
    return ""


def _beside_repository(word: str, command: str, repository: str) -> str:
    if _is_yaml(repository):
        line = f"`reconciler {command} {_word(word)} -f {_word(repository)}`"
        return f": {repository!r} is no repository, and a manifest is given with -f, as in {line}"
    if _is_yaml(word):
        line = f"`reconciler {command} {_word(repository)} -f {_word(word)}`"
        return f": a manifest is given with -f, as in {line}"
    if command == "verify":
        if _is_repository(word) and not _is_repository(repository):
            line = f"`reconciler {command} {_word(word)} --scope {_word(repository)}`"
            return f": the repository comes first, and storages are chosen with --scope: {line}"
        return f": one repository is named; storages are chosen with `--scope {_word(word)}`"
    return ": one repository is named"


def _is_repository(word: str) -> bool:
    return word.startswith("s3://") or os.path.isfile(os.path.join(word, MARKER))  # noqa: PTH113, PTH118 - takes NUL and over-long names


def _is_yaml(word: str) -> bool:
    return word.lower().endswith((".yaml", ".yml"))


def is_manifest(word: str) -> bool:
    """Return whether a word looks like the path of a manifest."""
    return _is_yaml(word) or os.path.isdir(word)  # noqa: PTH112 - takes NUL and over-long names


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest what is spelled alike; empty if nothing is."""
    from difflib import get_close_matches  # dear, and only where something is misspelt

    known = list(known)
    longer = [name for name in known if name.startswith(word)] if len(word) > 2 else []
    near = longer or get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def missing(parser: argparse.ArgumentParser, program: str, names: Sequence[str]) -> str:
    """Return which word of `names` a command waits for first, with one that would do."""
    required = [
        action
        for action in parser._actions  # noqa: SLF001
        if not action.option_strings and action.nargs not in ("?", "*")
    ]
    for at, action in enumerate(required):
        if (action.metavar or action.dest) not in names:
            continue
        if action.choices:
            words = [str(choice) for choice in action.choices]
            listed = f"{', '.join(words[:-1])} or {words[-1]}"
            line = " ".join([program, words[0], *(str(a.metavar) for a in required[at + 1 :])])
            return f"say {listed}, as in `{line}`"
        return f"{action.metavar} is missing: {action.help}"
    return ""


def of_value(parser: argparse.ArgumentParser, option: str) -> str:
    """Return what an option without its value waits for."""
    for action in parser._actions:  # noqa: SLF001
        if option in action.option_strings:
            several = isinstance(action.metavar, tuple)
            words = " ".join(action.metavar or ()) if several else str(action.metavar)
            return f"{option} needs {'values' if several else 'a value'}: {words}: {action.help}"
    return f"{option} needs a value"


def of_choice(parser: argparse.ArgumentParser, program: str, word: str) -> str:
    """Return what was meant by a word that stands where one of a few is wanted; empty if unknown.

    The word is one that may come after it, such as a repository without an action.
    """
    wanted = [a for a in parser._actions if not a.option_strings]  # noqa: SLF001
    if len(wanted) < 2 or not wanted[0].choices:
        return ""
    words = [str(choice) for choice in wanted[0].choices]
    near = did_you_mean(word, words)
    line = f"`{program} {words[0]} {_word(word)}`"
    return f"say {', '.join(words[:-1])} or {words[-1]}{near or f' first, as in {line}'}"


def _own_options(command: Command) -> list[str]:
    own = argparse.ArgumentParser(add_help=False)
    command.add_arguments(own)
    return options_of(own)


def _word(path: str) -> str:
    return printable.word(path)
