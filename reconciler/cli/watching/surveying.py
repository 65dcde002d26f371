"""What there is in all, for the page and the status of a watch: storages, differences, runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from reconciler.cli.watching.auditing import REMOVALS, RUNS, Asking, Auditor
from reconciler.given.source import Source
from reconciler.journal.read import OperationRecord, of_file
from reconciler.journal.read import Run as Recorded
from reconciler.journal.write import journals
from reconciler.location import location
from reconciler.masking import masked, masked_in
from reconciler.model import State, Values, unmanaged_because
from reconciler.model import Storage as Live
from reconciler.names import Scope
from reconciler.plan.document import CREATE, FIELDS, REMOVE, Operation, Plan
from reconciler.platform import Audited, Left, Platform
from reconciler.report.sentences import drift
from reconciler.report.sentences.history import total
from reconciler.report.sentences.operations import name_of, old_name
from reconciler.watching.survey import (
    DECLARED,
    LEFT_ALONE,
    MISSING,
    UNMANAGED,
    Difference,
    Removal,
    Run,
    Side,
    Storage,
    Survey,
)


class Surveyor:
    """Puts together what a watch has read; what has not changed of runs is not read again."""

    def __init__(
        self, journals: Path, late: Callable[[tuple[Run, ...] | None], object] = lambda _: None
    ) -> None:
        """`journals` is the folder that has them, or will have.

        `late` is told of runs, from another thread, that an audit tells after a look.
        """
        self._folder = journals
        self._known: dict[str, tuple[object, Run]] = {}
        self._asking = Asking(Auditor(_run), late)

    def survey(self, source: Source, plan: Plan, state: State, left: Left) -> Survey:
        """Return all that is live in scope, or declared, and in what it differs.

        `left` says for how long the platform may be asked.
        """
        desired = source.manifest.desired
        scope = Scope.of(desired.policy.scope, source.request.scopes)
        inside = [storage for storage in state.storages if scope.holds(storage.name)]
        found = drift.drift_of(plan, ignored=desired.policy.undeclared == "ignore")
        storages = sorted(_storages(plan, inside, found), key=lambda one: (one.name, one.id))
        runs = self._runs(source.platform, plan, left)
        return Survey(tuple(storages), tuple(_differences(plan, found, inside)), runs)

    def after(self, survey: Survey, plan: Plan, platform: Platform, left: Left) -> Survey:
        """Return what there is after an apply by which all of a plan was done."""
        done = {operation.id: operation for operation in plan.operations if operation.id}
        storages = []
        for one in survey.storages:
            operation = done.get(one.id)
            if one.standing == MISSING:
                storages.append(replace(one, standing=DECLARED))
            elif operation is None:
                storages.append(one)
            elif operation.action != REMOVE and operation.after is not None:
                storages.append(_of_values(operation.after, DECLARED, one.id))
        runs = self._runs(platform, plan, left)
        return Survey(tuple(sorted(storages, key=lambda one: one.name)), (), runs)

    def _runs(self, platform: Platform, plan: Plan, left: Left) -> tuple[Run, ...] | None:
        """Return the newest runs as `history` knows them: an audit alone tells, if there is one."""
        if isinstance(platform, Audited):
            whose = f"{plan.platform_id} {platform.address}"
            return self._asking.runs(platform, whose, left)
        return self.runs()

    def runs(self) -> tuple[Run, ...] | None:
        """Return the newest runs of the journals, newest first; None where they can't be read."""
        try:
            newest = journals(self._folder)[:RUNS]
        except FileNotFoundError:
            return ()
        except OSError:
            return None
        before, self._known = self._known, {}
        for path in newest:
            with suppress(FileNotFoundError):  # there are newer ones by now
                facts = path.stat()
                sign = (facts.st_size, facts.st_mtime_ns)
                known = before.get(path.stem)
                if known is None or known[0] != sign:
                    known = (sign, _run(of_file(path)))
                self._known[path.stem] = known
        return tuple(run for _, run in self._known.values())


def _storages(plan: Plan, inside: Iterable[Live], found: drift.Drift) -> Iterator[Storage]:
    by_id = {one.id: one.kind for one in found.found if one.id}
    by_name = {one.name: one.kind for one in found.found if not one.id}
    alone = frozenset(found.undeclared)
    for live in inside:
        standing = by_id.get(live.id) or by_name.get(live.name) or DECLARED
        if standing == DECLARED and unmanaged_because(live) is not None:
            standing = UNMANAGED
        elif standing == DECLARED and live.name in alone:
            standing = LEFT_ALONE
        values = Values(live.name, live.label, live.type, live.default_url)
        yield _of_values(values, standing, live.id)
    for operation in plan.operations:
        if operation.action == CREATE and operation.after is not None:
            yield _of_values(operation.after, MISSING)


def _of_values(values: Values, standing: str, id: str = "") -> Storage:
    return Storage(
        called(values.name),
        fit(masked_in(values.label)),
        fit(values.type),
        fit(masked(values.default_url)),
        location(values.type, values.default_url).place,
        standing,
        fit(id),
    )


def _differences(plan: Plan, found: drift.Drift, inside: Iterable[Live]) -> Iterator[Difference]:
    live = {storage.name: storage for storage in inside}
    operations = {name_of(operation): operation for operation in plan.operations}
    for one in found.found:
        operation = operations.get(one.name)
        sides = [_side(field, *values) for field, *values in _sides(one, operation, live)]
        was = (old_name(operation) if operation else None) or ""
        yield Difference(one.kind, called(one.name), called(was), tuple(sides))


def _sides(
    one: drift.Difference, operation: Operation | None, live: dict[str, Live]
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield what differs, or, of a storage that is on one side alone, all that is known of it."""
    if one.changes:
        yield from ((change.field, change.before, change.after) for change in one.changes)
    elif one.kind == drift.MISSING and operation is not None and operation.after is not None:
        yield from ((name, None, getattr(operation.after, name)) for name in FIELDS[1:])
    elif one.name in live and one.kind in (drift.UNDECLARED, drift.NOT_REMOVED):
        yield from ((name, getattr(live[one.name], name), None) for name in FIELDS[1:])


def _side(field: str, live: str | None, declared: str | None) -> Side:
    how = masked if field == "default_url" else masked_in
    told = (None if value is None else fit(how(value)) for value in (live, declared))
    return Side(field, *told)


def _run(run: Recorded) -> Run:
    """Tell of a run; in an audit, what it says of itself is what anybody may have claimed."""
    removed = [entry for entry in run.operations if entry.action == REMOVE]
    return Run(
        called(run.run),
        run.state,
        fit(run.started_at),
        fit(run.ended_at),
        run.exit,
        fit(masked_in(run.actor)),
        fit(run.host),
        fit(masked_in(run.commit)),
        fit(masked(run.job_url)),
        fit(total(run)),
        tuple(map(_removal, removed[:REMOVALS])),
        len(removed),
        fit(masked_in(run.damage)),
    )


def _removal(entry: OperationRecord) -> Removal:
    before = entry.before
    label, url = (before.label, before.default_url) if before else ("", "")
    return Removal(called(entry.name), fit(entry.status), fit(masked_in(label)), fit(masked(url)))


def called(name: str) -> str:
    """Return the name of a storage as it is told everywhere: a secret in it is masked."""
    return fit(masked_in(name))


def fit(text: str) -> str:
    """Return text that JSON can hold, whatever the platform or a journal has."""
    return text.encode("utf-8", "backslashreplace").decode()
