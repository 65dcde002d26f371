"""`schema`: the description of a format."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import Context
from reconciler.cli.options.command import Command
from reconciler.cli.settings import JSON, TEXT
from reconciler.errors import SUCCESS
from reconciler.schemas import schema_text

SCHEMAS = (
    "manifest",
    "plan",
    "event",
    "journal",
    "snapshot",
    "findings",
    "rebuild",
    "ids",
    "objective",
    "status",
    "openapi",
)


class SchemaOptions(Namespace):
    """The options of `schema`."""

    schema: str


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("schema", choices=SCHEMAS, help="which format")


def _run(context: Context, options: SchemaOptions) -> int:
    context.streams.document(schema_text(options.schema).decode())
    return SUCCESS


COMMAND = Command(
    details="The JSON Schema of manifests, by which editors complete and explain them, or of plan "
    "files, events, journals, snapshots, findings, maps of ids and what `rebuild` and "
    "`verify --objective` came to and `watch` tells, by which programs check them; or the OpenAPI "
    "document of the state server.",
    examples=(
        ("reconciler schema manifest > manifest.schema.json", "save it for an editor"),
        ("reconciler schema plan", "the format of `plan --out` and `plan -o json`"),
    ),
    add_arguments=_add_arguments,
    options=SchemaOptions,
    run=_run,
    takes=(),
    formats=(TEXT, JSON),
)
