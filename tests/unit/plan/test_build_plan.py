"""The plan as a value: summary, consents, warnings, operations, digest."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.location import aws_url
from reconciler.model import Proof, Values
from reconciler.plan.document import Consent, Summary
from reconciler.platform import Abilities
from support.values.building import (
    IGNORE,
    REMOVE,
    desired,
    entry,
    plan_for,
    removed,
    storage,
    warnings,
)
from support.values.memory_platform import MemoryPlatform


def test_the_summary_counts_operations_beside_live() -> None:
    live = [storage(name) for name in "abcd"]
    wanted = desired(
        entry("a"),
        entry("b", label="x"),
        entry("e"),
        entry("f"),
        removed=[removed("c")],
        policy=IGNORE,
    )
    assert plan_for(live, wanted).summary == Summary(
        create=2, update=1, remove=1, live=4, unchanged=1
    )


def test_an_operation_says_all_of_its_storage() -> None:
    plan = plan_for(
        [storage("old"), storage("gone")],
        desired(
            entry("new", "old", label="New", renamed_from=["old"]),
            entry(
                "raw",
                type="S3",
                url=aws_url("eu-central-2", "lab"),
                region="eu-central-2",
                bucket="lab",
            ),
            removed=[removed("gone")],
        ),
    )
    gone, new, raw = plan.operations
    assert (gone.action, gone.name, gone.id, gone.after) == ("remove", "gone", "id-gone", None)
    assert (gone.destructive, gone.holds_files) == (True, False)
    assert gone.before == Values("gone", "L", "local", "file:///data/gone")
    assert (new.action, new.name, new.previous_name, new.id) == ("update", "new", "old", "id-old")
    assert [(c.field, c.before, c.after) for c in new.changes] == [
        ("name", "old", "new"),
        ("label", "L", "New"),
    ]
    assert new.after == Values("new", "New", "local", "file:///data/old")
    assert (raw.action, raw.id, raw.before) == ("create", None, None)
    assert raw.after == Values(
        "raw", "raw", "S3", aws_url("eu-central-2", "lab"), "eu-central-2", "lab"
    )
    assert [op.destructive for op in (new, raw)] == [False, False]
    assert [op.holds_files for op in (new, raw)] == [None, None]


def test_a_relabelled_storage_has_no_previous_name() -> None:
    (operation,) = plan_for([storage("a")], desired(entry("a", label="x"))).operations
    assert operation.previous_name is None


@pytest.mark.parametrize(
    ("wanted", "more", "reason"),
    [
        (desired(policy=REMOVE), {"allow_empty": True}, "`policy.undeclared` is `remove`"),
        (desired(removed=[removed("a")]), {}, "named in `removed:`"),
        (desired(), {"allow_empty": True, "allow_remove": ("a",)}, "named by `--allow-remove`"),
    ],
    ids=["policy", "removed", "allow-remove"],
)
def test_a_removal_says_who_wants_it(wanted, more, reason: str) -> None:
    plan = plan_for([storage("a")], wanted, **more)
    assert plan.ready
    assert reason in plan.operations[0].reason


# Consents: those that the plan could not do without


def consents(wanted, **more) -> tuple[Consent, ...]:
    platform = MemoryPlatform(
        [storage("full"), storage("empty"), storage("used")],
        files=["id-full"],
        spaces={"id-used": ("space",)},
        abilities=Abilities(spaces=True),
    )
    plan = plan_for(platform, wanted, **more)
    assert plan.ready
    return plan.consents


def test_a_removal_uses_a_consent_for_one_live_storage() -> None:
    assert consents(desired(removed=[removed("empty")], policy=IGNORE)) == (
        Consent("removed", "empty", "id-empty"),
    )


def test_files_need_a_consent_of_their_own() -> None:
    given = [removed(n, f"id-{n}", holds_files=True) for n in ("full", "used", "empty")]
    assert consents(desired(removed=given)) == (
        Consent("holds_files", "full", "id-full"),
        Consent("holds_files", "used", "id-used"),
        Consent("removed", "empty", "id-empty"),
        Consent("removed", "full", "id-full"),
        Consent("removed", "used", "id-used"),
    )


def test_consent_on_the_command_line_and_to_emptiness() -> None:
    wanted = desired(policy=IGNORE)
    assert consents(wanted, allow_empty=True, allow_remove=("empty",)) == (
        Consent("allow_empty", "", ""),
        Consent("allow_remove", "empty", "id-empty"),
    )
    assert consents(desired(entry("empty"), policy=IGNORE), allow_empty=True) == ()


# Warnings


def test_a_list_that_may_be_incomplete_is_told_with_account_and_count() -> None:
    platform = MemoryPlatform([storage("a")], complete=None, account="ada@example.org")
    plan = plan_for(platform, desired(entry("a")))
    assert warnings(plan) == [("list_incomplete", "")]
    assert "'ada@example.org'" in plan.warnings[0].message
    assert "1 storage" in plan.warnings[0].message
    assert plan.account == "ada@example.org"


def test_a_new_platform_is_told() -> None:
    platform = MemoryPlatform(platform_id="new", address="sqlite:///tmp/x.db")
    plan = plan_for(platform, desired(entry("a")))
    assert warnings(plan) == [("new_platform", "")]
    assert "sqlite:///tmp/x.db" in plan.warnings[0].message
    assert plan.platform_id == "new"


# The digest: a plan's meaning, and nothing else


def digest(live=(), wanted=None, **platform) -> str:
    return plan_for(MemoryPlatform(live, **platform), wanted or desired(entry("a"))).digest


def test_the_digest_leaves_out_what_is_no_meaning() -> None:
    live = storage("a")
    wanted = desired(entry("a", label="new"))
    same = digest([live], wanted, address="sqlite:////here/p.db")
    file = {"address": "sqlite:////elsewhere/p.db"}
    assert digest([replace(live, url="file:///mnt", created_at="")], wanted, **file) == same
    elsewhere = desired(replace(wanted.entries[0], file="other.yaml"))
    assert digest([live], elsewhere, **file, account="me", complete=None) == same
    proved = desired(replace(wanted.entries[0], proof=Proof(every=86_400)))
    assert digest([live], replace(proved, proof=Proof()), **file) == same
    assert digest([live, storage("b")], desired(*wanted.entries, policy=IGNORE), **file) == same


def test_the_digest_has_everything_that_is_one() -> None:
    live = [storage("a"), storage("b")]
    wanted = desired(entry("a", label="new"), removed=[removed("b", "id-b", holds_files=True)])
    different = [
        digest(live, wanted),
        digest(live, wanted, platform_id="other"),
        digest(live, wanted, files=["id-b"]),
        digest(live, wanted, abilities=Abilities(atomic_update=False)),
        digest([replace(live[0], label="M"), live[1]], wanted),
        digest([replace(live[0], default_url="/data/a"), live[1]], wanted),
        digest(
            [live[0], replace(live[1], id="id-c")],
            desired(entry("a", label="new"), removed=[removed("b")]),
        ),
        digest(live, desired(entry("a", label="new"))),
        digest(live, desired(entry("a", label="new"), policy=REMOVE)),
    ]
    # One change at a time is the same here: only one field changes.
    assert different[3] == different[0]
    assert len(set(different)) == len(different) - 1


def test_the_digest_does_not_depend_on_who_is_told_what() -> None:
    plan = plan_for([storage("a")], desired(entry("b"), policy=IGNORE))
    again = plan_for([storage("a"), storage("B")], desired(entry("b"), policy=IGNORE))
    assert again.warnings != plan.warnings or again.summary != plan.summary
    assert again.digest == plan.digest
