"""The surface of `jetraw.storages`, on every platform: change the import, keep the script.

Storages are backend storage systems used by spaces to store files and folders: AWS S3, custom
S3-compatible backends, and local storage. Errors are `ValueError`, `KeyError` and `RuntimeError`
where the reference of `jetraw.storages` has them; all others are those of `reconciler.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reconciler import model
from reconciler.client import Client, get_default_client
from reconciler.errors import (
    ConflictError,
    PlatformError,
    ReconcilerError,
    RefusedError,
    UnknownOutcomeError,
)
from reconciler.plan.document import Values
from reconciler.platform import InventoryRow, Writer
from reconciler.printable import quoted

__all__ = [
    "Storage",
    "create_aws_s3_storage",
    "create_storage",
    "get_storage",
    "list_storages",
    "sanitize_local_url",
]


#: What a storage keeps beside its properties.
_MEMBERS = ("_storage", "_client")


class Storage:
    """A storage backend, as it was when it was read; setting a property writes it through.

    `storage` is what was read of it, `client` the platform that it lives on.

    Example:
        >>> # Create a local storage
        >>> storage = create_storage("local-backup", "local", "Backup Storage", "/data/backup")
        >>>
        >>> # Create an AWS S3 storage
        >>> s3_storage = create_aws_s3_storage("s3-backup", "S3 Backup", "us-west-2", "my-bucket")
        >>>
        >>> # Update storage properties
        >>> storage.name = "Updated Backup Storage"
        >>> storage.label = "Primary Backup"
    """

    def __init__(self, storage: model.Storage, client: Client) -> None:
        self._storage = storage
        self._client = client

    def __setattr__(self, name: str, value: object) -> None:
        """Set what there is; a mistyped property raises instead of changing nothing."""
        if name not in _MEMBERS and not hasattr(type(self), name):
            from difflib import get_close_matches

            close = get_close_matches(name, ("name", "label"), n=1)
            meant = f": did you mean {close[0]!r}?" if close else ""
            raise AttributeError(f"a storage has no {name!r}{meant}", name=name, obj=self)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        """Name it."""
        return f"<Storage {quoted(self.name)} ({quoted(self.type)}) of {self._client!r}>"

    @property
    def id(self) -> str:
        """The unique identifier of the storage."""
        return self._storage.id

    @property
    def name(self) -> str:
        """The unique name of the storage.

        Setting it raises `ValueError` for a name that is taken, or that can't be one.
        """
        return self._storage.name

    @name.setter
    def name(self, value: str) -> None:
        _check_text("name", value, empty=False)
        self._update(name=value)

    @property
    def label(self) -> str:
        """The label that people see; setting it to what is no text raises `ValueError`."""
        return self._storage.label

    @label.setter
    def label(self, value: str) -> None:
        _check_text("label", value)
        self._update(label=value)

    @property
    def type(self) -> str:
        """The storage type (S3 or local)."""
        return self._storage.type

    @property
    def default_url(self) -> str:
        """The default URL for the storage."""
        return self._storage.default_url

    @property
    def url(self) -> str | None:
        """The current URL for the storage (may be overridden on this machine)."""
        return self._storage.url

    @property
    def created_at(self) -> datetime:
        """When the storage was created, with its time zone.

        Raises `PlatformError` if the platform does not say.
        """
        if not self._storage.created_at:
            raise PlatformError(f"the platform does not say when {quoted(self.name)} was created")
        return datetime.fromisoformat(self._storage.created_at)

    def checksums(self) -> Iterator[InventoryRow]:
        """Get checksums for files in this storage; nothing is read before the first is wanted.

        Yields:
            (upload_id, checksum, checksum_on_disk) for each file

        Raises:
            PlatformError: If the storage is no longer there, or can't be read to its end

        Example:
            >>> storage = get_storage("my-storage")
            >>> for upload_id, checksum, disk_checksum in storage.checksums():
            ...     print(f"File {upload_id}: {checksum}")
        """
        yield from self._client.inventory(self._storage)

    def remove(self) -> None:
        """Delete this storage.

        Raises:
            RuntimeError: If the storage deletion fails, also because it is no longer there,
                holds files, or is used by a space: losing those needs a consent in a manifest

        Example:
            >>> storage = get_storage("my-storage")
            >>> storage.remove()  # Storage is now deleted
        """
        try:
            self._client.change(self._storage, _remove)
        except ReconcilerError as error:
            raise RuntimeError(str(error)) from error

    def _update(self, *, name: str | None = None, label: str | None = None) -> None:
        def update(writer: Writer, live: model.Storage) -> model.Storage:
            try:
                return writer.update(live, name=name, label=label)
            except RefusedError as error:
                raise ValueError(str(error)) from error
            except ConflictError as error:
                if name is None or all(found.id == live.id for found in writer.find(name=name)):
                    raise
                raise ValueError(str(error)) from error

        self._storage = self._client.change(self._storage, update)


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


def create_storage(
    name: str, type: str, label: str, default_url: str, *, client: Client | None = None
) -> Storage:
    """Create a new storage backend.

    Args:
        name: Unique name for the storage
        type: Storage type ("S3" or "local")
        label: Human-readable label for the storage
        default_url: Default URL for the storage; of a local one kept as `sanitize_local_url`
            gives it
        client: The platform (uses the default client if None)

    Raises:
        ValueError: If parameters are invalid, or the name is taken

    Example:
        >>> # Create a local storage
        >>> storage = create_storage("local-backup", "local", "Backup Storage", "/data/backup")
        >>>
        >>> # Create an S3 storage
        >>> storage = create_storage("s3-backup", "S3", "S3 Backup", "https://storage-server:PORT/my-bucket")
    """
    if type not in model.TYPES:
        raise ValueError(f"the type of a storage is S3 or local, not {type!r}")
    _check_text("default_url", default_url, empty=False)
    if not model.usable_url(type, default_url):
        shown = quoted(model.masked(default_url))
        example = "https://host:9000/my-bucket" if type == "S3" else "/data/backup"
        raise ValueError(f"{shown} is no place for a storage of type {type}: write {example}")
    if type == "local":
        default_url = sanitize_local_url(default_url)
    return _create(Values(name, label, type, default_url), client)


def create_aws_s3_storage(
    name: str, label: str, region: str, bucket: str, *, client: Client | None = None
) -> Storage:
    """Create a new AWS S3 storage backend.

    Args:
        name: Unique name for the storage
        label: Human-readable label for the storage
        region: AWS region (e.g., "us-west-2", "eu-central-1")
        bucket: S3 bucket name
        client: The platform (uses the default client if None)

    Raises:
        ValueError: If parameters are invalid, or the name is taken

    Example:
        >>> # Create an AWS S3 storage
        >>> storage = create_aws_s3_storage("s3-backup", "S3 Backup", "us-west-2", "my-bucket")
        >>> print(f"Created S3 storage: {storage.name}")
    """
    _check_text("region", region, empty=False)
    _check_text("bucket", bucket, empty=False)
    url = model.aws_url(region, bucket)
    place = model.location("S3", url)
    if place.region != region or not model.is_bucket(bucket):
        raise ValueError(f"{region!r} is no AWS region, or {bucket!r} no bucket")
    return _create(Values(name, label, "S3", url, region=region, bucket=bucket), client)


def sanitize_local_url(url: str) -> str:
    """Ensure local URLs have the file:// protocol prefix.

    Args:
        url: URL to sanitize

    Returns:
        URL with file:// prefix if needed
    """
    return model.sanitize_local_url(url)


def _create(values: Values, client: Client | None) -> Storage:
    _check_text("name", values.name, empty=False)
    _check_text("label", values.label)
    client = client or get_default_client()
    with client.writing() as writer:
        try:
            return Storage(writer.create(values), client)
        except (RefusedError, ConflictError) as error:  # a create conflicts over its name only
            raise ValueError(str(error)) from error
        except UnknownOutcomeError as error:
            if error.refusal:
                raise ValueError(str(error)) from error
            raise


def _check_text(what: str, value: object, *, empty: bool = True) -> None:
    """Raise `ValueError` for what no platform takes, before it is asked."""
    if not isinstance(value, str):
        raise ValueError(f"the {what} of a storage is a text, not {value!r}")  # noqa: TRY004 - the reference says ValueError
    if not value and not empty:
        raise ValueError(f"the {what} of a storage can't be empty")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"the {what} {quoted(value)} is not valid Unicode")


def _remove(writer: Writer, live: model.Storage) -> None:
    if spaces := writer.spaces_using(live.id):
        raise PlatformError(
            f"storage {quoted(live.name)} is used by {', '.join(map(quoted, spaces))}"
        )
    writer.remove(live, holds_files=False)
