"""A storage as scripts know it: an object whose properties are read, and written through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches

from reconciler import model
from reconciler.client import Client, get_default_client
from reconciler.errors import (
    ConflictError,
    PlatformError,
    ReconcilerError,
    RefusedError,
    UnknownOutcomeError,
)
from reconciler.platform import InventoryRow, Writer
from reconciler.printable import quoted

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
        check_text("name", value, empty=False)
        self._update(name=value)

    @property
    def label(self) -> str:
        """The label that people see; setting it to what is no text raises `ValueError`."""
        return self._storage.label

    @label.setter
    def label(self, value: str) -> None:
        check_text("label", value)
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


def created(values: model.Values, client: Client | None) -> Storage:
    """Make a storage on a platform, the default one if none is given."""
    check_text("name", values.name, empty=False)
    check_text("label", values.label)
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


def check_text(what: str, value: object, *, empty: bool = True) -> None:
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
