"""A plan, for scripts: read, and applied as the command applies it."""

from __future__ import annotations

import os

from reconciler.given import saved
from reconciler.model import Notice
from reconciler.plan import document
from reconciler.plan.document import Operation
from reconciler.plan.file import from_json
from reconciler.report.sentences.plans import blocked_total, totals
from reconciler.scripting.applying import Planned, carry_out, check_agreed
from reconciler.scripting.arguments import AnyPath, Arguments, Names, check_seconds, here, texts
from reconciler.scripting.results import Result


def read_plan(file: AnyPath, *, platform: str | None = None) -> Plan:
    """Read a plan that was saved: by `plan --out`, or of what `Plan.json` gives.

    `platform` only confirms the plan's own, as `apply PLAN --platform` does.

    Raises:
        PlanFileError: it is no plan, or of a later version.
        StaleError: it was changed after it was made.
        UsageError: there is no such file.
    """
    given = here(Arguments(os.environ, platform=platform))
    return Plan(given, Planned(saved.read_plan(os.fspath(file))))


class Plan:
    """What is to be done on a platform, and the live facts that it relies on."""

    def __init__(self, given: Arguments, planned: Planned) -> None:
        """For `Manifest.plan` and `read_plan`."""
        self._given = given
        self._planned = planned
        self._plan = planned.plan

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What is done to each storage, in order; its fields are those of the plan file."""
        return self._plan.operations

    @property
    def blocked_by(self) -> tuple[Notice, ...]:
        """Why policy forbids it; empty if it may be applied."""
        return self._plan.blocked_by

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What is probably not meant."""
        return self._plan.warnings

    @property
    def digest(self) -> str:
        """`sha256:…` of what it means: two plans of one digest do the same."""
        return self._plan.digest

    def json(self) -> str:
        """Return the plan file, as `plan --out` writes it: for `read_plan` and `apply PLAN`."""
        return document.to_json(self._plan).decode()

    def apply(
        self,
        *,
        consent: Names = (),
        expect: str | Plan | None = None,
        journal: AnyPath | None = None,
        timeout: float | None = None,
        lock_timeout: float = 120.0,
    ) -> Result:
        """Carry it out, under a lease and with a journal, read live again, and say what was done.

        `consent` names the storages that may be removed: nothing else is. `expect` is what somebody
        has reviewed, as with `--expect`: a digest, or a plan that holds all that is left to do.
        `journal`, `timeout` and `lock_timeout`, both in seconds, are the command's options.
        In the main thread, Ctrl-C and SIGTERM do what they do to the command.

        Raises:
            NotAsPlannedError: it has ended, and live is not as planned.
            BlockedError: policy forbids it, or it removes what `consent` does not name.
            StaleError: it is not what was expected, or live has changed since.
            PlatformBusyError: somebody else writes to the platform, for all of `lock_timeout`.
            UsageError, PlatformError: nothing was begun.
            KeyboardInterrupt: after Ctrl-C, if nothing was begun, or if all is as planned.
        """
        check_seconds("timeout", timeout)
        check_seconds("lock_timeout", lock_timeout)
        folder = texts("journal", journal)
        given = self._given._replace(journal=folder[0] if folder else None)
        plan = from_json(self.json().encode())  # as one that is saved is read back
        planned = self._planned._replace(plan=plan)
        reviewed = from_json(expect.json().encode()) if isinstance(expect, Plan) else expect
        check_agreed(given, planned, reviewed, texts("consent", consent))
        return carry_out(given, planned, timeout=timeout, lock_timeout=lock_timeout)

    def __repr__(self) -> str:
        """Say how many operations it has."""
        total = blocked_total(self._plan) if self._plan.blocked_by else totals(self._plan)
        return f"<Plan {self.digest}: {total}>"
