"""The plan as a value, and the JSON document that it is saved as.

`schemas/plan.schema.json` describes the document; docs/reference/plan.md says what is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from reconciler.model import Notice, Storage, Values
from reconciler.printable import commandless_quoted

FORMAT_VERSION = 2
#: The first format, whose digest holds neither the address of the platform nor the lock.
WITHOUT_ADDRESS = 1
_FILE = "sqlite:"
READY, BLOCKED = "ready", "blocked"
CREATE, UPDATE, REMOVE = "create", "update", "remove"
#: What is compared of a storage: all that a manifest can say of it and live tells.
FIELDS = ("name", "label", "type", "default_url")


class Change(Struct, frozen=True, gc=False):
    """One field that differs; an update changes `name`, `label` or both."""

    field: str
    before: str
    after: str


class Step(Struct, frozen=True, gc=False):
    """One call to the platform. An operation is done when all its steps are."""

    key: str
    call: str
    #: The name that this step takes; None if it takes none.
    name: str | None = None
    label: str | None = None
    #: Keys of the steps that must be done before this one.
    after_steps: tuple[str, ...] = ()


class Operation(Struct, frozen=True, gc=False):
    """Everything that happens to one storage."""

    key: str
    action: str
    #: The name it has afterwards; for a removal, the name it has now.
    name: str
    previous_name: str | None
    id: str | None
    before: Values | None
    after: Values | None
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    #: Keys of the operations that come first. `after_steps` says which of their steps.
    after_operations: tuple[str, ...]
    destructive: bool
    #: For a removal: whether the platform has records of files on it. None otherwise.
    holds_files: bool | None
    #: Why the operation is in the plan, for people.
    reason: str


class Consent(Struct, frozen=True, gc=False, order=True):
    """A consent that the plan makes use of, tied to one live storage where it is about one."""

    kind: str
    name: str
    id: str


class Summary(Struct, frozen=True):
    """How many operations there are, and what they stand beside."""

    create: int
    update: int
    remove: int
    #: Live storages in scope, and how many of those nothing is planned for.
    live: int
    unchanged: int


class Plan(Struct, frozen=True, omit_defaults=True):
    """Ordered operations that turn live into desired. Fields are in the order of the document."""

    format_version: int
    tool_version: str
    created_at: str
    platform: str
    platform_id: str
    account: str | None
    digest: str
    status: str
    blocked_by: tuple[Notice, ...]
    summary: Summary
    operations: tuple[Operation, ...]
    undeclared: tuple[str, ...]
    consents: tuple[Consent, ...]
    warnings: tuple[Notice, ...]
    #: The manifest's `lock:`, where one apply at a time is ensured for a platform that can't.
    lock: str | None = None

    @property
    def ready(self) -> bool:
        """Whether policy lets the plan be applied. A reason blocks whatever the status says."""
        return self.status == READY and not self.blocked_by


def content_digest(plan: Plan) -> str:
    """Return `sha256:…` of what a plan means, whatever digest it carries.

    It is that of the RFC 8785 JSON of the fields that DESIGN.md, section 4, lists. The address of
    a file differs from machine to machine; the platform's id stands for it.
    """
    meaning = {
        "format_version": plan.format_version,
        "platform": plan.platform_id,
        "status": plan.status,
        "consents": [{"kind": c.kind, "name": c.name, "id": c.id} for c in plan.consents],
        "operations": [
            {
                "key": op.key,
                "action": op.action,
                "id": op.id,
                "before": op.before,
                "after": op.after,
                "steps": op.steps,
                "after_operations": op.after_operations,
                "holds_files": op.holds_files,
            }
            # A list, not an object by key: two operations of one key must both count.
            for op in sorted(plan.operations, key=lambda op: op.key)
        ],
    }
    if plan.format_version > WITHOUT_ADDRESS:
        meaning["address"] = None if leads_to_file(plan.platform) else plan.platform
        meaning["lock"] = plan.lock
    return f"sha256:{hashlib.sha256(canonical_json(meaning)).hexdigest()}"


def leads_to_file(address: str) -> bool:
    """Return whether a platform is a file, whose path means nothing on another machine."""
    return address[: len(_FILE)].lower() == _FILE


def canonical_json(value: object) -> bytes:
    """Encode by RFC 8785, for values whose keys are ASCII and whose numbers are small integers.

    Within these bounds msgspec's sorted encoding is canonical; a property test holds it against
    an independent implementation.
    """
    return msgspec.json.encode(value, order="sorted")


def sealed(plan: Plan) -> Plan:
    """Return the plan with its digest filled in."""
    return msgspec.structs.replace(plan, digest=content_digest(plan))


def to_json(plan: Plan) -> bytes:
    """Return the document, indented, with a final newline. The same plan gives the same bytes.

    No line of it is a command to a CI runner.
    """
    text = msgspec.json.format(msgspec.json.encode(plan), indent=2).decode()
    return f"{commandless_quoted(text)}\n".encode()


def changed(before: Values, after: Values | Storage) -> tuple[Change, ...]:
    """List the fields that differ, in the order in which they are declared."""
    pairs = ((field, getattr(before, field), getattr(after, field)) for field in FIELDS)
    return tuple(Change(field, old, new) for field, old, new in pairs if old != new)


def steps(plan: Plan) -> Iterator[tuple[Operation, Step]]:
    """Yield every step of a plan with the operation that it belongs to."""
    for operation in plan.operations:
        for step in operation.steps:
            yield operation, step
