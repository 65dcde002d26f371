"""What each exit code means, for the reference."""

from __future__ import annotations

from reconciler.errors import (
    BLOCKED,
    CHANGES,
    ERROR,
    INTERRUPTED,
    INVALID,
    LOCKED,
    PARTIAL,
    STALE,
    SUCCESS,
    USAGE,
)

#: What the reference says of each code; the errors of `reconciler.errors` carry the same numbers.
MEANINGS = {
    SUCCESS: "success, or no changes",
    ERROR: "an error; the message says what to do. Also the answer “no” at the question",
    CHANGES: "changes are pending (`plan --detailed-exitcode`), or `drift` found a difference",
    BLOCKED: "policy blocks the plan",
    STALE: "the plan no longer fits live, or a digest is not the expected one",
    PARTIAL: "applied in part: something was written and something remains",
    LOCKED: "the platform is locked by another run (also the answer of `lock show`)",
    USAGE: "wrong usage of the command line or the environment",
    INVALID: "the manifest, plan file or id map is invalid, or can't be matched with live",
    INTERRUPTED: "interrupted: Ctrl-C, SIGTERM or SIGHUP",
}
