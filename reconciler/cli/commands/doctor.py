"""`doctor`: says whether the platform is fit to work on, and why not."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from contextlib import closing, nullcontext

from reconciler.applying.hold import locking_of
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.platform import choose_platform
from reconciler.cli.options.command import Command
from reconciler.errors import ERROR, SUCCESS
from reconciler.health.platform import checks, examine, healthy


class DoctorOptions(Namespace):
    """The options of `doctor`."""

    read: bool


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--read",
        action="store_true",
        help="the account is only to read, as for `plan`, `drift` and `list`: it needs no right to "
        "write, and no lock",
    )


def _run(context: Context, options: DoctorOptions) -> int:
    manifest = read_manifest_if_any(context)
    platform = choose_platform(context, manifest)
    address = manifest.lock if manifest else None
    locking = locking_of(platform, address)
    own = locking is None or locking.is_platforms
    with closing(locking.lock) if locking else nullcontext() as lock:
        facts = examine(
            platform,
            lock,
            lock_address=None if own else address,
            now=time.time,
            reads=options.read,
        )
    context.result(context.report().examined(facts, context.style))
    return SUCCESS if healthy(checks(facts)) else ERROR


COMMAND = Command(
    details="Tells versions, account, role, write access, the difference of the clocks, how many "
    "storages are listed and whether that is all, what keeps two applies apart, and what the "
    "platform is able to do. Changes nothing. Works without a manifest if --platform or "
    "RECONCILER_PLATFORM names the platform.\n\n"
    "Exit codes: 0 nothing failed (there may be warnings), 1 the platform or the lock can't be "
    "read, or this account can't write (--read asks for no more than reading).",
    examples=(
        ("reconciler doctor", "before the first plan, or when something is odd"),
        ("reconciler doctor --platform sqlite:///platform.db -o json", "without a manifest"),
    ),
    add_arguments=_add_arguments,
    options=DoctorOptions,
    run=_run,
    takes=("files", "platform", "env_files", "timeout"),
)
