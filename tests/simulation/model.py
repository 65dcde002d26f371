"""A platform as the simulation sees it: what is live, what was asked of it, and by whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import ConflictError, LeaseLostError
from reconciler.model import Storage, Values
from reconciler.plan.document import CREATE, REMOVE, UPDATE
from reconciler.platform import Abilities
from simulation.past import Kept, Past


class Violation(BaseException):
    """Something happened that must never happen.

    Not an `Exception`: the executor would take it for a fault of the platform and go on.
    """


class Live:
    """A storage that there is, and what somebody else did to it, and when."""

    def __init__(self, storage: Storage, files: int = 0) -> None:
        self.storage = storage
        self.files = files
        #: Changes whenever the storage or its files do; what an ETag covers.
        self.revision = 0
        self.spaces: tuple[str, ...] = ()
        self.changed_by_others = 0
        self.named_at = 0
        self.uploaded_at = 0
        self.tied_at = 0


class Request(Struct, frozen=True):
    """A write as it travels."""

    run: str
    action: str
    #: When it was sent, as a moment of the platform.
    sent: int
    values: Values | None = None
    expected: Storage | None = None
    #: The revision of `expected` when it was read; None: it was not.
    revision: int | None = None
    #: The moments at which the run last read the storage, its inventory, and who uses it;
    #: None: never.
    seen: int | None = None
    #: The file that the run has opened.
    inode: int = 1
    seen_files: int | None = None
    seen_spaces: int | None = None
    name: str | None = None
    label: str | None = None
    holds_files: bool = False
    key: str | None = None
    fence: int | None = None
    duplicate: bool = False
    #: Whether the platform makes something else of it than was asked: it cuts the label.
    altered: bool = False

    @property
    def subject(self) -> str:
        return f"{self.action} {self.about}"

    @property
    def about(self) -> str:
        if self.values is not None:
            return self.values.name
        given = [f"name {self.name}"] if self.name is not None else []
        given += [f"label {self.label}"] if self.label is not None else []
        assert self.expected is not None
        return f"{self.expected.id} {', '.join(given)}".rstrip()


class Effect(Struct, frozen=True):
    """What a request changed."""

    request: Request
    before: Storage | None
    after: Storage | None
    #: The storage as it was known to the platform until then; None for a create.
    live: Live | None


class Platform:
    """Holds storages and takes requests; knows nothing of faults."""

    #: Whether writes under a lease that was superseded are refused.
    fencing = True
    #: Whether the marks of revisions and leases are never given twice, not even once the platform
    #: has gone back in time: they hold something random.
    unique_marks = True

    def __init__(self, abilities: Abilities, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.abilities = abilities
        self._clock = clock
        #: By how many seconds lists show late what has happened.
        self.lag = 0.0
        #: Which file is at the path.
        self.inode = 1
        #: Everything as it was, oldest first.
        self.past: list[Past] = []
        #: Whose the lease is; `fence` is what is checked.
        self.holder = ""
        self._marks = 0
        #: Whether a name was given twice by what nothing can prevent.
        self.doubled = False
        #: When it last went back in time.
        self.restored_at = 0
        self.by_id: dict[str, Live] = {}
        #: Counts everything that happens.
        self.moment = 1
        self.fence = 0
        self.keys: dict[str, Storage] = {}
        #: Requests that were sent and have not arrived.
        self.late: list[Request] = []
        #: Everything that was live at any moment: (moment, id, storage; None once it is gone).
        self.history: list[tuple[int, str, Storage | None]] = []
        self.watch: Callable[[Effect], None] = lambda _: None
        self.races: Counter[str] = Counter()
        self._made = 0

    def named(self, name: str) -> Live | None:
        return next((live for live in self.by_id.values() if live.storage.name == name), None)

    def put(self, storage: Storage, files: int = 0) -> Live:
        """Add a storage, or one that was there before."""
        live = Live(storage, files)
        self.by_id[storage.id] = live
        self._note(live, storage)
        live.named_at = self.moment
        return live

    def change(self, live: Live, **fields: str) -> None:
        renamed = fields.get("name", live.storage.name) != live.storage.name
        live.storage = replace(live.storage, **fields)
        self._note(live, live.storage)
        if renamed:
            live.named_at = self.moment

    def drop(self, live: Live) -> None:
        del self.by_id[live.storage.id]
        self._note(live, None)

    def begin(self) -> None:
        """Let whatever there is be all that there ever was."""
        self.past.clear()
        self._keep()

    def upload(self, live: Live) -> None:
        live.files += 1
        self.moment += 1
        live.uploaded_at, live.revision = self.moment, self._mark()
        self._keep()

    def tie(self, live: Live) -> None:
        """Have a space use a storage, which no ETag covers."""
        self.moment += 1
        live.spaces, live.tied_at = ("space",), self.moment
        self._keep()

    def grant(self, holder: str) -> int:
        """Give the lease to somebody; give the mark that writes under it carry."""
        self.holder, self.fence = holder, self._mark()
        return self.fence

    def shown(self, *, up_to_date: bool = False) -> Past:
        """Give what lists show by now."""
        until = self._clock() - (0.0 if up_to_date else self.lag)
        return next((was for was in reversed(self.past) if was.time <= until), self.past[0])

    def restore(self, was: Past) -> None:
        """Go back in time: a backup was put back, or a failover has lost commits."""
        self.moment += 1
        self.restored_at = self.moment
        gone = self.by_id.keys() - {kept.storage.id for kept in was.kept}
        self.history += [(self.moment, id, None) for id in sorted(gone)]
        self.by_id = {}
        for kept in was.kept:
            live = Live(kept.storage, kept.files)
            live.spaces, live.revision = kept.spaces, kept.revision
            live.changed_by_others = live.uploaded_at = live.tied_at = self.moment
            live.named_at = self.moment
            self.by_id[kept.storage.id] = live
            self.history.append((self.moment, kept.storage.id, kept.storage))
        self.keys, self.fence, self.holder = dict(was.keys), was.fence, was.holder
        if not self.unique_marks:
            self._marks = was.counted
        self._keep()

    def take(self, request: Request) -> Storage:
        """Carry out a request; raises what the platform answers if it refuses."""
        if self.abilities.lock and self.fencing and request.fence != self.fence:
            raise LeaseLostError("the lease is somebody else's")
        if request.action == CREATE:
            return self._create(request)
        live = self._expected(request)
        if request.action == UPDATE:
            return self._update(request, live)
        assert request.action == REMOVE
        if self.abilities.conditional_write and live.files and not request.holds_files:
            raise ConflictError(f"{live.storage.name} holds files")
        before = live.storage
        self.watch(Effect(request, before, None, live))
        self.drop(live)
        return before

    def _create(self, request: Request) -> Storage:
        values = request.values
        assert values is not None
        keyed = self.abilities.idempotency_key and request.key
        if keyed and request.key in self.keys:
            return self.keys[request.key]
        self._free(values.name, "")
        self._made += 1
        label = _cut(values.label) if request.altered else values.label
        storage = Storage(f"made-{self._made}", values.name, label, values.type, values.default_url)
        self.watch(Effect(request, None, storage, None))
        live = self.put(storage)
        live.changed_by_others = self.moment if request.altered else 0
        if keyed and request.key:
            self.keys[request.key] = storage
            self._keep()
        return storage

    def _update(self, request: Request, live: Live) -> Storage:
        before = live.storage
        after = replace(
            before,
            name=before.name if request.name is None else request.name,
            label=before.label if request.label is None else request.label,
        )
        if request.altered and request.label is not None:
            after = replace(after, label=_cut(after.label))
        self._free(after.name, after.id)
        if after != before:
            self.watch(Effect(request, before, after, live))
            self.change(live, name=after.name, label=after.label)
            live.changed_by_others = self.moment if request.altered else live.changed_by_others
        return after

    def _expected(self, request: Request) -> Live:
        assert request.expected is not None
        live = self.by_id.get(request.expected.id)
        if live is None:
            raise ConflictError(f"{request.expected.name} is no longer there")
        if self.abilities.conditional_write and live.revision != request.revision:
            raise ConflictError(f"{request.expected.name} was changed")
        return live

    def _mark(self) -> int:
        self._marks += 1
        return self._marks

    def _keep(self) -> None:
        kept = tuple(
            Kept(live.storage, live.files, live.spaces, live.revision)
            for live in self.by_id.values()
        )
        self.past.append(
            Past(
                self._clock(),
                self.moment,
                kept,
                dict(self.keys),
                self.fence,
                self.holder,
                self._marks,
            )
        )

    def _free(self, name: str, id: str) -> None:
        if not self.abilities.unique_names:
            return
        holder = self.named(name)
        if holder is not None and holder.storage.id != id:
            raise ConflictError(f"the name {name} is taken")

    def _note(self, live: Live, storage: Storage | None) -> None:
        names = [other.storage.name for other in self.by_id.values()]
        if self.abilities.unique_names and len(names) != len(set(names)):
            raise Violation(f"two storages are named {live.storage.name}")
        self.moment += 1
        live.revision = self._mark()
        self.history.append((self.moment, live.storage.id, storage))
        self._keep()


def _cut(label: str) -> str:
    return f"{label[:1]}…"
