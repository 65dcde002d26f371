"""How a script makes a storage: what no platform takes is refused before one is asked."""

from __future__ import annotations

from reconciler.client import Client
from reconciler.location import aws_url, is_bucket, location, sanitize_local_url, usable_url
from reconciler.masking import quoted_url
from reconciler.model import TYPES, Values
from reconciler.storages.storage import Storage, check_text, created


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
    if type not in TYPES:
        raise ValueError(f"the type of a storage is S3 or local, not {type!r}")
    check_text("default_url", default_url, empty=False)
    if not usable_url(type, default_url):
        shown = quoted_url(default_url)
        example = "https://host:9000/my-bucket" if type == "S3" else "/data/backup"
        raise ValueError(f"{shown} is no place for a storage of type {type}: write {example}")
    if type == "local":
        default_url = sanitize_local_url(default_url)
    return created(Values(name, label, type, default_url), client)


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
    check_text("region", region, empty=False)
    check_text("bucket", bucket, empty=False)
    url = aws_url(region, bucket)
    place = location("S3", url)
    if place.region != region or not is_bucket(bucket):
        raise ValueError(f"{region!r} is no AWS region, or {bucket!r} no bucket")
    return created(Values(name, label, "S3", url, region=region, bucket=bucket), client)
