"""What `verify --accept-loss` does: go on without findings that the repository has lost."""

from __future__ import annotations

from contextlib import closing

from reconciler.cli.applying.agreement import require_terminal
from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.environment.timestamps import utc_now
from reconciler.errors import ERROR, SUCCESS
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.verifying import losses
from reconciler.recovery.verifying.losses import Loss
from reconciler.recovery.verifying.places import place_of
from reconciler.report.sentences.recovery.losses import to_accept

_NOTHING = "Nothing was accepted."


def run(context: Context, options: VerifyOptions, storage: str) -> int:
    """Show what is lost, ask, go on without it, and return the exit code."""
    with closing(open_repository(options.repository or "")) as repository:
        place = place_of(repository, storage)
        shown = losses.lost(repository, place, storage)
        if shown.problems:
            if not (options.auto_approve or _agreed(context, shown)):
                return ERROR
            losses.accept(repository, place, utc_now())
    context.result(context.report().loss(shown, context.style))
    return SUCCESS


def _agreed(context: Context, shown: Loss) -> bool:
    for sentence in to_accept(shown):
        context.streams.note(sentence)
    require_terminal("verify --accept-loss", "look at what is lost, and give -y (--auto-approve)")
    if context.streams.agreed("\nGo on without it? Only 'yes' is accepted: "):
        return True
    context.streams.note(_NOTHING)
    if not context.is_text:
        context.result(context.report().failure(_NOTHING, ERROR, context.style))
    return False
