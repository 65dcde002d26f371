"""What `--expect` lets through."""

import msgspec
import pytest

from reconciler.cli.inputs.plans import check_expected
from reconciler.diff.temporary_names import temporary
from reconciler.errors import BlockedError, StaleError, UsageError
from reconciler.model import Values
from reconciler.plan.document import (
    FORMAT_VERSION,
    Consent,
    Operation,
    Plan,
    Summary,
    changed,
    sealed,
    to_json,
)
from reconciler.plan.steps import update_calls, update_steps


def operation(name, label="L", *, was="old", live=None):
    before = Values(live or name, was, "local", "file:///x")
    after = Values(name, label, "local", "file:///x")
    key = f"update:{name}"
    return Operation(
        key=key,
        action="update",
        name=name,
        previous_name=live,
        id=name,
        before=before,
        after=after,
        changes=changed(before, after),
        steps=update_steps(key, update_calls(before, after, aside=None, atomic=False), None),
        after_operations=(),
        destructive=False,
        holds_files=None,
        reason="",
    )


def rename(live, *, label="L"):
    """Plan to rename `old` to `new`, found under the name `live`."""
    return operation("new", was=label, live=live)


def plan(*operations, **fields):
    made = Plan(
        format_version=FORMAT_VERSION,
        tool_version="0",
        created_at="",
        platform="sqlite:////p.db",
        platform_id="p1",
        account=None,
        digest="",
        status="ready",
        blocked_by=(),
        summary=Summary(0, len(operations), 0, 0, 0),
        operations=operations,
        undeclared=(),
        consents=(),
        warnings=(),
    )
    return sealed(msgspec.structs.replace(made, **fields))


@pytest.fixture
def check(tmp_path):
    def check(now, expected):
        path = tmp_path / "plan.json"
        path.write_bytes(to_json(expected))
        check_expected(now, str(path))

    return check


A, B = operation("a"), operation("b")
CONSENT = Consent("holds_files", "a", "a")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (plan(A, B), plan(A, B)),
        (plan(A), plan(A, B)),
        (plan(), plan(A, B)),
        (plan(rename("old")), plan(rename("old", label="was"))),
        (plan(A), plan(A, consents=(Consent("allow_empty", "", ""),))),
        (plan(A), plan(A, platform_id="new")),
        # A run that was cut off while names were exchanged left the storage stepped aside.
        (plan(rename(temporary("old", "new"))), plan(rename("old"))),
    ],
)
def test_what_was_reviewed_goes_on(check, now, expected):
    check(now, expected)


@pytest.mark.parametrize(
    ("now", "expected", "said"),
    [
        (plan(A, B), plan(A), "'b'"),
        (plan(operation("a", "other")), plan(A), "'other'"),
        (plan(A, consents=(CONSENT,)), plan(A), "holds_files"),
        (plan(A, platform_id="p2"), plan(A), "p2"),
        (plan(A, B), plan(A, status="blocked"), "'b'"),
        (plan(rename("elsewhere")), plan(rename("old")), "'elsewhere'"),
    ],
)
def test_what_nobody_reviewed_stops(check, now, expected, said):
    with pytest.raises(StaleError, match=said):
        check(now, expected)


def test_a_file_that_was_new_on_another_machine_is_another_platform(check):
    with pytest.raises(StaleError):
        check(plan(A), plan(A, platform="sqlite:////q.db", platform_id="new"))


def test_a_blocked_plan_can_not_be_expected(check):
    with pytest.raises(BlockedError):
        check(plan(A), plan(A, status="blocked"))


def test_a_digest_is_that_or_not():
    made = plan(A)
    check_expected(made, made.digest)
    with pytest.raises(StaleError, match=plan(B).digest):
        check_expected(made, plan(B).digest)
    for wrong in ("sha256:", made.digest + "0", made.digest.upper().replace("SHA", "sha")):
        with pytest.raises(UsageError):
            check_expected(made, wrong)
