"""Where a lease is kept for a platform that can't keep one: `lock:` of the manifest.

Nothing is looked up or created when an address is opened.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reconciler.errors import AddressError
from reconciler.masking import quoted_url

_EXAMPLE = "write s3://BUCKET/KEY, or file:///PATH (absolute: three slashes)"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]\Z")
#: Characters that every S3 server and every client takes to mean themselves.
_KEY = re.compile(r"[A-Za-z0-9!_.'()\-]+(?:/[A-Za-z0-9!_.'()\-]+)*\Z")


def understand(address: str) -> Path | tuple[str, str]:
    """Return the folder, or the bucket and key, that an address names; imports and opens nothing.

    Raises `AddressError` if this is no address of a lock.
    """
    scheme, _, rest = address.partition("://")
    if scheme.lower() == "file" and rest.startswith("/"):
        return _folder(address, rest)
    if scheme.lower() == "s3":
        return _bucket_and_key(address, rest)
    raise AddressError(f"{quoted_url(address)} is not the address of a lock: {_EXAMPLE}")


def _folder(address: str, text: str) -> Path:
    """Read a path literally, but for the slash before a drive letter of Windows."""
    path = Path(text[1:] if os.name == "nt" and re.match(r"/[A-Za-z]:", text) else text)
    if "\0" in text or not path.is_absolute() or path == Path(path.anchor):
        raise AddressError(f"{quoted_url(address)} names no absolute path: {_EXAMPLE}")
    return path


def _bucket_and_key(address: str, text: str) -> tuple[str, str]:
    bucket, _, key = text.partition("/")
    if not _BUCKET.match(bucket) or not _KEY.match(key) or {".", ".."} & set(key.split("/")):
        raise AddressError(
            f"{quoted_url(address)} does not name a bucket and a key of letters, digits and "
            f"!-_.'()/ : {_EXAMPLE}"
        )
    return bucket, key
