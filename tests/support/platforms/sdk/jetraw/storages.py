"""`jetraw.storages`, as its reference describes it."""

import json
import secrets
from datetime import UTC, datetime

import jetraw_state as state

from jetraw.client import get_default_client


class Storage:
    """A storage backend: what was read of it, and a client to ask for more."""

    def __init__(self, storage, client):
        self._storage = storage
        self._client = client

    @property
    def id(self):
        return self._storage["id"]

    @property
    def name(self):
        return self._storage["name"]

    @name.setter
    def name(self, value):
        self._set("name", value)

    @property
    def label(self):
        return self._storage["label"]

    @label.setter
    def label(self, value):
        self._set("label", value)

    @property
    def type(self):
        return self._storage["type"]

    @property
    def default_url(self):
        return self._storage["default_url"]

    @property
    def url(self):
        return self._storage["url"]

    @property
    def created_at(self):
        told = self._storage["created_at"]
        return datetime.fromisoformat(told) if isinstance(told, str) else told

    def checksums(self):
        """Yield (upload_id, checksum, checksum_on_disk) for each file."""
        with state.call("checksums", self.name) as db:
            rows = db.execute(
                "SELECT upload_id, checksum, checksum_on_disk FROM files WHERE storage_id = ?",
                (json.dumps(self.id),),
            ).fetchall()
        for row in rows:
            yield tuple(map(json.loads, row))
        with state.call("checksums_end", self.name):
            pass

    def remove(self):
        """Delete this storage; the real server may be more careful, or not."""
        with state.call("remove", self.name) as db:
            gone = db.execute("DELETE FROM storages WHERE id = ?", (json.dumps(self.id),))
            if not gone.rowcount:
                raise RuntimeError(f"404: there is no storage {self.id}")
            db.execute("DELETE FROM files WHERE storage_id = ?", (json.dumps(self.id),))

    def _set(self, field, value):
        with state.call(f"set_{field}", self.name) as db:
            peculiar = state.quirk(db, f"set_{field}")
            value = {"ignored": getattr(self, field), "upper": value.upper()}.get(peculiar, value)
            others = state.records(db, name=value) if field == "name" else []
            if any(other["id"] != self.id for other in others):
                raise state.StateServerError(f"409: the name {value!r} is taken")
            changed = db.execute(
                f"UPDATE storages SET {field} = ? WHERE id = ?",
                (json.dumps(value), json.dumps(self.id)),
            )
            if not changed.rowcount:
                raise state.StateServerError(f"404: there is no storage {self.id}")
        if peculiar == "ignored":
            return
        self._storage = {**self._storage, field: value}


def list_storages(*, client=None):
    """List all storages accessible to the current user."""
    client = client or get_default_client()
    with state.call("list_storages") as db:
        omitted = state.quirk(db, "omitted", [])
        found = [record for record in state.records(db) if record["name"] not in omitted]
    return [Storage(record, client) for record in found]


def get_storage(name, *, client=None):
    """Give the storage with this name; KeyError without."""
    client = client or get_default_client()
    with state.call("get_storage", name) as db:
        found = state.records(db, name=name)
    if not found:
        raise KeyError(name)
    return Storage(found[0], client)


def create_storage(name, type, label, default_url, *, client=None):
    """Create a storage; ValueError for parameters that are invalid."""
    client = client or get_default_client()
    with state.call("create_storage", name) as db:
        if type == "local" and default_url:
            default_url = sanitize_local_url(default_url)
        return Storage(_made(db, name, type, label, default_url), client)


def create_aws_s3_storage(name, label, region, bucket, *, client=None):
    """Create a storage in an AWS bucket; ValueError for parameters that are invalid."""
    client = client or get_default_client()
    with state.call("create_aws_s3_storage", name) as db:
        form = state.quirk(db, "aws_url", "https://s3.{region}.amazonaws.com/{bucket}")
        url = form.format(region=region, bucket=bucket)
        return Storage(_made(db, name, "S3", label, url), client)


def sanitize_local_url(url):
    """Ensure local URLs have the file:// protocol prefix."""
    return url if url[:7].lower() == "file://" else f"file://{url}"


def _made(db, name, type, label, default_url):
    if not name or not default_url or type not in ("S3", "local"):
        raise ValueError("name, type and default_url have to be valid")
    if state.records(db, name=name):
        raise ValueError(f"a storage named {name!r} exists already")
    made_at = datetime.now(UTC)
    if state.quirk(db, "naive_times", False):
        made_at = made_at.replace(tzinfo=None)
    record = {
        "id": secrets.token_hex(8),
        "name": name,
        "label": label,
        "type": type,
        "default_url": default_url,
        "url": state.quirk(db, "url_here", default_url),
        "created_at": made_at.isoformat(),
    }
    state.insert(db, record)
    return record
