"""How things stand as JSON: `schemas/status.schema.json` describes it."""

from __future__ import annotations

import msgspec

from reconciler.watching.status import Status
from reconciler.watching.survey import Storage

#: What has a shape of its own in the document; and what nobody is told.
_SHAPED, _UNTOLD = frozenset({"lasting", "storages"}), "place"


def document(status: Status) -> bytes:
    """Return all that a watch knows; what there is none of yet is null."""
    fields = {
        field: None if value == "" else value
        for field, value in msgspec.structs.asdict(status).items()
        if field not in _SHAPED
    }
    storages = status.storages
    fields["storages"] = None if storages is None else list(map(_storage, storages))
    fields["conditions"] = [
        {**msgspec.structs.asdict(one.condition), "since": one.since} for one in status.lasting
    ]
    fields["destinations"] = [
        {key: None if value == "" else value for key, value in msgspec.structs.asdict(one).items()}
        for one in status.destinations
    ]
    return msgspec.json.encode(fields) + b"\n"


def _storage(one: Storage) -> dict[str, object]:
    told = msgspec.structs.asdict(one)
    if one.proof is not None:
        told["proof"] = msgspec.structs.asdict(one.proof)
        del told["proof"][_UNTOLD]
    del told[_UNTOLD]
    return told
