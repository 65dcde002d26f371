"""`validate`: the manifest alone, without any platform."""

from __future__ import annotations

from argparse import Namespace

from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest
from reconciler.cli.inputs.places import in_manifest
from reconciler.cli.options.command import Command
from reconciler.cli.settings import FORMATS, HTML, VERDICTS
from reconciler.cli.telling import Told, tell_all
from reconciler.diff import outside_scope
from reconciler.errors import SUCCESS, ManifestError
from reconciler.given import read_scopes
from reconciler.given.manifest import own_warnings
from reconciler.manifest import placed
from reconciler.report.verdicts.manifests import of_valid


def _run(context: Context, _options: Namespace) -> int:
    scopes = read_scopes(context)
    manifest = read_manifest(context)
    problems = outside_scope(manifest.desired, scopes)
    if problems:
        raise ManifestError(placed(problems, manifest.streams))
    warnings = own_warnings(manifest)
    context.warn(warnings)
    entries = len(manifest.desired.entries)
    files = len(manifest.files)
    told = Told(
        lambda report, style: report.valid(files, entries, warnings, style),
        lambda: in_manifest(manifest, of_valid(files, entries, warnings)),
    )
    return tell_all(context, told, SUCCESS)


COMMAND = Command(
    details="Reports every problem in every file, with line and column: also names outside "
    "the scope, addresses that are none, and names that are hard to tell apart.\n\n"
    "Exit codes: 0 valid, 65 not.",
    examples=(
        ("reconciler validate", "check storages.yaml in this folder"),
        ("reconciler -f storages.yaml validate -o json", "the same, for a program"),
    ),
    run=_run,
    formats=(*FORMATS, HTML, *VERDICTS),
    takes=("files", "env_files", "scope"),
)
