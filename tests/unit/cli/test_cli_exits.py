"""Which exit code a plan or an apply ends with: a row for each line of the table."""

import pytest

from reconciler.cli.commands.plan import exit_code
from reconciler.executor import Outcome, Result
from reconciler.model import Notice
from reconciler.plan.document import Operation, Plan, Summary
from reconciler.reconcile import Applied

CREATE = Operation("k", "create", "a", None, None, None, None, (), (), (), False, None, "")


def plan(*operations, blocked=False):
    reasons = (Notice("undeclared", "a", "m"),) if blocked else ()
    status = "blocked" if blocked else "ready"
    summary = Summary(len(operations), 0, 0, 0, 0)
    return Plan(1, "0", "", "p", "new", None, "", status, reasons, summary, operations, (), (), ())


def applied(*outcomes, holds=False, interrupted=False):
    return Applied(plan(), Result(outcomes, interrupted=interrupted), holds)


def unread(*outcomes, interrupted=False):
    return applied(*outcomes, holds=None, interrupted=interrupted)


def outcome(status, *, writes=0, stale=False):
    return Outcome("k", "create", "a", status, stale=stale, writes=writes)


DONE = outcome("done", writes=1)
ALREADY = outcome("done")
FAILED = outcome("failed")
STALE = outcome("failed", stale=True)
WAITING = outcome("not_started")
HALF = outcome("half_done", writes=1)
UNKNOWN = outcome("unknown")


@pytest.mark.parametrize(
    ("made", "detailed", "code"),
    [
        (plan(), False, 0),
        (plan(), True, 0),
        (plan(CREATE), False, 0),
        (plan(CREATE), True, 2),
        (plan(CREATE, blocked=True), False, 3),
        (plan(CREATE, blocked=True), True, 3),
        (plan(blocked=True), True, 3),
    ],
)
def test_of_plan(made, detailed, code):
    assert exit_code(made, detailed=detailed) == code


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (applied(DONE, holds=True), 0),
        (applied(ALREADY, holds=True), 0),
        (applied(DONE, holds=True, interrupted=True), 0),
        (applied(DONE, WAITING, interrupted=True), 130),
        (applied(WAITING, interrupted=True), 130),
        (applied(FAILED, WAITING, interrupted=True), 130),
        (applied(DONE, FAILED), 5),
        (applied(DONE, STALE), 5),
        (applied(DONE, WAITING), 5),
        (applied(DONE), 5),
        (applied(HALF), 5),
        (applied(UNKNOWN), 5),
        (applied(STALE), 4),
        (applied(STALE, WAITING), 4),
        (applied(ALREADY, STALE), 4),
        (applied(ALREADY), 4),
        (applied(STALE, FAILED), 1),
        (applied(FAILED, WAITING), 1),
        (applied(WAITING), 1),
        (unread(DONE, interrupted=True), 130),
        (unread(ALREADY, interrupted=True), 130),
        (unread(DONE, WAITING, interrupted=True), 130),
        (unread(DONE), 5),
        (unread(ALREADY), 1),
        (unread(STALE), 4),
        (unread(FAILED), 1),
    ],
)
def test_of_applied(ended, code):
    assert ended.exit_code == code
