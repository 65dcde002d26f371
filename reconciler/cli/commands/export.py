"""`export`: what is live, as a manifest."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from reconciler.cli.context import Context
from reconciler.cli.inputs.files import check_writable, write_whole
from reconciler.cli.inputs.manifest import read_manifest, read_manifest_if_any
from reconciler.cli.inputs.names import chosen, refuse_manifests
from reconciler.cli.inputs.platform import choose_platform, read_live
from reconciler.cli.options.command import Command
from reconciler.cli.settings import JSON, MARKDOWN, TEXT, manifest_path
from reconciler.errors import SUCCESS, PlatformError, ReconcilerError, UsageError
from reconciler.given import read_scopes
from reconciler.given.platform import choose_address, names_platform
from reconciler.given.source import compared, reading
from reconciler.manifest import Manifest, exported, render
from reconciler.manifest.mistakes import Document
from reconciler.manifest.reading.reader import read_tree
from reconciler.masking import has_secret, quoted_url
from reconciler.model import State, Storage, unmanaged_because
from reconciler.names import Scope
from reconciler.platform import Platform
from reconciler.platforms import address_in
from reconciler.printable import quoted
from reconciler.schemas import BESIDE

#: Of how many storages it is asked whether they hold files: each may be a request.
_ASKED = 100


class ExportOptions(Namespace):
    """The options of `export`."""

    names: list[str]
    undeclared: bool
    with_ids: bool
    out: str | None
    overwrite: bool


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="only these storages (names or globs); default: all in scope",
    )
    parser.add_argument(
        "--undeclared",
        action="store_true",
        help="only what the manifest does not declare, as a file to put beside it",
    )
    parser.add_argument(
        "--with-ids", action="store_true", help="pin every entry to its live storage by `id`"
    )
    parser.add_argument(
        "--out",
        type=manifest_path,
        metavar="FILE",
        help="write to this file, whole or not at all; default: standard output. A file that "
        "export wrote, and nobody has changed since, is replaced; no other one",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="with --out: replace whatever file is there"
    )


def _run(context: Context, options: ExportOptions) -> int:
    if options.out is not None:
        check_writable(options.out)
        _spare(options.out, overwrite=options.overwrite)
    elif options.overwrite:
        raise UsageError("--overwrite says what --out may replace: it means nothing alone")
    read = read_manifest if options.undeclared else read_manifest_if_any
    manifest = read(context)
    if not names_platform(context, manifest):
        refuse_manifests(options.names)
    platform = choose_platform(context, manifest)
    context.apart.file("--out", options.out)
    state = read_live(context, platform)
    chosen = _chosen(context, options, manifest, state)
    if not options.undeclared:
        _tell_of_files(context, platform, chosen)
    # Beside a manifest a second file must not name the platform again.
    address = None if options.undeclared else _named(context, options, manifest, platform)
    text = _document(context, options, chosen, address)
    if options.out is None:
        context.streams.document(text)
    else:
        _spare(options.out, overwrite=options.overwrite)  # it may have come meanwhile
        # Elsewhere there is no room for a comment.
        text = exported.sealed(text) if context.settings.output == TEXT else text
        write_whole(options.out, text.encode())
        context.note(f"Written: {quoted(options.out)}.")
    return SUCCESS


def _spare(path: str, *, overwrite: bool) -> None:
    """Refuse to replace a manifest that somebody wrote, or changed: `ReconcilerError`."""
    if overwrite or not os.path.isfile(path):  # noqa: PTH113 - takes NUL and over-long names
        return
    try:
        there = Path(path).read_bytes()
    except OSError:  # whoever writes it says so
        return
    if there and not exported.is_sealed(there):
        raise ReconcilerError(
            f"can't write {quoted(path)}: it is there, and export did not write it as it is: write "
            "to another file and compare the two, or replace it with --overwrite"
        )


def _named(
    context: Context, options: ExportOptions, manifest: Manifest | None, platform: Platform
) -> str | None:
    """Return the platform's address for the new file; None, with a warning, if none can hold it."""
    address = _address(context, options, manifest) or platform.address
    if not has_secret(address):
        return address
    context.streams.note(
        f"Warning: `platform:` is left out, as no manifest may hold {quoted_url(address)}, which "
        "looks as if it held a secret: give it with --platform"
    )
    return None


def _address(context: Context, options: ExportOptions, manifest: Manifest | None) -> str | None:
    """Return the platform's address if it is relative, as it counts from the new file."""
    address, base = choose_address(context, manifest)
    return address_in(_folder(options), address, base=base)


def _folder(options: ExportOptions) -> str:
    """Return the folder of the new file; standard output counts as a file in the current one."""
    return os.path.dirname(options.out or "")  # noqa: PTH120 - "" stays "", and is not "."


def _chosen(
    context: Context, options: ExportOptions, manifest: Manifest | None, state: State
) -> list[Storage]:
    own = manifest.desired.policy.scope if manifest else ("*",)
    scope = Scope.of(own, read_scopes(context))
    storages: Sequence[Storage] = state.storages
    if manifest is not None and options.undeclared:
        undeclared = {storage.id for storage in compared(context, manifest, state).undeclared}
        storages = [storage for storage in storages if storage.id in undeclared]
    told = []
    named = chosen(storages, scope, options.names)
    for storage in sorted(named, key=lambda storage: (storage.name, storage.id)):
        because = unmanaged_because(storage)
        if because is None:
            told.append(storage)
        else:
            context.streams.note(
                f"Warning: {quoted(storage.name)} is left out, no manifest can express it: "
                f"{because}"
            )
    return told


def _tell_of_files(context: Context, platform: Platform, storages: Sequence[Storage]) -> None:
    """Warn that the records of files stay behind: somebody might move a platform by an export.

    Where only the platform itself records files, they stay with it whatever is exported.
    """
    asked, what = storages[:_ASKED], "storages may hold files"
    with reading(platform) as reader, suppress(PlatformError):
        if not reader.abilities.record_inventory:
            return
        found = next((s.name for s in asked if any(True for _ in reader.inventory(s.id))), None)
        if found is not None:
            what = f"{quoted(found)} holds files"
        elif len(asked) == len(storages):
            return
    context.streams.note(
        f"Warning: {what}, and a manifest has no records of files: applied to another platform, "
        "it makes storages that hold none and can be removed without consent. A state server moves "
        "with them by `reconciler serve --copy-from`"
    )


def _document(
    context: Context, options: ExportOptions, storages: Sequence[Storage], address: str | None
) -> str:
    # An editor that is led to a schema which is not there shows an error on the first line.
    found = os.path.isfile(os.path.join(_folder(options), BESIDE))  # noqa: PTH113, PTH118 - takes NUL and over-long names
    text = render(storages, platform=address, with_ids=options.with_ids, editor_line=found)
    if context.settings.output == JSON:
        return _as_json(text)
    return f"```yaml\n{text}```\n" if context.settings.output == MARKDOWN else text


def _as_json(text: str) -> str:
    """Return a manifest as JSON, which is YAML too: read by the rules by which it will be read."""
    document = Document("", text.encode())
    read_tree(document)
    raw = msgspec.json.format(msgspec.json.encode(document.tree), indent=2).decode()
    # JSON lets these stand as they are; YAML refuses them, or takes them for the end of a line.
    hidden = "[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
    return re.sub(hidden, lambda found: f"\\u{ord(found[0]):04x}", raw) + "\n"


COMMAND = Command(
    details="What it writes, `plan` reads back as no change. Storages that no manifest can "
    "express are left out, with a warning. A NAME that is not live, or not in scope, "
    "is an error.\n\n"
    "A manifest has no records of files: it is warned if storages of an embedded platform or a "
    "state server hold some, or may (after the first hundred they are not asked).",
    examples=(
        (
            "reconciler export --platform sqlite:///platform.db > storages.yaml",
            "start a manifest from what is live",
        ),
        ("reconciler export --undeclared", "entries for what the manifest lacks"),
    ),
    add_arguments=_add_arguments,
    options=ExportOptions,
    run=_run,
)
