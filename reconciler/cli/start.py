"""`init` and `validate`: everything that needs no platform."""

from __future__ import annotations

import os
from argparse import Namespace

from reconciler.cli import TYPE_CHECKING, exits
from reconciler.cli.command import Command, no_arguments
from reconciler.cli.settings import TEXT

if TYPE_CHECKING:
    from reconciler.cli.context import Context

_SCHEMA = "manifest.schema.json"
_IGNORED = ("platform.db*", ".reconciler/", "plan.json", "*.plan.json")
_STARTER = """\
version: 1

# Where the storages live. This one is a file beside this manifest: no server, no account.
platform: sqlite:///platform.db

# What a plan may do without anyone saying more. These are the defaults.
policy:
  undeclared: fail      # live, but not declared here: fail | ignore | remove
  max_removals: 10%     # more removals than this block the plan
  protect: []           # names or globs that are never removed
  scope: ["*"]          # names or globs that this manifest owns

storages:
  # One entry for each storage. To rename it, change `name` and add `renamed_from: [example]`.
  - name: example       # unique; may contain spaces
    label: An example   # what people see; optional
    type: local         # local: a folder. S3: a bucket, by region and bucket, or by default_url
    default_url: /data/example
"""


def _run_init(context: Context, _options: Namespace) -> int:
    from reconciler.errors import ReconcilerError
    from reconciler.manifest.files import DEFAULT_FILE, DEFAULT_FOLDER

    for taken in (DEFAULT_FILE, DEFAULT_FOLDER):
        if os.path.lexists(taken):
            raise ReconcilerError(
                f"there is a manifest here already ({taken}), and init never overwrites one: edit "
                "it and run `reconciler plan`, or run init in another folder"
            )
    written = [name for name in (_ignore(), _write_schema(), _write_manifest()) if name]
    context.result(f"Wrote {', '.join(written)}.")
    context.note("Next: edit storages.yaml, then run `reconciler plan` and `reconciler apply`.")
    return exits.SUCCESS


def _write_manifest() -> str:
    from pathlib import Path

    from reconciler.manifest import EDITOR_LINE
    from reconciler.manifest.files import DEFAULT_FILE

    with Path(DEFAULT_FILE).open("x", encoding="utf-8", newline="\n") as file:
        file.write(f"{EDITOR_LINE}\n{_STARTER}")
    return DEFAULT_FILE


def _write_schema() -> str | None:
    """Write what the manifest's first line tells editors to read, unless there is such a file."""
    from pathlib import Path

    from reconciler.manifest import schema_text

    if Path(_SCHEMA).exists():
        return None
    Path(_SCHEMA).write_bytes(schema_text("manifest"))
    return _SCHEMA


def _ignore() -> str | None:
    """Keep what is no source out of Git; lines that are there already are not added again."""
    from pathlib import Path

    path = Path(".gitignore")
    before = path.read_bytes() if path.exists() else b""
    known = before.decode("utf-8", "replace").splitlines()
    missing = [line for line in _IGNORED if line not in known]
    if not missing:
        return None
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    path.write_bytes(before + gap + "".join(f"{line}\n" for line in missing).encode())
    return str(path)


def _run_validate(context: Context, _options: Namespace) -> int:
    from reconciler.cli.inputs import read_manifest, tell
    from reconciler.errors import ManifestError

    try:
        manifest = read_manifest(context)
    except ManifestError as error:
        if context.settings.output == TEXT:
            raise
        context.result(context.report().problems(error.problems, context.style))
        return error.exit_code
    tell(context, manifest.warnings)
    entries = len(manifest.desired.entries)
    context.result(context.report().valid(len(manifest.files), entries, context.style))
    return exits.SUCCESS


INIT = Command(
    "init",
    "Write a first manifest into this folder",
    details="Writes storages.yaml with an example, its schema for editors, and entries for "
    ".gitignore. Never overwrites.",
    examples=(
        ("reconciler init", "start in this folder"),
        ("reconciler init && reconciler plan", "and see what the example would do"),
    ),
    add_arguments=no_arguments,
    options=Namespace,
    run=_run_init,
    takes=(),
)

VALIDATE = Command(
    "validate",
    "Check the manifest, without any platform",
    details="Reports every problem in every file, with line and column.\n\n"
    "Exit codes: 0 valid, 65 not.",
    examples=(
        ("reconciler validate", "check storages.yaml in this folder"),
        ("reconciler -f storages.yaml validate -o json", "the same, for a program"),
    ),
    add_arguments=no_arguments,
    options=Namespace,
    run=_run_validate,
    takes=("files", "env_files", "output"),
)
