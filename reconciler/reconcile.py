"""The story: read, diff, plan, execute, read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Literal

import msgspec
from msgspec import Struct

from reconciler.diff import Diff, Removal, compare
from reconciler.errors import (
    ERROR,
    INTERRUPTED,
    PARTIAL,
    STALE,
    SUCCESS,
    BlockedError,
    MatchingError,
    PlatformError,
    ReconcilerError,
    StaleError,
    UsageError,
)
from reconciler.executor import Result, execute, recording
from reconciler.executor.events import Observer
from reconciler.lease.contract import Lease
from reconciler.model import NEW_PLATFORM, Desired, Removed, State
from reconciler.plan import policy
from reconciler.plan.build import Setting, build
from reconciler.plan.document import Plan
from reconciler.plan.policy import ALLOW_REMOVE, Facts, Rules
from reconciler.plan.remaining import left_of, not_holding
from reconciler.platform import About, Lost, Platform, Reader
from reconciler.printable import quoted
from reconciler.retry.limits import Limits
from reconciler.retry.persist import persist
from reconciler.retry.reader import PatientReader

#: Why live was not read again after a run that was stopped at once.
STOPPED = "the run was interrupted"
#: Seconds for which live is read again after an apply while the platform can't answer.
_READ_AGAIN = 20.0


class Request(Struct, frozen=True):
    """What is wanted of a platform."""

    desired: Desired
    #: Lists of names or globs that narrow the manifest's own scope; each must match.
    scopes: tuple[tuple[str, ...], ...] = ()
    #: None: ids are of this platform. Else old id -> new id; ids that are not in it are ignored.
    ids: Mapping[str, str] | None = None
    targets: tuple[str, ...] = ()
    allow_remove: tuple[str, ...] = ()
    allow_empty: bool = False
    #: Where one apply at a time is ensured, if the platform can't.
    lock: str | None = None


#: Live is as planned; or the run was cut off; or not all is as planned, and something was written;
#: or nothing was, as live is not what the plan relied on; or nobody looked again; or all failed.
Verdict = Literal["as_planned", "interrupted", "partial", "stale", "unread", "failed"]


_EXIT_CODES: dict[Verdict, int] = {
    "as_planned": SUCCESS,
    "interrupted": INTERRUPTED,
    "partial": PARTIAL,
    "stale": STALE,
    "unread": ERROR,
    "failed": ERROR,
}


class Applied(Struct, frozen=True):
    """What an apply did, and what live looks like after it."""

    plan: Plan
    result: Result
    #: Live now equals desired; for a plan file or targets: its operations hold. None if live was
    #: not read again.
    holds: bool | None
    #: What still differs, in words; empty if `holds`.
    remaining: tuple[str, ...] = ()
    #: Why live was not read again, in words; empty if it was.
    unread: str = ""

    @property
    def verdict(self) -> Verdict:
        """How the run ended as a whole; the exit code follows from it."""
        undone, unread = self.result.undone, self.holds is None
        if self.result.interrupted and (undone or unread):
            return "interrupted"
        if self.holds and not undone:
            return "as_planned"
        if self.result.wrote:
            return "partial"
        if undone:
            return "stale" if self.result.stale else "failed"
        return "unread" if unread else "stale"

    @property
    def exit_code(self) -> int:
        """What a command ends with that applied this."""
        return _EXIT_CODES[self.verdict]


def make_plan(
    reader: Reader, request: Request, *, address: str, now: str, state: State | None = None
) -> Plan:
    """Read live and plan what turns it into desired.

    `now` is the RFC 3339 time to be written into the plan; `state` is live, if `read_live` has just
    read it. Raises `MatchingError` (its problems
    have paths, but no lines yet), `PlatformError`, `UsageError` for a target or an
    `--allow-remove` that means nothing.
    """
    state = state or read_live(reader)
    desired = request.desired
    diff = compare(desired, state.storages, scopes=request.scopes, ids=request.ids)
    diff = _with_allowed(diff, request.allow_remove)
    rules = Rules(desired, allow_empty=request.allow_empty)
    setting = Setting(address, now, state, reader.abilities.atomic_update, request.lock)
    return build(diff, _facts(reader, diff, rules), rules, setting, request.targets)


def apply_plan(
    plan: Plan,
    platform: Platform,
    limits: Limits,
    observe: Observer,
    *,
    request: Request | None = None,
    wait: float = 120.0,
    lease: Lease | None = None,
) -> Applied:
    """Carry out a plan and read live again.

    With a `request` that has no targets, `holds` says whether a new plan for it would be empty;
    otherwise (a saved plan) whether the plan's own operations hold. `wait` is how many seconds to
    wait for other writers; `lease` is the platform's own, if the caller holds it. Raises
    `BlockedError` for a plan that is not ready, `StaleError` for a plan that was made for another
    platform, `PlatformError` if it can't be opened.
    """
    if not plan.ready:
        raise BlockedError("the plan is blocked by policy and can't be applied")
    check_platform(plan, platform, saved=request is None, leased=lease is not None)
    with closing(platform.writer(wait=wait, lease=lease, lost=limits.lost)) as writer:
        result = execute(plan, writer, limits, observe)
        # Told to stop at once: reading could take as long as whatever was not waited for.
        if unread := STOPPED if result.interrupted else result.overdue:
            return Applied(plan, result, holds=None, unread=unread)
        return _compared(plan, result, lambda: _remaining(plan, writer, request, limits))


def record_each(
    platform: Platform,
    tasks: Iterator[recording.Task],
    most: int,
    *,
    wait: float,
    lease: Lease | None,
    lost: Lost,
) -> None:
    """Carry out tasks that each find out and record the files of one storage, `most` at a time.

    What `wait`, `lease` and `lost` mean `Platform.writer` says. Raises what a task raises, and
    `PlatformError`.
    """
    with closing(platform.writer(wait=wait, lease=lease, lost=lost)) as writer:
        recording.record_each(writer, tasks, most)


def _compared(plan: Plan, result: Result, remaining: Callable[[], tuple[str, ...]]) -> Applied:
    """Return whether live is as planned; what the run did is told, whatever is wrong by now."""
    try:
        left = remaining()
    except KeyboardInterrupt:
        interrupted = msgspec.structs.replace(result, interrupted=True)
        return Applied(plan, interrupted, holds=None, unread=STOPPED)
    except MatchingError as error:  # live was read, and nothing else is wrong with it
        left = (f"live can't be compared with the manifest any more: {error}",)
    except ReconcilerError as error:
        return Applied(plan, result, holds=None, unread=str(error))
    return Applied(plan, result, holds=not left, remaining=left)


def _remaining(
    plan: Plan, writer: Reader, request: Request | None, limits: Limits
) -> tuple[str, ...]:
    """Return what still differs; a platform that can't answer just now is asked again."""
    return persist(lambda: differing(plan, writer, request), limits, _READ_AGAIN)


def differing(plan: Plan, reader: Reader, request: Request | None) -> tuple[str, ...]:
    """Read live, and return in words what differs from all that is wanted.

    Without a request, or with targets, from what the plan's own operations lead to. Raises like
    `make_plan`.
    """
    if request is None or request.targets:
        return tuple(not_holding(plan, read_live(reader)))
    return _still_planned(reader, request)


def read_live(reader: Reader) -> State:
    """Read all storages; raises `PlatformError`, also for a list that can't be right."""
    state = reader.read()
    for what, values in (
        ("id", [storage.id for storage in state.storages]),
        ("name", [s.name for s in state.storages if s.name or not s.flaw]),
    ):
        if len(set(values)) != len(values):
            raise PlatformError(
                f"the platform lists two storages with one {what}: its list can't be trusted, "
                "and nothing was changed"
            )
    return state


def _with_allowed(diff: Diff, names: tuple[str, ...]) -> Diff:
    """Take what `--allow-remove` names for entries of `removed:`."""
    undeclared = {storage.name: storage for storage in diff.undeclared}
    allowed = []
    for name in sorted(set(names)):
        live = undeclared.pop(name, None)
        if live is None:
            raise UsageError(f"--allow-remove {quoted(name)}: no undeclared storage has this name")
        allowed.append(Removal(live, Removed(name, file=ALLOW_REMOVE)))
    if not allowed:
        return diff
    removed = sorted([*diff.removed, *allowed], key=lambda item: item.live.name)
    return msgspec.structs.replace(
        diff, removed=tuple(removed), undeclared=tuple(undeclared.values())
    )


def _facts(reader: Reader, diff: Diff, rules: Rules) -> Facts:
    """Read what a removal could destroy, of those storages only that may be removed."""
    ids = [removal.live.id for removal in policy.removals(diff, rules.policy)]
    return Facts(
        holds_files={id: any(True for _ in reader.inventory(id)) for id in ids},
        spaces={id: reader.spaces_using(id) for id in ids} if reader.abilities.spaces else {},
    )


def check_platform(plan: Plan, platform: Platform, *, saved: bool, leased: bool = False) -> None:
    """Make sure, before anything is opened for writing, that we may write to the plan's platform.

    `leased`: we hold the platform's lease, and so may have made it ourselves. Raises `StaleError`
    if it is another one, does not exist any more, or does though a `saved` plan was made for a new
    one; `PlatformError` if it says that this account may not write.
    """
    with closing(PatientReader(platform.reader())) as reader:
        found = reader.identity()
        check_role(platform, reader.about())
        ours = plan.platform_id == NEW_PLATFORM and (
            not saved or (leased and not reader.read().storages)
        )
    if plan.platform_id != found and not ours:
        raise StaleError(f"{platform.address} {_other_than_planned(plan, found)}")


def _other_than_planned(plan: Plan, found: str) -> str:
    if found == NEW_PLATFORM:
        return "does not exist: make a new plan"
    if plan.platform_id != NEW_PLATFORM:
        return "is another platform than that of the plan: make a new plan"
    return (
        "exists by now, and the plan was made for a new and empty one: make a new plan; to go on "
        "with an apply of it that was cut off, run `reconciler apply --expect PLAN` with the "
        "manifest"
    )


def check_role(platform: Platform, about: About) -> None:
    """Raise `PlatformError` if the platform says that this account may not write."""
    if about.may_write is False:
        whom = f"the role {quoted(about.role)}" if about.role else "this account"
        raise PlatformError(
            f"{platform.address} may not be written with {whom}: nothing was written; use an "
            "account that may write"
        )


def _still_planned(reader: Reader, request: Request) -> tuple[str, ...]:
    """Plan again and say what is left to do; a consent that was used up is not asked for again."""
    again = msgspec.structs.replace(request, allow_remove=())
    plan = make_plan(reader, again, address="", now="")
    left = [left_of(operation, operation.before) for operation in plan.operations]
    return tuple(left + [reason.message for reason in plan.blocked_by])
