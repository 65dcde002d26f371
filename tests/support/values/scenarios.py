"""Hypothesis strategies for what is live and what is declared, and an oracle for what an apply
may do. Few names and places, so that collisions, chains, swaps and circles happen all the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from reconciler.diff.temporary_names import resting, temporary
from reconciler.location import aws_url, sanitize_local_url
from reconciler.model import Desired, Entry, Policy, Removed, Storage
from reconciler.plan.document import Plan
from reconciler.platform import Abilities
from reconciler.reconcile import Request
from support.values.memory_platform import MemoryPlatform

REGION = "eu-central-2"
#: Names that people give, and some that nobody should.
NAMES = (
    *("a", "b", "c", "d", "e", "A", "two words", "[ab]", "b~move-", "c~move-00000000", "é"),
    # What `a` is called while it is moved, if its id is `id-0`.
    temporary("a", "id-0"),
)
#: Each inner tuple: one place, in several spellings.
PLACES: tuple[tuple[tuple[str, str], ...], ...] = (
    tuple(("local", url) for url in ("/data/0", "file:///data/0", "file:///data/0/")),
    tuple(("local", url) for url in ("/data/1/", "/data/1", "FILE:///data/1")),
    tuple(("local", url) for url in (r"C:\data", r"file://C:\data")),
    tuple(("S3", url) for url in (aws_url(REGION, "b3"), f"https://b3.s3.{REGION}.amazonaws.com")),
    tuple(("S3", url) for url in ("s3://b4", f"https://b4.s3.{REGION}.amazonaws.com/", "S3://b4/")),
    tuple(("S3", url) for url in ("https://minio/b5", "HTTPS://MinIO:443/b5/", "https://minio/b5")),
    tuple(("S3", url) for url in ("http://minio:9000/b6", "http://MINIO:9000/b6/")),
)
SOME_NAMES = ("?", "two*", "b~*", "[[]*", "c*")
LABELS = ("", "L", "Label two")
FAMILIES = {spelling: at for at, family in enumerate(PLACES) for spelling in family}
_UNMANAGED = (("tape", "tape:1"), ("S3", "ftp://host/x"), ("S3", "https://user@host/x"))


def family(type: str, url: str) -> int | str:
    """Say which place a spelling means, without asking the code under test."""
    for (known_type, spelling), at in FAMILIES.items():
        if type == known_type and url in (spelling, sanitize_local_url(spelling)):
            return at
    return f"{type}:{url}"


class Scenario(Struct, frozen=True):
    """What is live, what is asked for, and what the platform is able to do."""

    live: tuple[Storage, ...]
    request: Request
    abilities: Abilities
    files: tuple[str, ...] = ()
    spaces: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def platform(self) -> MemoryPlatform:
        return MemoryPlatform(
            self.live,
            abilities=self.abilities,
            files=self.files,
            spaces=dict(self.spaces),
        )


@lru_cache(maxsize=1000, typed=True)
def chosen(*values: object) -> st.SearchStrategy[Any]:
    """Give the strategy for one of these values; to make it takes longer than to draw from it."""
    return st.sampled_from(values)


@lru_cache(maxsize=1000, typed=True)
def several(size: int, *values: object) -> st.SearchStrategy[list[Any]]:
    """Give the strategy for up to so many of these values, each once."""
    return st.lists(chosen(*values), max_size=size, unique=True) if values else st.just([])


ABILITIES = st.builds(
    Abilities,
    conditional_write=st.just(True),
    atomic_update=st.booleans(),
    spaces=st.booleans(),
    parallelism=st.sampled_from([None, 1]),
)


@st.composite
def live_storages(draw: st.DrawFn, *, calm: bool = False) -> tuple[Storage, ...]:
    """Up to six storages with distinct ids and names; some unmanaged, some parked by a crash."""
    names = draw(several(6, *NAMES))
    found = {}
    for at, drawn in enumerate(names):
        id = f"id-{at}"
        parked = draw(st.integers(0, 29 if calm else 9)) == 1
        name = temporary(drawn, id) if parked else drawn
        if draw(st.integers(0, 29 if calm else 14)) == 1:
            type, url = draw(chosen(*_UNMANAGED))
        else:
            type, url = draw(chosen(*draw(chosen(*PLACES))))
        label = draw(chosen(*LABELS))
        found[name] = Storage(id, name, label, type, url, created_at="2025-01-01T00:00:00Z")
    return tuple(found.values())


LIVE = {calm: live_storages(calm=calm) for calm in (False, True)}


@st.composite
def policies(draw: st.DrawFn, *, calm: bool = False) -> Policy:
    if calm:
        return Policy(
            undeclared=draw(chosen("ignore", "remove")),
            max_removals=draw(chosen("100%", 7)),
            protect=draw(chosen((), (), (), ("a",))),
            scope=draw(chosen(("*",), ("*",), ("*",), SOME_NAMES)),
        )
    return Policy(
        undeclared=draw(chosen("fail", "ignore", "remove", "remove")),
        max_removals=draw(chosen("10%", "50%", "100%", 0, 1, 7)),
        protect=draw(chosen((), (), (), ("a",), ("[ab]",), ("c*", "e"))),
        scope=draw(chosen(("*",), ("*",), ("*",), ("a", "b", "c*", "A"), ("?", "two*", "b~*"))),
    )


POLICIES = {calm: policies(calm=calm) for calm in (False, True)}
ORDERS = st.permutations(NAMES)


def _entry(draw: st.DrawFn, name: str, place: int, **more: object) -> Entry:
    type, url = draw(chosen(*PLACES[place]))
    region = bucket = None
    if type == "S3" and url == aws_url(REGION, "b3"):
        region, bucket = REGION, "b3"
    return Entry(
        name=name,
        type=type,
        default_url=sanitize_local_url(url) if type == "local" else url,
        label=draw(chosen(None, *LABELS)),
        region=region,
        bucket=bucket,
        protect=draw(st.integers(0, 11)) == 1,
        **more,  # type: ignore[arg-type]
    )


@st.composite
def likely_scenarios(draw: st.DrawFn) -> Scenario:
    """What an author could mean: each live storage is kept, renamed, given up or left out.

    Names are dealt out anew, so that renames form chains and circles; most of them can be said.
    """
    calm = draw(st.integers(0, 3)) > 0
    live = draw(LIVE[calm])
    policy = draw(POLICIES[calm])
    new_names = draw(ORDERS)
    keep_names = draw(st.booleans())
    entries: list[Entry] = []
    removed: list[Removed] = []
    taken: set[str] = set()
    for at, storage in enumerate(live):
        place = family(storage.type, storage.default_url)
        what = draw(chosen("keep", "keep", "rename", "rename", "remove", "leave"))
        if what == "remove":
            removed.append(
                Removed(
                    storage.name,
                    storage.id if calm else draw(chosen(None, storage.id)),
                    calm or draw(st.booleans()),
                )
            )
        if what in ("remove", "leave") or isinstance(place, str):
            continue
        own = resting(storage.name, storage.id)
        name = new_names[at] if what == "rename" and not keep_names else own
        if what == "rename" and keep_names:  # one step around a circle of all live names
            name = resting(live[at - 1].name, live[at - 1].id)
        if name in taken:
            continue
        taken.add(name)
        pin = storage.id if draw(st.integers(0, 3)) else None
        earlier = (storage.name,) if pin is None and name != storage.name else ()
        entries.append(_entry(draw, name, place, id=pin, renamed_from=earlier))
    for name in draw(several(2, *NAMES)):
        if name not in taken:
            taken.add(name)
            entries.append(_entry(draw, name, draw(st.integers(0, len(PLACES) - 1))))
    named = [item for item in removed if item.id or item.name not in taken]
    return _scenario(draw, live, entries, named, policy, calm=calm)


@st.composite
def wild_scenarios(draw: st.DrawFn) -> Scenario:
    """Anything a manifest could say, sense or not."""
    live = draw(LIVE[False])
    ids = [storage.id for storage in live] or ["id-0"]
    names = (*NAMES, *(s.name for s in live))
    entries = [
        _entry(
            draw,
            name,
            draw(st.integers(0, len(PLACES) - 1)),
            id=draw(chosen(None, None, *ids)),
            renamed_from=tuple(draw(several(1, *names))),
        )
        for name in draw(several(4, *names))
    ]
    removed = [
        Removed(name, draw(chosen(None, *ids)), draw(st.booleans()))
        for name in draw(several(2, *names))
    ]
    declared = {entry.name for entry in entries}
    removed = [item for item in removed if item.id or item.name not in declared]
    return _scenario(draw, live, entries, removed, draw(POLICIES[False]))


def _scenario(
    draw: st.DrawFn,
    live: tuple[Storage, ...],
    entries: Sequence[Entry],
    removed: Sequence[Removed],
    policy: Policy,
    *,
    calm: bool = False,
) -> Scenario:
    given_up = {item.id for item in removed}
    ids = [storage.id for storage in live if not calm or storage.id in given_up]
    some = several(2, *ids)
    return Scenario(
        live=live,
        request=Request(
            Desired(_indexed(entries), _indexed(removed), policy),
            scopes=draw(chosen((), (), (), (("[a-c]*", "A"),))),
            allow_empty=draw(st.booleans()),
        ),
        abilities=draw(ABILITIES),
        files=tuple(draw(some)),
        spaces=tuple((id, ("space one",)) for id in draw(some)),
    )


def _indexed(items: Iterable[Entry | Removed]) -> tuple:  # type: ignore[type-arg]
    return tuple(replace(item, file="storages.yaml", index=at) for at, item in enumerate(items))


def check_outcome(
    before: Sequence[Storage], after: Sequence[Storage], request: Request, plan: Plan
) -> None:
    """Hold live after an apply against what was asked for. Knows nothing of steps and order."""
    was = {storage.id: storage for storage in before}
    now = {storage.id: storage for storage in after}
    by_name = {storage.name: storage for storage in after}
    assert len(by_name) == len(after)
    declared: set[str] = set()
    for entry in request.desired.entries:
        live = by_name[entry.name]
        declared.add(live.id)
        earlier = was.get(live.id)
        check_entry(entry, live, earlier)
    for id, storage in was.items():
        if id not in declared:
            still = now.get(id)
            assert still == storage or (still is None and may_go(storage, request))
    assert now.keys() - was.keys() <= declared
    assert {op.id for op in plan.operations if op.id} == {
        id for id in was if now.get(id) != was[id]
    }


def check_entry(entry: Entry, live: Storage, earlier: Storage | None) -> None:
    """Check that a live storage is what an entry declares, and the one that it means."""
    assert family(live.type, live.default_url) == family(entry.type, entry.default_url)
    if entry.id is not None:
        assert live.id == entry.id
    if earlier is None:
        assert live.label == (entry.name if entry.label is None else entry.label)
        return
    assert live.label == (earlier.label if entry.label is None else entry.label)
    assert live == replace(earlier, name=entry.name, label=live.label)
    assert entry.id or earlier.name in (entry.name, *entry.renamed_from)


def may_go(storage: Storage, request: Request) -> bool:
    """Say whether anything in a request could consent to the removal of a storage."""
    named = any(
        item.name == storage.name and item.id in (None, storage.id)
        for item in request.desired.removed
    )
    return named or request.desired.policy.undeclared == "remove"
