"""Where a repository lies: `REPO` of a command line, understood and not yet opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from reconciler.errors import AddressError
from reconciler.masking import quoted_url
from reconciler.printable import word

_EXAMPLE = "write the path of a folder, or s3://BUCKET/PREFIX"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")
#: An address whose colon or slashes are wrong, such as `s3:/b/x`; as a path it makes no sense.
_SLIP = re.compile(r"(s3|file)(?::/{0,3}|//+)([^/].*)", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
#: A snapshot after an address: its id, or the beginning of it.
_SNAPSHOT = re.compile(r"(.+)@([0-9]{4,8}(?:-[0-9a-f]+)*-?)", re.DOTALL)
#: So many folders below a place are looked into.
_NEAREST = 5
#: Characters that every S3 server and every client takes to mean themselves.
_PREFIX = re.compile(r"(?:[A-Za-z0-9!_.'()\-]+(?:/[A-Za-z0-9!_.'()\-]+)*)?")


class InBucket(Struct, frozen=True):
    """A place in a bucket; `prefix` is empty, or ends with `/`."""

    bucket: str
    prefix: str

    @property
    def address(self) -> str:
        """The address, as it is written."""
        return f"s3://{self.bucket}/{self.prefix}".removesuffix("/")

    def around(self, inner: str) -> Iterator[InBucket]:
        """Yield the folders of `inner`, a path below it, as far as they can be named; then above.

        Of those below the first ones.
        """
        folders = inner.split("/")[:-1]
        for end in range(1, min(len(folders), _NEAREST) + 1):
            folder = "/".join(folders[:end])
            if folder and _PREFIX.fullmatch(folder):
                yield InBucket(self.bucket, f"{self.prefix}{folder}/")
        names = self.prefix.split("/")[:-1]
        for end in reversed(range(len(names))):
            yield InBucket(self.bucket, "".join(f"{name}/" for name in names[:end]))


def split(text: str) -> tuple[str, str | None]:
    """Return the address in `REPO@ID`, and the id; None if there is none.

    The id may be the beginning of one. A folder that is called so is meant itself.
    """
    found = _SNAPSHOT.fullmatch(text)
    if not found or Path(text).is_dir():
        return text, None
    return found[1], found[2]


def in_shell(address: str, more: str = "") -> str:
    """Return the address that a repository gives of itself, as one word of a command for a shell.

    With `more` at its end, as `@ID`.
    """
    if address.startswith("$'"):
        return f"{address[:-1]}{more}'"
    return word(f"{bare(address)}{more}")


def bare(address: str) -> str:
    """Return the address that a repository gives of itself without quotation marks."""
    return address.removeprefix("$").removeprefix("'").removesuffix("'")


def understand(address: str) -> Path | InBucket:
    """Return the folder, or the place in a bucket, that an address names; nothing is opened.

    Raises `AddressError` if this is no address of a repository.
    """
    scheme, divider, rest = address.partition("://")
    if divider and scheme.lower() == "s3":
        return _in_bucket(address, rest)
    if divider and scheme.lower() == "file":
        drive = os.name == "nt" and re.match(r"/[A-Za-z]:", rest)
        return _folder(address, rest[1:] if drive else rest, absolute=True)
    if _SCHEME.match(address):
        told = f"{quoted_url(address)} is not the address of a repository: {_EXAMPLE}"
        if scheme.lower() in ("http", "https"):
            told += ", and the server's address as AWS_ENDPOINT_URL"
        raise AddressError(told)
    if (slip := _SLIP.fullmatch(address)) and not Path(address).exists():
        rest = f"{'/' if slip[1].lower() == 'file' else ''}{slip[2]}"
        meant = f"{slip[1].lower()}://{rest}"
        raise AddressError(
            f"{quoted_url(address)} is no address: did you mean {quoted_url(meant)}?"
        )
    return _folder(address, address, absolute=False)


def _folder(address: str, text: str, *, absolute: bool) -> Path:
    path = Path(text)
    if not text or "\0" in text or (absolute and not path.is_absolute()):
        raise AddressError(f"{quoted_url(address)} names no folder: {_EXAMPLE}")
    return Path(os.path.abspath(path))  # noqa: PTH100 - links stay what they are


def _in_bucket(address: str, text: str) -> InBucket:
    bucket, _, prefix = text.partition("/")
    prefix = prefix.removesuffix("/")
    if (
        not _BUCKET.fullmatch(bucket)
        or not _PREFIX.fullmatch(prefix)
        or {".", ".."} & set(prefix.split("/"))
    ):
        raise AddressError(
            f"{quoted_url(address)} does not name a bucket and a prefix of letters, digits and "
            f"!-_.'()/ : {_EXAMPLE}"
        )
    return InBucket(bucket, prefix and prefix + "/")
