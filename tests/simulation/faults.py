"""What can go wrong at a boundary, how often in one seed, and what others do meanwhile."""

from __future__ import annotations

from random import Random

from msgspec import Struct

from reconciler.model import Storage
from simulation.model import Platform

#: Faults of a write, of a read, and what may happen at any boundary.
WRITE = (
    "request lost",
    "request late",
    "answer lost",
    "slow",
    "duplicated",
    "unavailable",
    "retry after",
    "server error before",
    "server error after",
    "foreign 503 before",
    "foreign 503 after",
    "bug after",
    "never answers",
    "made otherwise",
    "said to be done",
)
READ = ("unavailable", "retry after", "foreign 503", "never answers", "slow", "cut", "bug")
ANYWHERE = (
    "crash before",
    "crash after",
    "lease lost",
    "outage",
    "stop",
    "interrupt",
    "back in time",
    "file replaced",
)


class Weather(Struct, frozen=True):
    """How often what goes wrong, each as a probability for one call."""

    faults: dict[str, float]
    others: float
    #: How likely it is, at a boundary, that a late request arrives.
    arrival: float


CALM = Weather({}, 0.0, 0.0)


def weather(rng: Random) -> Weather:
    """Draw what is likely in one seed: some seeds have one kind of fault, some have all."""
    every = (*WRITE, *(f"read: {kind}" for kind in READ), *ANYWHERE)
    if rng.random() < 0.3:
        faults = {rng.choice((*WRITE, "request late", "request late", "request late")): 0.5}
    else:
        chosen = rng.sample(every, rng.choice((0, 2, 4, 8, len(every))))
        often = rng.choice((0.03, 0.1, 0.3))
        faults = {kind: often * (0.2 if kind in ANYWHERE else 1.0) for kind in sorted(chosen)}
    return Weather(faults, rng.choice((0.0, 0.0, 0.05, 0.2)), rng.choice((0.01, 0.05, 0.2)))


class Others:
    """Other people, who change what is live between any two calls, within reason."""

    def __init__(self, platform: Platform, rng: Random) -> None:
        self._platform = platform
        self._rng = rng
        #: Ids of what they made (None), or changed: what was there before, with its files.
        self.touched: dict[str, tuple[Storage, int] | None] = {}
        self._count = 0

    def act(self) -> str:
        """Do something, and say what."""
        platform, rng = self._platform, self._rng
        live = [platform.by_id[id] for id in sorted(platform.by_id)]
        kind = rng.choice(
            ("upload", "upload", "tie", "relabel", "rename", "create", "remove", "take")
        )
        self._count += 1
        if kind in ("create", "take"):
            return self._create(kind)
        if not live:
            return ""
        chosen = rng.choice(live)
        was = chosen.storage
        if kind == "upload":
            platform.upload(chosen)
            return f"others upload to {was.name}"
        if kind == "tie":
            platform.tie(chosen)
            return f"others tie a space to {was.name}"
        self.touched.setdefault(was.id, (was, chosen.files))
        if kind == "relabel":
            platform.change(chosen, label=f"theirs {self._count}")
        elif kind == "rename":
            platform.change(chosen, name=f"{rng.choice(('n', 'far-'))}x{self._count}")
        else:
            platform.drop(chosen)
        chosen.changed_by_others = platform.moment
        return f"others {kind} {was.name}"

    def _create(self, kind: str) -> str:
        platform = self._platform
        name = f"n{self._rng.randrange(8)}" if kind == "take" else f"theirs-{self._count}"
        if platform.named(name) is not None:
            return ""
        made = platform.put(
            Storage(f"theirs-{self._count}", name, "theirs", "local", f"file:///t/{self._count}")
        )
        made.changed_by_others = platform.moment
        self.touched[made.storage.id] = None
        return f"others create {name}"

    def undo(self) -> None:
        """Take back, as people would, what may stand in the way of a plan; uploads stay."""
        platform = self._platform
        made = [id for id, was in self.touched.items() if was is None and id in platform.by_id]
        for id in made:
            platform.drop(platform.by_id[id])
        changed = [(id, *was) for id, was in self.touched.items() if was is not None]
        for _ in changed:
            for id, storage, files in changed:
                self._put_back(id, storage, files)

    def _put_back(self, id: str, storage: Storage, files: int) -> None:
        platform = self._platform
        if platform.named(storage.name) is not None:
            return
        live = platform.by_id.get(id)
        if live is None:
            platform.put(storage, files)
        elif live.storage.name.startswith(("nx", "far-x")):
            platform.change(live, name=storage.name)
