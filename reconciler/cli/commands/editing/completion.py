"""`completion`: a script for a shell."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli.commands import COMMANDS
from reconciler.cli.context import Context
from reconciler.cli.options.command import Command
from reconciler.cli.options.completion import script
from reconciler.cli.settings import TEXT
from reconciler.errors import SUCCESS

SHELLS = ("bash", "zsh", "fish", "tcsh")


class CompletionOptions(Namespace):
    """The options of `completion`."""

    shell: str


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell to complete in")


def _run(context: Context, options: CompletionOptions) -> int:
    context.streams.document(script(options.shell, COMMANDS))
    return SUCCESS


COMMAND = Command(
    details="Load it from the start-up file of the shell; in config.fish as "
    "`reconciler completion fish | source`. Completes paths, ids of runs, and "
    "the names that the manifest at hand declares, too; no platform is asked.",
    examples=(
        ('eval "$(reconciler completion bash)"', "in ~/.bashrc"),
        ("reconciler completion zsh > _reconciler", "in a folder of zsh's fpath"),
    ),
    add_arguments=_add_arguments,
    options=CompletionOptions,
    run=_run,
    takes=(),
    formats=(TEXT,),
)
