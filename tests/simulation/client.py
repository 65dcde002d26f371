"""One process's connection to the platform: every call may go wrong in every way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.model import State, Storage, Values
from reconciler.plan.document import CREATE, REMOVE, UPDATE
from reconciler.platform import Abilities, About, InventoryRow
from reconciler.platforms.http.address import parse_address
from reconciler.platforms.http.errors import Refusal, Words
from simulation.model import Request, Violation
from simulation.past import Kept

if TYPE_CHECKING:
    from simulation.applying import Run


class Client:
    """Reads and writes as a platform's writer does, through a network that is no good."""

    #: Whether writes look if the file at the path is still the one that was opened.
    watches_file = True

    def __init__(self, run: Run) -> None:
        self._run = run
        self._story = run.story
        self._platform = run.story.platform
        #: The revision of each value that was read, by the identity of the value.
        self._read: dict[int, tuple[Storage, int]] = {}
        #: When each storage, its inventory, and who uses it were last read.
        self._seen: dict[str, int] = {}
        self._seen_files: dict[str, int] = {}
        self._seen_spaces: dict[str, int] = {}
        #: When all names were last seen.
        self._seen_names: int | None = None
        self._inode = self._platform.inode
        self._words = Words(parse_address("https://simulated"), None, has_token=False)

    @property
    def abilities(self) -> Abilities:
        return self._platform.abilities

    def identity(self) -> str:
        return "simulated"

    def about(self) -> About:
        return About()

    def close(self) -> None:
        return

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:
        raise NotImplementedError

    # Reading

    def read(self) -> State:
        self._ask("list")
        return State(tuple(map(self._of, self._shown())), "simulated")

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        self._ask(f"find {id or ''} {name or ''}")
        found = [
            kept for kept in self._shown() if kept.storage.id == id or kept.storage.name == name
        ]
        if id is not None and self._seen_names is not None:
            self._seen[id] = self._seen_names
        return tuple(map(self._of, found))

    def _shown(self) -> tuple[Kept, ...]:
        # One of several that answer may be up to date, and the next one not.
        shown = self._platform.shown(up_to_date=self._story.rng.random() < 0.3)
        self._seen_names = shown.moment if self._platform.lag else self._platform.moment
        return shown.kept

    def inventory(self, id: str) -> Iterator[InventoryRow]:
        self._ask(f"inventory {id}")
        self._seen_files[id] = self._platform.moment
        live = self._platform.by_id.get(id)
        for at in range(live.files if live else 0):
            yield (f"upload-{at}", "checksum", "checksum")

    def spaces_using(self, id: str) -> tuple[str, ...]:
        self._ask(f"spaces {id}")
        self._seen_spaces[id] = self._platform.moment
        live = self._platform.by_id.get(id)
        return live.spaces if live else ()

    def _of(self, kept: Kept) -> Storage:
        # A new value each time: two readings of one storage have revisions of their own.
        storage = replace(kept.storage)
        self._read[id(storage)] = (storage, kept.revision)
        return storage

    def _ask(self, what: str) -> None:
        story, run = self._story, self._run
        story.boundary(run)
        fault = story.fault(run, what, "read")
        if fault == "slow":
            story.baton.wait(None, story.slow())
        elif fault in ("unavailable", "retry after"):
            raise UnavailableError("busy", retry_after=story.retry_after(fault))
        elif fault == "never answers" and not self.abilities.bounded and run.plan is not None:
            story.hang(run)
        elif fault == "foreign 503":
            raise self._foreign(writes=False)
        elif fault == "cut":
            raise PlatformError("the connection was cut")
        elif fault == "bug":
            raise RuntimeError("undocumented")

    # Writing

    def create(self, values: Values, *, key: str | None = None) -> Storage:
        if (key is not None) != self.abilities.idempotency_key:
            raise Violation("a create lacks its key, or has one where there are none")
        return self._send(self._request(CREATE, values=values, key=key))

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        if not (self.abilities.atomic_update or name is None or label is None):
            raise Violation("name and label at once, where they are two calls")
        return self._send(self._request(UPDATE, expected=expected, name=name, label=label))

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        self._send(self._request(REMOVE, expected=expected, holds_files=holds_files))

    def _request(
        self, action: str, *, expected: Storage | None = None, **fields: object
    ) -> Request:
        revision = self._read.get(id(expected), (None, None))[1]
        of = expected.id if expected else ""
        return Request(
            self._run.name,
            action,
            self._platform.moment,
            expected=expected,
            revision=revision,
            seen=self._seen.get(of) if of else self._seen_names,
            inode=self._inode,
            seen_files=self._seen_files.get(of),
            seen_spaces=self._seen_spaces.get(of),
            fence=self._run.fence,
            **fields,  # type: ignore[arg-type]
        )

    def _send(self, request: Request) -> Storage:
        story, run = self._story, self._run
        story.rules.sent(run, request)
        story.boundary(run)
        fault = story.fault(run, request.subject, "write")
        if fault in ("unavailable", "retry after"):
            raise UnavailableError("busy", retry_after=story.retry_after(fault))
        if fault in ("request lost", "server error before"):
            raise UnknownOutcomeError(fault)
        if fault == "foreign 503 before":
            raise self._foreign(writes=True)
        if fault == "said to be done" and not self.abilities.conditional_write:
            return story.into_nothing(request)
        if self.watches_file and self._inode != self._platform.inode:
            raise PlatformError("the file at the path is not the one that was opened")
        if fault == "request late":
            self._platform.late.append(request)
            raise UnknownOutcomeError(fault)
        if fault == "slow":
            story.baton.wait(None, story.slow())
        if fault == "made otherwise":
            request = replace(request, altered=True)
        answer = story.arrive(request)
        if fault == "made otherwise":
            story.rules.made_otherwise(run, request)
        if fault == "duplicated":
            self._platform.late.append(story.duplicate(request))
        story.after(run)
        if fault == "never answers" and not self.abilities.bounded:
            story.hang(run)
        if fault in ("answer lost", "server error after"):
            raise UnknownOutcomeError(fault)
        if fault == "foreign 503 after":
            raise self._foreign(writes=True)
        if self.watches_file and self._inode != self._platform.inode:
            raise UnknownOutcomeError("the file at the path was replaced meanwhile")
        if fault == "bug after":
            raise RuntimeError("undocumented")
        return answer

    def _foreign(self, *, writes: bool) -> PlatformError:
        """Say what the client of the state server makes of a proxy's 503."""
        return self._words.refused(Refusal(503, {"retry-after": "1"}, None), writes=writes)
