"""What is live and what is declared in one seed: drawn until the plan is ready and has work."""

from __future__ import annotations

from random import Random

from msgspec import Struct

from reconciler.errors import ReconcilerError
from reconciler.model import Desired, Entry, Policy, Removed, Storage
from reconciler.names import Scope
from reconciler.plan.document import Plan
from reconciler.platform import Abilities
from reconciler.reconcile import Request, make_plan
from support.values.building import desired, entry, removed, storage
from support.values.memory_platform import MemoryPlatform


class Case(Struct, frozen=True):
    """The beginning of a story."""

    abilities: Abilities
    live: tuple[Storage, ...]
    #: Ids of the storages that hold files.
    files: frozenset[str]
    request: Request
    #: By how many seconds lists show late what has happened.
    lag: float

    @property
    def scope(self) -> Scope:
        return Scope.of(self.request.desired.policy.scope)

    @property
    def consented(self) -> frozenset[str]:
        """Ids of the storages whose file records may be lost."""
        given = self.request.desired.removed
        return frozenset(item.id for item in given if item.id and item.holds_files)


def draw(rng: Random) -> Case:
    """Draw a case whose plan is ready and has something to do."""
    abilities = Abilities(
        lock=rng.random() < 0.5,
        idempotency_key=rng.random() < 0.5,
        conditional_write=(conditional := rng.random() < 0.4),
        unique_names=conditional or rng.random() < 0.4,
        bounded=conditional or rng.random() < 0.5,
        atomic_update=rng.random() < 0.6,
        record_inventory=True,
        spaces=rng.random() < 0.3,
        parallelism=rng.choice((None, None, None, 1)),
    )
    lag = 0.0 if conditional else rng.choice((0.0, 0.0, 0.5, 3.0, 30.0))
    while True:
        case = _draw(rng, abilities, lag)
        try:
            plan = _plan(case)
        except ReconcilerError:
            continue
        if plan.ready and plan.operations:
            return case


def _plan(case: Case) -> Plan:
    platform = MemoryPlatform(case.live, abilities=case.abilities, files=case.files)
    return make_plan(platform.reader(), case.request, address="", now="")


def _draw(rng: Random, abilities: Abilities, lag: float) -> Case:
    ours = [f"n{at}" for at in range(rng.randrange(1, 10))]
    live = [storage(name, id=f"id-{name}") for name in ours]
    live += [storage(f"far-{at}", id=f"id-far-{at}") for at in range(rng.randrange(3))]
    files = frozenset(item.id for item in live if rng.random() < 0.2)
    return Case(abilities, tuple(live), files, Request(_desired(rng, ours, files)), lag)


def _desired(rng: Random, ours: list[str], files: frozenset[str]) -> Desired:
    names = list(ours)
    kept = [name for name in names if rng.random() < 0.75]
    gone = [name for name in names if name not in kept]
    fresh = [f"n{at}" for at in range(len(ours), len(ours) + rng.randrange(4))]
    wanted = _new_names(rng, kept, [*fresh, *gone])
    entries = [_entry(rng, old, new) for old, new in wanted.items()]
    spare = [name for name in (*ours, *fresh) if name not in wanted.values()]
    entries += [
        entry(name, f"new-{name}")
        for name in spare
        if rng.random() < (0.3 if name in gone else 0.6)
    ]
    rng.shuffle(entries)
    # A manifest can't both declare a name and remove it.
    given_up = [name for name in gone if name not in {item.name for item in entries}]
    undeclared = rng.choice(("fail", "fail", "remove", "ignore"))
    return desired(
        *entries,
        removed=_removed(rng, given_up, files, undeclared),
        policy=Policy(
            undeclared=undeclared,
            max_removals="100%",
            protect=tuple(rng.sample(ours, 1)) if rng.random() < 0.3 else (),
            scope=("n*", "theirs-*"),
        ),
    )


def _new_names(rng: Random, kept: list[str], others: list[str]) -> dict[str, str]:
    """Say which name each storage that stays is to have: its own, another's, or a new one."""
    wanted = {name: name for name in kept}
    some = rng.sample(kept, rng.randrange(len(kept) + 1)) if rng.random() < 0.85 else []
    if len(some) > 1 and rng.random() < 0.7:  # a circle
        wanted.update(zip(some, some[1:] + some[:1], strict=True))
    elif some and others:  # a chain, from a name that is free or given up
        chain = [rng.choice(others), *some]
        wanted.update(zip(chain[1:], chain[:-1], strict=True))
    return wanted


def _entry(rng: Random, old: str, new: str) -> Entry:
    more = {"label": rng.choice(("L", "new label"))} if rng.random() < 0.6 else {}
    if old != new and rng.random() < 0.2:
        more["renamed_from"] = (old,)
    elif old != new or rng.random() < 0.3:
        more["id"] = f"id-{old}"
    return entry(new, old, **more)


def _removed(
    rng: Random, gone: list[str], files: frozenset[str], undeclared: str
) -> tuple[Removed, ...]:
    named = []
    for name in gone:
        id = f"id-{name}"
        if id in files:
            named.append(removed(name, id, holds_files=True))
        elif undeclared == "fail" or rng.random() < 0.5:
            named.append(removed(name, rng.choice((None, id))))
    return tuple(named)
