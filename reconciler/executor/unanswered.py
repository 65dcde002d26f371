"""What may be concluded after a write of which nobody knows how it ended.

The request was sent and no answer came: it had its effect, or never will, or will have it later.
It is never simply repeated. Live is read again, and what is read decides:

- The storage is gone: the removal is done. It has the wanted values: the update is done. The
  wanted name, location and label are live: the create is done.
- Live is as it was before. The request was lost, it is late, or what we read is late. It is
  repeated only where a late one does no harm, whatever happens first; the rules are in
  `may_repeat`. Otherwise we look a few times more, and then the operation is unknown, and what
  depends on it does not start.
- Live is something else: others have changed it. Nobody can say whether our request took effect
  before they did, so the operation is unknown too.

docs/decisions/0006-unknown-outcomes.md goes through the cases one by one.
"""

from __future__ import annotations

from reconciler.plan.document import CREATE, REMOVE, Operation, Step
from reconciler.platform import Abilities

#: How often live is read before a request counts as one that may never come: with the pauses
#: between them, for 6 s or longer.
LOOKS = 7


def may_repeat(operation: Operation, step: Step, abilities: Abilities) -> bool:
    """Return whether a step may be written again though its first request may come late.

    - With `conditional_write` a late request meets a storage that was changed since, and is
      refused.
    - A late removal meets a storage that is gone; ids do not come back.
    - A late create carries the idempotency key of the one that was repeated. Without keys it
      finds its name taken, by the storage that the repeated one made, where the platform keeps
      names unique: no step of a plan gives up a name that a create of the plan has taken. Where
      it may not, there would be two.
    - A late update of the last name or label says once more what is already so. Only a storage
      that steps aside is renamed again by the same plan: a late request would take it back to
      its temporary name, when others rely on the name that it has by then.
    """
    if operation.action == CREATE:
        return abilities.idempotency_key or abilities.unique_names
    if abilities.conditional_write or operation.action == REMOVE:
        return True
    return step.name is None or step.name == operation.name
