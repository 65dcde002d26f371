"""`init`: a first manifest."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.cli.context import Context
from reconciler.cli.options.command import Command
from reconciler.cli.settings import TEXT
from reconciler.environment.at_hand import DEFAULT_FILE, DEFAULTS
from reconciler.errors import SUCCESS, ReconcilerError
from reconciler.schemas import EDITOR_LINE, schema_text

_SCHEMA = "manifest.schema.json"
_IGNORE_FILE = ".gitignore"
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


def _run(context: Context, _options: Namespace) -> int:
    for taken in DEFAULTS:
        if os.path.lexists(taken):
            raise ReconcilerError(
                f"there is a manifest here already ({taken}), and init never overwrites one: edit "
                "it and run `reconciler plan`, or run init in another folder"
            )
    written = [name for name in (_ignore(), _write_schema(), _write_manifest()) if name]
    context.result(f"Wrote {', '.join(written)}.")
    context.note("Next: edit storages.yaml, then run `reconciler plan` and `reconciler apply`.")
    return SUCCESS


def _write_manifest() -> str:
    with _writing(DEFAULT_FILE):
        _make(DEFAULT_FILE, f"{EDITOR_LINE}\n{_STARTER}".encode())
    return DEFAULT_FILE


def _write_schema() -> str | None:
    """Write what the manifest's first line tells editors to read, unless there is such a file."""
    text = schema_text("manifest")
    with _writing(_SCHEMA):
        try:
            _make(_SCHEMA, text)
        except FileExistsError:
            return None
    return _SCHEMA


def _ignore() -> str | None:
    """Keep what is no source out of Git; lines that are there already are not added again."""
    path = Path(_IGNORE_FILE)
    with _writing(_IGNORE_FILE):
        before = path.read_bytes() if path.exists() else b""
        known = before.decode("utf-8", "replace").splitlines()
        missing = "".join(f"{line}\n" for line in _IGNORED if line not in known)
        if not missing:
            return None
        gap = "" if not before or before.endswith(b"\n") else "\n"
        # What is there stays there, whatever becomes of the rest.
        with path.open("ab") as file:
            file.write((gap + missing).encode())
    return _IGNORE_FILE


def _make(name: str, data: bytes) -> None:
    """Make a new file, whole or not at all; `FileExistsError` if anything has its name."""
    path = Path(name)
    file = path.open("xb")
    try:
        with file:
            file.write(data)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


@contextmanager
def _writing(name: str) -> Iterator[None]:
    """Raise what says which file could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        raise ReconcilerError(
            f"can't write '{name}' ({error.strerror}): nothing that was there is lost; put "
            "that right, and run `reconciler init` again"
        ) from None


COMMAND = Command(
    details="Writes storages.yaml with an example, its schema for editors, and entries for "
    ".gitignore. Never overwrites.",
    examples=(
        ("reconciler init", "start in this folder"),
        ("reconciler init && reconciler plan", "and see what the example would do"),
    ),
    run=_run,
    takes=(),
    formats=(TEXT,),
)
