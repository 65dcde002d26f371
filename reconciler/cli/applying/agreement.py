"""Before a plan is applied: it is shown, and somebody agrees to it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from reconciler.cli.context import Context, asking
from reconciler.cli.output.terminal import is_terminal
from reconciler.cli.settings import duration
from reconciler.errors import ERROR, UsageError
from reconciler.plan.document import Plan
from reconciler.report import text

_NOTHING = "Nothing was applied."


class TermsOptions(Namespace):
    """How a plan is applied: what all commands that apply one are told."""

    auto_approve: bool
    parallelism: int
    fail_fast: bool
    lock_timeout: float


def add_terms(parser: ArgumentParser) -> None:
    """Add the options of all commands that apply a plan."""
    parser.add_argument("-y", "--auto-approve", action="store_true", help="do not ask")
    parser.add_argument(
        "--parallelism",
        type=_positive,
        default=10,
        metavar="N",
        help="operations at once (default: 10)",
    )
    parser.add_argument(
        "--fail-fast",
        action="store_true",
        help="after a failure start nothing more; otherwise only what depends on it stays undone",
    )
    parser.add_argument(
        "--lock-timeout",
        type=duration,
        default=120.0,
        metavar="TIME",
        help="how long to wait while another apply holds the platform's lease (default: 120s)",
    )


def require_terminal(command: str, instead: str) -> None:
    """Raise `UsageError` if there is nobody to ask; `instead` is what to do then."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise UsageError(
            f"{command} asks before it changes anything, and there is no terminal to ask on: "
            f"{instead}"
        )


def show(context: Context, plan: Plan, *, ask: bool) -> None:
    """Show a plan that is about to be applied: on standard error where results are documents."""
    if context.is_text:
        style = asking(context.style) if ask else context.style
        context.result(context.report().plan(plan, style))
    elif ask:
        context.streams.note(text.plan(plan, asking(context.note_style)))


def agreed(context: Context) -> bool:
    """Ask; whoever says no, or ends the run at the question, is told that nothing was applied."""
    try:
        answer = context.streams.agreed("\nApply this plan? Only 'yes' is accepted: ")
    except KeyboardInterrupt:
        context.streams.note(_NOTHING)
        raise
    if not answer:
        context.streams.note(_NOTHING)
        if not context.is_text:
            context.result(context.report().failure(_NOTHING, ERROR, context.style))
    return answer


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)
