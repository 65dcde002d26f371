"""The part of `jetraw.spaces` that is known: which spaces use which storages."""

import json

import jetraw_state as state

from jetraw.client import get_default_client
from jetraw.storages import Storage


class Space:
    """A top-level container for files, tied to one or several storages."""

    def __init__(self, name, storages):
        self.name = name
        self.storages = storages


def list_spaces(*, client=None):
    """List all spaces accessible to the current user."""
    client = client or get_default_client()
    with state.call("list_spaces") as db:
        ties = db.execute("SELECT name, storage_id FROM spaces ORDER BY rowid").fetchall()
        by_id = {record["id"]: record for record in state.records(db)}
    spaces = {}
    for name, id in ties:
        record = by_id.get(json.loads(id))
        spaces.setdefault(name, []).extend([Storage(record, client)] if record else [])
    return [Space(json.loads(name), storages) for name, storages in spaces.items()]
