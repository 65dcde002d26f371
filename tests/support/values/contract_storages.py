"""What the contract suite creates through `reconciler.storages`, and how it looks at the result."""

from __future__ import annotations

from reconciler import storages
from reconciler.client import Client

#: As `create_storage` takes them: name, type, label, default_url.
LOCAL = ("nas", "local", "NAS, building 3", "file:///data/nas")
S3 = ("minio", "S3", "On-premise", "https://storage-server:9000/my-bucket")


def told(storage: storages.Storage) -> tuple[str, str, str, str]:
    return storage.name, storage.type, storage.label, storage.default_url


def live(client: Client) -> set[tuple[str, str, str, str]]:
    return {told(storage) for storage in storages.list_storages(client=client)}
