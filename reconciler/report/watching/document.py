"""How things stand as JSON: `schemas/status.schema.json` describes it."""

from __future__ import annotations

import msgspec

from reconciler.watching.status import Status


def document(status: Status) -> bytes:
    """Return all that a watch knows; what there is none of yet is null."""
    fields = {
        field: None if value == "" else value
        for field, value in msgspec.structs.asdict(status).items()
        if field != "lasting"
    }
    lasting = [
        {**msgspec.structs.asdict(one.condition), "since": one.since} for one in status.lasting
    ]
    return msgspec.json.encode({**fields, "conditions": lasting}) + b"\n"
