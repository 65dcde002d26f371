"""`lock`: who holds a platform, and a way to take it away from a holder that is gone."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing

from reconciler.applying.hold import locking_of
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.platform import choose_platform
from reconciler.cli.options.command import Command
from reconciler.cli.output.terminal import is_terminal
from reconciler.errors import ERROR, LOCKED, SUCCESS, PlatformBusyError, UsageError
from reconciler.lease.contract import Lease, Lock, holder_of
from reconciler.lease.register import RegisterLock

SHOW, RELEASE = "show", "release"
_WARNING = (
    "Warning: a run that still goes on loses its right to write, and may end half done. Do this "
    "only if you know that it was killed: its lease then runs out by itself in a minute."
)


class LockOptions(Namespace):
    """The options of `lock`."""

    what: str
    auto_approve: bool


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=(SHOW, RELEASE),
        help="say who holds the platform, or take it away from them",
    )
    parser.add_argument(
        "-y", "--auto-approve", action="store_true", help="release: do not ask before"
    )


def _run(context: Context, options: LockOptions) -> int:
    manifest = read_manifest_if_any(context)
    platform = choose_platform(context, manifest)
    locking = locking_of(platform, manifest.lock if manifest else None)
    if locking is None:
        raise UsageError(
            f"{platform.address} can't keep a lease, and no manifest says `lock:`: there is "
            f"nothing to {options.what}"
        )
    with closing(locking.lock) as lock:
        if options.what == RELEASE and not _mended(context, lock, ask=not options.auto_approve):
            context.streams.note("Nothing was released.")
            return ERROR
        lease = lock.current()
        if options.what == RELEASE:
            return _release(context, options, lock, lease)
    context.result(context.report().lease(lease, context.style))
    return SUCCESS if lease is None else LOCKED


def _release(context: Context, options: LockOptions, lock: Lock, lease: Lease | None) -> int:
    if lease is not None:
        found = f"Locked by {holder_of(lease)}."
        if not _consented(context, found, "Release it?", ask=not options.auto_approve):
            context.streams.note("Nothing was released.")
            return ERROR
        if not lock.break_lease(lease):
            raise PlatformBusyError(
                "the lease has changed hands meanwhile, and nothing was released: look again with "
                "`reconciler lock show`"
            )
    context.result(context.report().released(lease, context.style))
    return SUCCESS


def _mended(context: Context, lock: Lock, *, ask: bool) -> bool:
    """Set aside what lies in the lock's place and is none; False if the answer was no."""
    while isinstance(lock, RegisterLock) and (damage := lock.damage()) is not None:
        if not _consented(context, str(damage), "Set it aside?", ask=ask):
            return False
        context.streams.note(f"Set aside: it is {lock.set_aside()} now.")
    return True


def _consented(context: Context, found: str, question: str, *, ask: bool) -> bool:
    """Return what was found and what going on does, also to those who are not asked."""
    if ask and not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise UsageError(
            f"{found.rstrip('.')}. Releasing asks first, and there is no terminal to ask on: give "
            "--auto-approve if you are sure"
        )
    context.streams.note(f"{found}\n{_WARNING}")
    return not ask or context.streams.agreed(f"{question} Only 'yes' is accepted: ")


COMMAND = Command(
    details="While an apply writes it holds a lease of 60 seconds, which it renews every 15. A "
    "second apply waits for it. The lease of a run that was killed runs out by itself; "
    "`lock release` is for those who can't wait. Late writes of the former holder are refused "
    "where the platform itself keeps the lease. What lies in the place of a manifest's lock and is "
    "damaged keeps everybody out; `lock release` sets it aside.\n\n"
    "Exit codes: 0 not locked, or released; 1 not released, as the answer was no; 6 locked "
    "(`show`), or locked by another meanwhile (`release`).",
    examples=(
        ("reconciler lock show", "who writes to the platform right now"),
        ("reconciler lock release --auto-approve", "without a question, in a script"),
    ),
    add_arguments=_add_arguments,
    options=LockOptions,
    run=_run,
    takes=("files", "platform", "env_files", "timeout"),
)
