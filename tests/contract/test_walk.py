"""A walk through many states: after each apply, live is as declared and a second plan is empty."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from msgspec.structs import replace

from reconciler.location import aws_url
from reconciler.model import Desired, Entry, Policy, Removed
from reconciler.plan.document import Plan, to_json
from reconciler.plan.file import from_json
from reconciler.platform import Platform
from reconciler.reconcile import Request, apply_plan, make_plan
from reconciler.retry.limits import Limits
from support.platforms.homes import Plant

NOW = "2026-01-01T00:00:00Z"
LOOSE = Policy(undeclared="remove", max_removals="100%")


def local(name: str, folder: str, **more: object) -> Entry:
    return Entry(name, "local", f"file:///data/{folder}", **more)


def s3(name: str, bucket: str, **more: object) -> Entry:
    return Entry(name, "S3", f"https://minio:9000/{bucket}", **more)


def aws(name: str, bucket: str, region: str = "eu-central-2", **more: object) -> Entry:
    return Entry(name, "S3", aws_url(region, bucket), region=region, bucket=bucket, **more)


def go(platform: Platform, desired: Desired, **more: object) -> list[str]:
    """Plan and apply; check that it holds and that a second plan is empty; name what was done."""
    request = Request(desired, **more)
    plan = planned(platform, request)
    assert plan.ready, [notice.message for notice in plan.blocked_by]
    applied = apply_plan(plan, platform, Limits(), lambda *_: None, request=request)
    assert applied.holds, applied.remaining
    assert {outcome.status for outcome in applied.result.outcomes} <= {"done"}
    second = planned(platform, request)
    assert second.ready
    assert second.operations == ()
    return [f"{operation.action} {operation.name}" for operation in plan.operations]


def planned(platform: Platform, request: Request) -> Plan:
    reader = platform.reader()
    try:
        plan = make_plan(reader, request, address=platform.address, now=NOW)
    finally:
        reader.close()
    assert from_json(to_json(plan)) == plan
    return plan


def live(platform: Platform) -> dict[str, tuple[str, str]]:
    reader = platform.reader()
    try:
        return {s.name: (s.label, s.default_url) for s in reader.read().storages}
    finally:
        reader.close()


def id_of(platform: Platform, name: str) -> str:
    reader = platform.reader()
    try:
        (storage,) = reader.find(name=name)
        return storage.id
    finally:
        reader.close()


def entries(*items: Entry) -> Desired:
    return Desired(entries=items, policy=LOOSE)


# Each state is reached from the one before it. An id `@NAME` is that of the live storage NAME.
STATES: Sequence[tuple[str, Desired, list[str]]] = [
    ("one of each kind", entries(local("a", "a"), s3("b", "b"), aws("c", "c")),
     ["create a", "create b", "create c"]),
    ("nothing new", entries(aws("c", "c"), s3("b", "b"), local("a", "a")), []),
    ("relabel", entries(local("a", "a", label="A"), s3("b", "b"), aws("c", "c")), ["update a"]),
    ("label no longer declared", entries(local("a", "a"), s3("b", "b"), aws("c", "c")), []),
    ("empty label", entries(local("a", "a", label=""), s3("b", "b"), aws("c", "c")), ["update a"]),
    ("rename", entries(local("a2", "a", renamed_from=("a",)), s3("b", "b"), aws("c", "c")),
     ["update a2"]),
    ("spent rename", entries(local("a2", "a", renamed_from=("a",)), s3("b", "b"), aws("c", "c")),
     []),
    ("rename and relabel",
     entries(local("a", "a", label="A", renamed_from=("a2",)), s3("b", "b"), aws("c", "c")),
     ["update a"]),
    ("a new one takes a name that is given up",
     entries(local("a3", "a", id="@a"), local("a", "new"), s3("b", "b"), aws("c", "c")),
     ["update a3", "create a"]),
    ("remove by deleting the entry", entries(local("a3", "a"), local("a", "new"), aws("c", "c")),
     ["remove b"]),
    ("one takes the name of a removed one", entries(local("a", "a", id="@a3"), aws("c", "c")),
     ["remove a", "update a"]),
    ("and gives it to a new one",
     entries(local("a3", "a", id="@a"), s3("a", "other"), aws("c", "c")),
     ["update a3", "create a"]),
    ("remove by name",
     Desired((local("a3", "a"), aws("c", "c")), (Removed("a"),), Policy()), ["remove a"]),
    ("other spellings of one location",
     entries(Entry("a3", "local", "file:///data/a/"), Entry("c", "S3", "s3://c")), []),
    ("many at once",
     entries(local("a3", "a"), aws("c", "c"), *(s3(f"n{i}", f"n{i}") for i in range(20))),
     [f"create n{i}" for i in range(20)]),
    ("every second one goes",
     entries(local("a3", "a"), aws("c", "c"), *(s3(f"n{i}", f"n{i}") for i in range(0, 20, 2))),
     [f"remove n{i}" for i in range(1, 20, 2)]),
    ("a chain of renames",
     entries(local("a3", "a"), aws("c", "c"), s3("n0", "n2", id="@n2"),
             s3("first", "n0", id="@n0"), *(s3(f"n{i}", f"n{i}") for i in range(4, 20, 2))),
     ["update first", "update n0"]),
    ("odd names",
     entries(local(" spaced out ", "a", renamed_from=("a3",)), aws("c", "c"),
             local("🧊\u2028'", "ice")),
     ["update  spaced out ", "create 🧊\u2028'", "remove first",
      *(f"remove n{i}" for i in [0, *range(4, 20, 2)])]),
    ("two teams", Desired((local("c/x", "x"),), (), Policy(undeclared="remove", scope=("c/*",))),
     ["create c/x"]),
]  # fmt: skip


def pinned(platform: Platform, desired: Desired) -> Desired:
    def pin(item: Entry | Removed) -> Entry | Removed:
        return replace(item, id=id_of(platform, item.id[1:])) if item.id else item

    return replace(
        desired,
        entries=tuple(pin(entry) for entry in desired.entries),
        removed=tuple(pin(removed) for removed in desired.removed),
    )


def test_a_walk_through_many_states(platform: Platform) -> None:
    for title, desired, expected in STATES:
        before = live(platform)
        done = go(platform, pinned(platform, desired))
        assert sorted(done) == sorted(expected), title
        after = live(platform)
        if not expected:
            assert after == before, title
        declared = {entry.name for entry in desired.entries}
        outside = {name for name in before if desired.policy.scope == ("c/*",)}
        assert set(after) == declared | outside, title


@pytest.mark.parametrize("size", [2, 3, 7])
def test_cycles_of_names_turn_by_ids(platform: Platform, size: int) -> None:
    go(platform, entries(*(local(f"n{i}", f"n{i}") for i in range(size))))
    ids = [id_of(platform, f"n{i}") for i in range(size)]
    for turn in range(1, 3):
        turned = [
            local(f"n{(i + turn) % size}", f"n{i}", id=ids[i], label=f"turn {turn}")
            for i in range(size)
        ]
        done = go(platform, entries(*turned))
        assert len(done) == size
        assert live(platform) == {
            entry.name: (f"turn {turn}", entry.default_url) for entry in turned
        }


# Each commit plays another of the walks on each platform.
@pytest.mark.sampled(6)
@pytest.mark.parametrize("seed", range(3))
def test_a_walk_at_random(platform: Platform, seed: int) -> None:
    """Some stay, some go, some come; who stays may take any name, by its id."""
    random = Random(seed)
    pool = [f"name {i}" for i in range(10)]
    for turn in range(15):
        now = live(platform)
        staying = random.sample(sorted(now), random.randint(0, len(now)))
        # A new one can't be told from a live one whose name it has, unless that one has an id.
        free = [name for name in pool if name in staying or name not in now]
        random.shuffle(free)
        wanted = [
            replace(entry, label=random.choice([entry.label, "", "L", "🧊"]))
            for entry in _renamed(platform, staying, free)
        ]
        coming = free[len(wanted) : len(wanted) + random.randint(0, 3)]
        wanted += [local(name, f"{turn}/{name}", label="new") for name in coming]
        go(platform, entries(*wanted), allow_empty=True)
        assert live(platform) == {entry.name: (entry.label, entry.default_url) for entry in wanted}


def _renamed(platform: Platform, names: list[str], new_names: list[str]) -> list[Entry]:
    reader = platform.reader()
    try:
        found = [reader.find(name=name)[0] for name in names]
    finally:
        reader.close()
    return [
        Entry(new, storage.type, storage.default_url, storage.label, id=storage.id)
        for storage, new in zip(found, new_names, strict=False)
    ]


def test_everything_goes_when_nothing_is_declared_and_that_is_allowed(platform: Platform) -> None:
    go(platform, entries(local("a", "a"), s3("b", "b")))
    assert len(go(platform, entries(), allow_empty=True)) == 2
    assert live(platform) == {}


def test_a_storage_that_holds_files_goes_with_consent(platform: Platform, plant: Plant) -> None:
    go(platform, entries(local("a", "a"), s3("b", "b")))
    id = id_of(platform, "a")
    plant(id, [("u1", "x", "y")])
    assert not planned(platform, Request(entries(s3("b", "b")))).ready
    consent = Removed("a", id=id, holds_files=True)
    assert go(platform, Desired((s3("b", "b"),), (consent,), Policy())) == ["remove a"]
    assert set(live(platform)) == {"b"}


def test_adopting_some_of_what_is_live(platform: Platform) -> None:
    everything = [local(f"n{i}", f"n{i}", label=f"L{i}") for i in range(14)]
    go(platform, entries(*everything))
    before = live(platform)
    adopted = Desired(tuple(everything[:3]), (), Policy(undeclared="ignore"))
    assert go(platform, adopted) == []
    assert live(platform) == before
