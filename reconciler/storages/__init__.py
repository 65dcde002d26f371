"""The surface of `jetraw.storages`, on every platform: change the import, keep the script.

Storages are backend storage systems used by spaces to store files and folders: AWS S3, custom
S3-compatible backends, and local storage. Errors are `ValueError`, `KeyError` and `RuntimeError`
where the reference of `jetraw.storages` has them; all others are those of `reconciler.errors`.
"""

from __future__ import annotations

from reconciler import location
from reconciler.client import Client, get_default_client
from reconciler.storages.create import create_aws_s3_storage, create_storage
from reconciler.storages.storage import Storage

__all__ = [
    "Storage",
    "create_aws_s3_storage",
    "create_storage",
    "get_storage",
    "list_storages",
    "sanitize_local_url",
]


def list_storages(*, client: Client | None = None) -> list[Storage]:
    """List all storages accessible to the current user, by name.

    Args:
        client: The platform (uses the default client if None)

    Example:
        >>> # List all storages
        >>> storages = list_storages()
        >>> for storage in storages:
        ...     print(f"{storage.name}: {storage.type}")
    """
    client = client or get_default_client()
    with client.reading() as reader:
        found = reader.read().storages
    return [Storage(item, client) for item in sorted(found, key=lambda item: (item.name, item.id))]


def get_storage(name: str, *, client: Client | None = None) -> Storage:
    """Get a storage by name.

    Args:
        name: Name of the storage to retrieve
        client: The platform (uses the default client if None)

    Raises:
        KeyError: If the storage is not found

    Example:
        >>> storage = get_storage("my-storage")
        >>> print(f"Storage: {storage.label}")
    """
    client = client or get_default_client()
    with client.reading() as reader:
        found = reader.find(name=name)
    if not found:
        raise KeyError(name)
    return Storage(found[0], client)


def sanitize_local_url(url: str) -> str:
    """Ensure local URLs have the file:// protocol prefix.

    Args:
        url: URL to sanitize

    Returns:
        URL with file:// prefix if needed
    """
    return location.sanitize_local_url(url)
