"""`list`: what is live."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from msgspec.structs import replace

from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.names import chosen, refuse_manifests
from reconciler.cli.inputs.platform import choose_platform, read_live
from reconciler.cli.options.command import Command
from reconciler.errors import SUCCESS
from reconciler.given import read_scopes
from reconciler.given.platform import names_platform
from reconciler.given.source import compared
from reconciler.manifest import Manifest
from reconciler.model import State
from reconciler.names import Scope
from reconciler.report.sentences.storages import statuses


class ListOptions(Namespace):
    """The options of `list`."""

    names: list[str]


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these storages (names or globs)"
    )


def _run(context: Context, options: ListOptions) -> int:
    scopes = read_scopes(context)
    manifest = read_manifest_if_any(context)
    if not names_platform(context, manifest):
        refuse_manifests(options.names)
    state = read_live(context, choose_platform(context, manifest))
    declared = _statuses(context, manifest, state) if manifest else {}
    listed = chosen(state.storages, Scope.of(("*",), scopes), options.names)
    state = replace(state, storages=tuple(listed))
    context.result(context.report().storages(state, declared, context.style))
    return SUCCESS


def _statuses(context: Context, manifest: Manifest, state: State) -> dict[str, str]:
    """Return for each live id how it stands towards the manifest."""
    diff = compared(context, manifest, state)
    context.warn(manifest.warnings)
    context.warn(diff.warnings)
    return statuses(state, diff)


COMMAND = Command(
    details="With a manifest, says of each storage whether it is declared. Without one, give "
    "--platform. On a terminal it is a table, or a paragraph for each storage; into a pipe or file "
    "one line for each, never wrapped, with - for an empty cell. A NAME that is not live is an "
    "error.",
    examples=(
        ("reconciler list", "storages on the manifest's platform"),
        ("reconciler list --platform sqlite:///platform.db -o json", "without a manifest"),
    ),
    add_arguments=_add_arguments,
    options=ListOptions,
    run=_run,
)
