"""A plan file read back: what it shows and what it does must be one thing, or it is refused.

A digest only says that a file is as somebody made it, so nothing in it is believed that follows
from something else in it: names, changes and steps are worked out from before and after.
"""

from __future__ import annotations

from collections import Counter

import msgspec
from msgspec import Struct

from reconciler.diff.temporary_names import temporary
from reconciler.errors import PlanFileError, StaleError
from reconciler.location import ByLocation, aws_url
from reconciler.model import Values
from reconciler.plan.document import (
    CREATE,
    FORMAT_VERSION,
    READY,
    REMOVE,
    UPDATE,
    Consent,
    Operation,
    Plan,
    Step,
    content_digest,
    steps,
)
from reconciler.plan.steps import (
    create_steps,
    derived,
    key_of,
    remove_steps,
    update_calls,
    update_steps,
)

_ALLOW_EMPTY = Consent("allow_empty", "", "")
_CONSENTS = ("allow_empty", "removed", "allow_remove", "holds_files")


def from_json(data: bytes) -> Plan:
    """Read a plan back.

    Raises:
        PlanFileError: it is not a plan, or one of a format that this version does not know.
        StaleError: its digest is not that of its content, or it would do something else than it
            shows: it was changed after it was made.
    """
    try:
        version = msgspec.json.decode(data, type=_Version).format_version
        if not 1 <= version <= FORMAT_VERSION:
            raise PlanFileError(
                f"this plan has format {version}, and this version of reconciler reads up to "
                f"{FORMAT_VERSION}: apply it with the version that made it, or plan again"
            )
        plan = msgspec.json.decode(data, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if data.lstrip().startswith(b"<"):
            raise PlanFileError(
                "this is the page of a plan, and no plan: apply the file that `plan --out` wrote"
            ) from None
        raise PlanFileError(f"this is not a plan file: {error}") from None
    _check_shape(plan)
    if plan.digest != content_digest(plan):
        raise StaleError(
            "the plan file was changed after it was made: its digest does not fit its content. "
            "Make a new plan"
        )
    if not _shows_what_it_does(plan):
        raise StaleError(
            "the plan file was changed after it was made: it would do something else than it "
            "shows. Make a new plan"
        )
    return plan


def _check_shape(plan: Plan) -> None:
    """Refuse a document whose operations lack what their action needs."""
    known = {step.key for _, step in steps(plan)}
    for operation in plan.operations:
        creates, removes = operation.action == CREATE, operation.action == REMOVE
        whole = (
            operation.action in (CREATE, UPDATE, REMOVE)
            and bool(operation.steps)
            and (operation.before is None) == creates
            and (operation.id is None) == creates
            and (operation.after is None) == removes
            and all(known.issuperset(step.after_steps) for step in operation.steps)
        )
        if not whole:
            raise PlanFileError(f"this is not a plan file: operation {operation.key} is damaged")


def _shows_what_it_does(plan: Plan) -> bool:
    """Return whether all that is shown and done follows from what is before and after."""
    done = Counter(operation.action for operation in plan.operations)
    shown = plan.summary
    return (
        (shown.create, shown.update, shown.remove) == (done[CREATE], done[UPDATE], done[REMOVE])
        and all(map(_is_shown_truly, plan.operations))
        and _is_unambiguous(plan)
        and _consents_fit(plan)
        and _Order(plan).follows()
    )


def _is_shown_truly(operation: Operation) -> bool:
    before, after = operation.before, operation.after
    follows = derived(
        operation.action,
        before,
        after,
        operation.steps,
        id=operation.id,
        after_operations=operation.after_operations,
        holds_files=operation.holds_files,
        reason=operation.reason,
    )
    return (
        operation == follows
        and (operation.holds_files is not None) == (operation.action == REMOVE)
        and all(_is_one_place(values) for values in (before, after) if values)
        # An update changes name and label, and nothing else.
        and (before is None or after is None or _only_changes(before, after))
    )


def _is_one_place(values: Values) -> bool:
    """Return whether region and bucket, with which AWS is called, are those of the URL shown."""
    if values.region is None or values.bucket is None:
        return values.region is None and values.bucket is None
    return values.default_url == aws_url(values.region, values.bucket)


def _only_changes(before: Values, after: Values) -> bool:
    renamed = msgspec.structs.replace(before, name=after.name, label=after.label)
    return before != after == renamed


def _is_unambiguous(plan: Plan) -> bool:
    """Return whether no two operations are of one storage, or leave two storages of one name."""
    for values in (
        [operation.id for operation in plan.operations if operation.id is not None],
        [operation.before.name for operation in plan.operations if operation.before],
        [operation.after.name for operation in plan.operations if operation.after],
    ):
        if len(set(values)) != len(values):
            return False
    return True


def _consents_fit(plan: Plan) -> bool:
    """Return whether each consent is for what is removed, and what is lost has its consent."""
    removed = {
        (operation.before.name, operation.id): operation
        for operation in plan.operations
        if operation.action == REMOVE and operation.before
    }
    named = {kind: set[tuple[str, str]]() for kind in _CONSENTS}
    for consent in plan.consents:
        about = (consent.name, consent.id)
        if consent.kind not in _CONSENTS or (about not in removed and consent != _ALLOW_EMPTY):
            return False
        named[consent.kind].add(about)
    losing = {about for about, operation in removed.items() if operation.holds_files}
    return (
        named["holds_files"] <= named["removed"] | named["allow_remove"]
        # What holds files blocks a plan that has no consent for it.
        and (plan.status != READY or losing <= named["holds_files"])
    )


class _Order:
    """Works out anew which steps operations take, and what they wait for."""

    def __init__(self, plan: Plan) -> None:
        self._operations = plan.operations
        consented = {c.id for c in plan.consents if c.kind in ("removed", "allow_remove")}
        self._gone = ByLocation(
            operation.before
            for operation in plan.operations
            if operation.action == REMOVE and operation.before and operation.id in consented
        )
        #: By the name that it frees, the operation that does.
        self._freeing = {
            operation.before.name: operation
            for operation in plan.operations
            if operation.before and (operation.after is None or operation.previous_name is not None)
        }
        #: Which storage of a circle steps aside is all that a file may say.
        self._asides = {
            operation.key
            for operation in plan.operations
            if operation.previous_name is not None
            and operation.steps not in self._ways(operation, aside=False)
        }

    def follows(self) -> bool:
        return self._asides_fit() and all(map(self._is_true, self._operations))

    def _is_true(self, operation: Operation) -> bool:
        waits = self._waits(operation)
        if operation.action == UPDATE:  # stepping aside is half an operation
            waits -= self._asides
        ways = self._ways(operation, aside=operation.key in self._asides)
        return operation.after_operations == tuple(sorted(waits)) and operation.steps in ways

    def _ways(self, operation: Operation, *, aside: bool) -> list[tuple[Step, ...]]:
        """Return the steps that it may take: platforms write name and label at once, or not."""
        key, before, after = operation.key, operation.before, operation.after
        if after is None:
            return [remove_steps(key)]
        waits = self._waits(operation)
        if before is None or operation.id is None:
            return [create_steps(key, after.name, waits)]
        freeing = next(iter(waits), None)
        name = temporary(before.name, operation.id) if aside else None
        return [
            update_steps(key, update_calls(before, after, aside=name, atomic=atomic), freeing)
            for atomic in (True, False)
        ]

    def _waits(self, operation: Operation) -> set[str]:
        """Return the keys of the operations that one waits for."""
        after = operation.after
        if after is None or (operation.before and operation.previous_name is None):
            return set()
        freeing = self._freeing.get(after.name)
        waits = {freeing.key} if freeing else set()
        if operation.before is None:
            waits |= {key_of(REMOVE, values.name) for values in self._gone.at(after)}
        return waits

    def _asides_fit(self) -> bool:
        """Return whether exactly one storage steps aside in each circle, and none elsewhere."""
        in_circles: set[str] = set()
        seen: set[str] = set()
        for start in self._operations:
            path: list[str] = []
            at: Operation | None = start
            while at is not None and at.key not in seen:
                seen.add(at.key)
                path.append(at.key)
                at = self._after(at)
            if at is not None and at.key in path:
                circle = set(path[path.index(at.key) :])
                if len(circle & self._asides) != 1:
                    return False
                in_circles |= circle
        return self._asides <= in_circles

    def _after(self, operation: Operation) -> Operation | None:
        if operation.previous_name is None or operation.after is None:
            return None
        return self._freeing.get(operation.after.name)


class _Version(Struct):
    format_version: int
