"""Plans and results to report, made by hand: what a report says must not hang on how they arise."""

import msgspec

from reconciler.executor import Outcome, Result
from reconciler.model import Notice, Storage, Values
from reconciler.plan.document import (
    CREATE,
    FORMAT_VERSION,
    REMOVE,
    UPDATE,
    Change,
    Consent,
    Operation,
    Plan,
    Step,
    Summary,
)
from reconciler.reconcile import Applied


class Make:
    """Builds values of the shape that planning and applying give them."""

    def values(self, name, label="A label", type="local", url=None):
        return Values(name, label, type, url or f"file:///data/{name}")

    def create(self, name, *, after=(), **values):
        key = f"{CREATE}:{name}"
        return Operation(
            key=key,
            action=CREATE,
            name=name,
            previous_name=None,
            id=None,
            before=None,
            after=self.values(name, **values),
            changes=(),
            steps=(Step(f"{key}#1", CREATE, name, None, tuple(after)),),
            after_operations=tuple(step.rpartition("#")[0] for step in after),
            destructive=False,
            holds_files=None,
            reason="declared, but not live",
        )

    def update(self, before, after, *, steps=None, id=None, how="name"):
        key = f"{UPDATE}:{after.name}"
        changes = tuple(
            Change(field, getattr(before, field), getattr(after, field))
            for field in ("name", "label")
            if getattr(before, field) != getattr(after, field)
        )
        new = {change.field: change.after for change in changes}
        return Operation(
            key=key,
            action=UPDATE,
            name=after.name,
            previous_name=before.name if "name" in new else None,
            id=id or f"id-of-{before.name}",
            before=before,
            after=after,
            changes=changes,
            steps=steps or (Step(f"{key}#1", UPDATE, new.get("name"), new.get("label")),),
            after_operations=(),
            destructive=False,
            holds_files=None,
            reason=f"matched by `{how}`",
        )

    def remove(self, name, *, holds_files=False, reason="named in `removed:`", **values):
        key = f"{REMOVE}:{name}"
        return Operation(
            key=key,
            action=REMOVE,
            name=name,
            previous_name=None,
            id=f"id-of-{name}",
            before=self.values(name, **values),
            after=None,
            changes=(),
            steps=(Step(f"{key}#1", REMOVE),),
            after_operations=(),
            destructive=True,
            holds_files=holds_files,
            reason=reason,
        )

    def plan(self, *operations, **fields):
        number = [sum(o.action == a for o in operations) for a in (CREATE, UPDATE, REMOVE)]
        live = fields.pop("live", 14)
        blocked = fields.get("blocked_by", ())
        values = {
            "format_version": FORMAT_VERSION,
            "tool_version": "0.1.0",
            "created_at": "2026-11-22T10:00:00Z",
            "platform": "sqlite:////srv/lab/platform.db",
            "platform_id": "5d41402a-bc4b-2a76-b971-9d911017c592",
            "account": None,
            "digest": f"sha256:{'5f' * 32}",
            "status": "blocked" if blocked else "ready",
            "blocked_by": (),
            "summary": Summary(*number, live=live, unchanged=live - number[1] - number[2]),
            "operations": operations,
            "undeclared": (),
            "consents": (),
            "warnings": (),
        }
        return Plan(**{**values, **fields})

    def notice(self, code, name, message):
        return Notice(code, name, message)

    def consent(self, kind, name, id):
        return Consent(kind, name, id)

    def storage(self, name, *, label="A label", type="local", url=None, id=None, **fields):
        url = url or f"file:///data/{name}"
        return Storage(id or f"id-of-{name}", name, label, type, url, **fields)

    def outcome(self, operation, status, **fields):
        writes = fields.pop("writes", int(status == "done"))
        given = {"id": operation.id, "writes": writes, **fields}
        return Outcome(operation.key, operation.action, operation.name, status, **given)

    def applied(self, *pairs, interrupted=False, remaining=(), unread="", **plan):
        operations = [operation for operation, _ in pairs]
        outcomes = tuple(outcome for _, outcome in pairs)
        return Applied(
            self.plan(*operations, **plan),
            Result(outcomes, interrupted),
            holds=None if unread else not remaining,
            remaining=tuple(remaining),
            unread=unread,
        )

    def swap(self):
        """Two storages that exchange their names."""
        a, b = self.values("alpha", url="/data/1"), self.values("beta", url="/data/2")
        to_a, to_b = "update:alpha", "update:beta"
        aside = Step(f"{to_a}#1", UPDATE, "beta~move-1a2b3c4d")
        return (
            self.update(
                b,
                msgspec.structs.replace(b, name="alpha"),
                steps=(
                    aside,
                    Step(f"{to_a}#2", UPDATE, "alpha", None, (f"{to_a}#1", f"{to_b}#1")),
                ),
                how="id",
            ),
            self.update(
                a,
                msgspec.structs.replace(a, name="beta"),
                steps=(Step(f"{to_b}#1", UPDATE, "beta", None, (f"{to_a}#1",)),),
                how="id",
            ),
        )
