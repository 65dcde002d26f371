"""`history`: what earlier runs did."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.platform import choose_platform
from reconciler.cli.options.command import Command
from reconciler.cli.settings import COMMON_OPTIONS, FORMATS, HTML
from reconciler.errors import SUCCESS, AddressError
from reconciler.given import journal_folder
from reconciler.given.platform import names_platform
from reconciler.journal import read
from reconciler.journal.audit import runs_of
from reconciler.journal.read import Run, about
from reconciler.platform import Audited
from reconciler.platforms import same_address
from reconciler.printable import quoted


class HistoryOptions(Namespace):
    """The options of `history`."""

    run: str | None
    name: list[str] | None


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "run",
        nargs="?",
        metavar="RUN",
        help="show this run with its operations: its id, or a part of it that no other run has",
    )
    parser.add_argument(
        "--name",
        action="append",
        metavar="NAME",
        help="only operations on storages with this name (or glob), now or before a rename; may be "
        "repeated",
    )


def _run(context: Context, options: HistoryOptions) -> int:
    runs = _runs(context, options)
    if options.name:
        narrowed = (about(run, tuple(options.name)) for run in runs)
        runs = [run for run in narrowed if run.operations or options.run is not None]
    report, style = context.report(), context.style
    if options.run is not None:
        context.result(report.run(runs[0], style))
    else:
        told = report.operations if options.name else report.runs
        context.result(told(runs, style))
    return SUCCESS


def _runs(context: Context, options: HistoryOptions) -> list[Run]:
    """Read what is asked for: from the platform's audit where it has one, else from journals."""
    found = _audited(context)
    if found is None:
        named, folder = context.settings.journal is not None, journal_folder(context)
        every = found = list(read.runs(folder, options.run or "", named=named))
        given = context.settings.platform
        if given is not None:
            found = [run for run in every if _is_of(run, given)]
        if not found:
            context.note(_looked(folder, options.run, others=len(every)))
    return found if options.run is None else [read.only(found, options.run)]


def _looked(folder: Path, run: str | None, *, others: int) -> str:
    """Say in which folder of journals nothing was found, and what helps."""
    where = quoted(os.path.abspath(folder))  # noqa: PTH100 - links stay
    if others:
        number = "1 run" if others == 1 else f"{others} runs"
        return f"Looked in {where}, which has {number} on other platforms."
    lacks = "is not there" if not folder.exists() else "has no such run" if run else "has no run"
    return (
        f"Looked in {where}, which {lacks}: `apply` leaves its journal beside the manifest. Run "
        "this there, or give -f MANIFEST or --journal DIR."
    )


def _is_of(run: Run, platform: str) -> bool:
    """Return whether a run was one on a platform; a journal may be damaged, and hold no address."""
    try:
        return same_address(run.platform, None, platform, None)
    except AddressError:
        return False


def _audited(context: Context) -> list[Run] | None:
    """Read the audit of the platform; None if none is named, or if it has none.

    Whoever names a folder of journals wants those.
    """
    if context.settings.journal is not None:
        return None
    manifest = read_manifest_if_any(context)
    if not names_platform(context, manifest):
        return None
    platform = choose_platform(context, manifest)
    if not isinstance(platform, Audited):
        return None
    return runs_of(platform.changes(name=None), platform.address)


COMMAND = Command(
    details="Lists runs, newest first, with when and by whom they were started, for which commit, "
    "on which platform, how they ended and what became of their operations. Reads the audit of a "
    "state server, which holds the writes of everybody; on other platforms, and with --journal, "
    "the journals that apply left on this machine: in .reconciler/journal of the current folder, "
    "or beside the manifest that -f names. With --platform only runs on that one.",
    examples=(
        ("reconciler history", "the runs in .reconciler/journal"),
        ("reconciler history --name nas -o json", "what was done to one storage, for a program"),
    ),
    add_arguments=_add_arguments,
    options=HistoryOptions,
    run=_run,
    formats=(*FORMATS, HTML),
    takes=(*(option for option in COMMON_OPTIONS if option != "scope"), "journal"),
)
