"""What `verify --accept` does: a person says that what was found may stay as it is."""

from __future__ import annotations

from contextlib import closing

from reconciler.cli.applying.agreement import require_terminal
from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.environment.origin import Origin
from reconciler.environment.timestamps import utc_now
from reconciler.errors import ERROR, SUCCESS
from reconciler.masking import masked
from reconciler.recovery.findings import accepting
from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.values import Accepted
from reconciler.recovery.verifying.places import place_of
from reconciler.report.text.verifications import to_accept

_NOTHING = "Nothing was accepted."


def run(context: Context, options: VerifyOptions, storage: str, *wanted: str) -> int:
    """Show what would be accepted, ask, keep it, and return the exit code."""
    with closing(open_repository(options.repository or "")) as repository:
        place = place_of(repository, storage)
        reason = masked(options.reason or "")
        shown = accepting.to_accept(repository, place, storage, wanted, reason)
        if shown.findings and not (options.auto_approve or _agreed(context, shown)):
            return ERROR
        said = Accepted("", _who(context.origin), reason)
        done = _accepted(repository, place, shown, said)
    context.result(context.report().accepted(done, context.style))
    return ERROR if done.changed else SUCCESS


def _agreed(context: Context, shown: Acceptance) -> bool:
    context.streams.note(to_accept(shown, context.note_style))
    require_terminal("verify --accept", "look at what is shown, and give -y (--auto-approve)")
    if context.streams.agreed("\nAccept these as they are? Only 'yes' is accepted: "):
        return True
    context.streams.note(_NOTHING)
    if not context.is_text:
        context.result(context.report().failure(_NOTHING, ERROR, context.style))
    return False


def _accepted(repository: Repository, place: str, shown: Acceptance, said: Accepted) -> Acceptance:
    if not shown.findings:
        return shown
    return accepting.accept(repository, place, shown, said, utc_now())


def _who(origin: Origin) -> str:
    """Return who accepts, as the journal has it: a person on a machine, and the job of a CI."""
    person = f"{origin.actor}@{origin.host}" if origin.host else origin.actor
    return f"{person}, {origin.job_url}" if origin.job_url else person
