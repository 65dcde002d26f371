"""What each exit code means, for the reference."""

from __future__ import annotations

from reconciler import errors

#: What the reference says of each code; the errors of `reconciler.errors` carry the same numbers.
MEANINGS = {
    errors.SUCCESS: "success, or no changes",
    errors.ERROR: "an error; the message says what to do. Also the answer “no” at the question",
    errors.CHANGES: "changes are pending (`plan --detailed-exitcode`), `drift` found a "
    "difference, or `fmt --check` a file in another layout",
    errors.BLOCKED: "policy blocks the plan",
    errors.STALE: "the plan no longer fits live, or a digest is not the expected one",
    errors.PARTIAL: "applied in part: something was written and something remains",
    errors.LOCKED: "the platform is locked by another run (also the answer of `lock show`)",
    errors.FINDINGS: "`verify` or a scan found files that are not what they were; the report tells",
    errors.UNPROVED: "something could not be read or compared, so nothing is known of it",
    errors.USAGE: "wrong usage of the command line or the environment",
    errors.INVALID: "a manifest, plan, id map or report is invalid, or can't be matched with live",
    errors.INTERRUPTED: "interrupted: Ctrl-C, SIGTERM or SIGHUP",
}
