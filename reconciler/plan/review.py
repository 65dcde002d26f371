"""Whether a plan does only what another one does, that somebody has reviewed."""

from __future__ import annotations

from msgspec import Struct

from reconciler.model import NEW_PLATFORM, UNKNOWN_PLATFORM
from reconciler.plan.document import UPDATE, Consent, Operation, Plan
from reconciler.plan.expectation import on_the_way


class Beyond(Struct, frozen=True):
    """What a plan holds that the reviewed one does not; true if there is anything."""

    #: It is for another platform.
    elsewhere: bool
    #: Operations that are not as reviewed, each with the reviewed one of its key, if any.
    operations: tuple[tuple[Operation, Operation | None], ...]
    consents: tuple[Consent, ...]

    def __bool__(self) -> bool:
        """Return whether the plan goes beyond what was reviewed."""
        return self.elsewhere or bool(self.operations or self.consents)


def beyond(reviewed: Plan, now: Plan) -> Beyond:
    """Return what `now` holds beyond a reviewed plan; of that, some may be done by now."""
    known = {operation.key: operation for operation in reviewed.operations}
    consents = frozenset(reviewed.consents)
    return Beyond(
        elsewhere=not _same_platform(reviewed, now),
        operations=tuple(
            (operation, old)
            for operation in now.operations
            if (old := known.get(operation.key)) is None or not _continues(operation, old)
        ),
        consents=tuple(consent for consent in now.consents if consent not in consents),
    )


def was_new(reviewed: Plan, now: Plan) -> bool:
    """Return whether a plan was made for a new platform, at the address of `now`."""
    return reviewed.platform_id == NEW_PLATFORM and reviewed.platform == now.platform


def _same_platform(reviewed: Plan, now: Plan) -> bool:
    if reviewed.platform_id == now.platform_id:
        return reviewed.platform_id != UNKNOWN_PLATFORM or reviewed.platform == now.platform
    return was_new(reviewed, now) and _began(reviewed, now)


def _began(reviewed: Plan, now: Plan) -> bool:
    """Return whether a plan for a new platform may have made the one that `now` was made for.

    A run of it that was cut off leaves nothing but storages that it creates.
    """
    made = now.summary.live + now.summary.create
    return not now.undeclared and made <= reviewed.summary.create


def _continues(now: Operation, reviewed: Operation) -> bool:
    """Return whether an operation is the reviewed one, or what a cut-off run left of it."""
    if (now.action, now.id, now.after, now.holds_files) != (
        reviewed.action,
        reviewed.id,
        reviewed.after,
        reviewed.holds_files,
    ):
        return False
    if now.action == UPDATE and now.before is not None:
        return on_the_way(reviewed, now.before)
    return now.before == reviewed.before
