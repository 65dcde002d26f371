"""`schema` and `completion`: what editors and shells want to know."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli import TYPE_CHECKING, exits
from reconciler.cli.options.command import Command
from reconciler.cli.settings import JSON, TEXT, given_text

if TYPE_CHECKING:
    from reconciler.cli.context import Context

SCHEMAS = ("manifest", "plan", "event", "journal", "openapi")
SHELLS = ("bash", "zsh", "fish", "tcsh")


class SchemaOptions(Namespace):
    """The options of `schema`."""

    schema: str


class CompletionOptions(Namespace):
    """The options of `completion`."""

    shell: str


def _schema_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("schema", type=given_text, choices=SCHEMAS, help="which format")


def _run_schema(context: Context, options: SchemaOptions) -> int:
    from reconciler.manifest import schema_text

    context.streams.document(schema_text(options.schema).decode())
    return exits.SUCCESS


def _completion_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shell", type=given_text, choices=SHELLS, help="the shell to complete in")


def _run_completion(context: Context, options: CompletionOptions) -> int:
    from reconciler.cli.options.completion import script

    context.streams.document(script(options.shell))
    return exits.SUCCESS


SCHEMA = Command(
    "schema",
    "Print the description of a format",
    details="The JSON Schema of manifests, by which editors complete and explain them, or of plan "
    "files, events and journals, by which programs check them; or the OpenAPI document of the "
    "state server.",
    examples=(
        ("reconciler schema manifest > manifest.schema.json", "save it for an editor"),
        ("reconciler schema plan", "the format of `plan --out` and `plan -o json`"),
    ),
    add_arguments=_schema_arguments,
    options=SchemaOptions,
    run=_run_schema,
    takes=(),
    formats=(TEXT, JSON),
)

COMPLETION = Command(
    "completion",
    "Print a script that completes commands and options",
    details="Load it from the start-up file of the shell; in config.fish as "
    "`reconciler completion fish | source`. Completes paths and the names of storages, too.",
    examples=(
        ('eval "$(reconciler completion bash)"', "in ~/.bashrc"),
        ("reconciler completion zsh > _reconciler", "in a folder of zsh's fpath"),
    ),
    add_arguments=_completion_arguments,
    options=CompletionOptions,
    run=_run_completion,
    takes=(),
    formats=(TEXT,),
)
