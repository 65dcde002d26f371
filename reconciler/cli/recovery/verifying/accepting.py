"""What `verify --accept` does, and `--withdraw`: a person says whether what was found may stay."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from reconciler.cli.applying.agreement import require_terminal
from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.environment.origin import Origin
from reconciler.environment.timestamps import utc_now
from reconciler.errors import ERROR, SUCCESS, UsageError
from reconciler.masking import masked_in
from reconciler.printable import quoted
from reconciler.recovery.findings import accepting
from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.paths import argument
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.values import Accepted
from reconciler.recovery.verifying.places import place_of
from reconciler.report.text.verifications import to_accept

#: Options that approve, as a file may be named.
_APPROVING = (b"-y", b"--auto-approve")
_NOTHING = "Nothing was accepted."
_AS_BEFORE = "Nothing was withdrawn."


def run(context: Context, options: VerifyOptions) -> int:
    """Show what would be accepted, or withdrawn, ask, keep it, and return the exit code."""
    takes_back = options.withdraw is not None
    storage, *wanted = options.withdraw or options.accept or [""]
    with closing(open_repository(options.repository or "")) as repository:
        place = place_of(repository, storage)
        reason = masked_in(options.reason or "")
        shown = (
            accepting.to_withdraw(repository, place, storage, wanted)
            if takes_back
            else accepting.to_accept(repository, place, storage, wanted, reason)
        )
        _check_meant(options, wanted, shown)
        if shown.findings and not (options.auto_approve or _agreed(context, shown)):
            return ERROR
        done = _kept(repository, place, shown, Accepted("", _who(context.origin), reason))
    context.result(context.report().accepted(done, context.style))
    return ERROR if done.changed else SUCCESS


def _check_meant(options: VerifyOptions, wanted: Sequence[str], shown: Acceptance) -> None:
    """Refuse -y alone where a file has that name: nobody knows which of the two is meant."""
    if not options.auto_approve or wanted:
        return
    for finding in shown.findings:
        if finding.path in _APPROVING:
            raise UsageError(
                f"a file of {quoted(shown.storage)} is named {quoted(finding.path.decode())}: "
                f"write {argument(finding.path)} for it, or '**' with -y for all of them"
            )


def _agreed(context: Context, shown: Acceptance) -> bool:
    option, question, otherwise = "--accept", "Accept these as they are?", _NOTHING
    if shown.withdrawn:
        option, question, otherwise = "--withdraw", "Let these count again?", _AS_BEFORE
    context.streams.note(to_accept(shown, context.note_style))
    require_terminal(f"verify {option}", "look at what is shown, and give -y (--auto-approve)")
    if context.streams.agreed(f"\n{question} Only 'yes' is accepted: "):
        return True
    context.streams.note(otherwise)
    if not context.is_text:
        context.result(context.report().failure(otherwise, ERROR, context.style))
    return False


def _kept(repository: Repository, place: str, shown: Acceptance, said: Accepted) -> Acceptance:
    if not shown.findings:
        return shown
    if shown.withdrawn:
        return accepting.withdraw(repository, place, shown, said.by, utc_now())
    return accepting.accept(repository, place, shown, said, utc_now())


def _who(origin: Origin) -> str:
    """Return who accepts, as the journal has it: a person on a machine, and the job of a CI."""
    person = f"{origin.actor}@{origin.host}" if origin.host else origin.actor
    return f"{person}, {origin.job_url}" if origin.job_url else person
