"""Where a storage lies: its address in one form, and when two addresses mean one place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from reconciler.masking import has_secret, quoted_url
from reconciler.printable import listed, quoted, shown

_URL = re.compile(
    r"(?i:(?P<scheme>https?))://(?P<user>[^/?#]*@)?(?P<host>[^/?#@]+)(?P<rest>.*)", re.DOTALL
)
_AWS_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)\.(?P<domain>amazonaws\.com(?:\.cn)?)\Z"
)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
_OTHER_SCHEME = re.compile(r"(?!(?i:file)://)[A-Za-z][A-Za-z0-9+.\-]*://")
_S3_URL = re.compile(r"(?i:https?|s3)://[^/?#]")
#: Partitions of AWS, as places name them.
_AWS = frozenset({"aws", "aws-cn", "aws-us-gov"})
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")  # as in schemas/manifest.schema.json


class Placed(Protocol):
    """What lies somewhere and has a name."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def type(self) -> str:
        """The kind of storage."""

    @property
    def default_url(self) -> str:
        """Where it lies."""


_Storage = TypeVar("_Storage", bound=Placed)


class Location(Struct, frozen=True, gc=False):
    """Where a storage's bytes lie, in the one form that can be compared as text.

    `place` says it all but for `region`, which counts only if both sides name one.
    """

    place: str
    region: str | None = None

    def same(self, other: Location) -> bool:
        """Return whether both are known to be one place; in doubt they are different."""
        return self.place == other.place and (
            self.region == other.region or self.region is None or other.region is None
        )


class Bucket(Struct, frozen=True):
    """A bucket, or what lies in it below a prefix, and where it is asked for."""

    name: str
    #: Empty, or what keys begin with and paths do not have: it ends with `/`.
    prefix: str
    region: str | None
    #: None: on AWS.
    endpoint: str | None


def location(type: str, url: str) -> Location:
    """Normalise a storage's address by the rules of docs/reference/manifest.md."""
    if type == "local":
        return Location("local:" + _local_place(url))
    if url[:5].lower() == "s3://":
        return Location("aws:" + url[5:].removesuffix("/"))
    found = _URL.match(url)
    if not found:
        return Location(f"{type}:{url}")
    scheme, user, host, rest = found.groups(default="")
    scheme = scheme.lower()
    host = host.lower().removesuffix(_DEFAULT_PORT[scheme])
    aws = _AWS_HOST.match(host) if scheme == "https" and not user else None
    if aws and "?" not in rest and "#" not in rest:
        path = rest.removeprefix("/").removesuffix("/")
        if aws["bucket"]:
            path = f"{aws['bucket']}/{path}" if path else aws["bucket"]
        partition = _partition(aws["region"])
        if path and aws["domain"] == _domain(partition):
            return Location(f"{partition}:{path}", aws["region"])
    path, query = _split_query(rest)
    return Location(f"{type}:{scheme}://{user}{host}{path.removesuffix('/')}{query}")


def bucket_of(type: str, url: str, region: str | None = None) -> Bucket | None:
    """Find out which bucket an address means; None if it does not say.

    `region` is the declared one; else it is the one that the address names. The prefix is taken as
    it is written: nothing in it is decoded.
    """
    where = location(type, url)
    kind, _, path = where.place.partition(":")
    if kind in _AWS:
        name, _, prefix = path.partition("/")
        return _bucket(name, prefix, region or where.region, None)
    try:
        parts = urlsplit(path)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        return None
    name, _, prefix = parts.path.lstrip("/").partition("/")
    return _bucket(name, prefix, region, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def named_bucket(type: str, url: str) -> str:
    """Return what messages call the bucket that an address means: its name, and where that is.

    An address that has a secret is masked as a whole: what we take for a bucket or a server may be
    a piece of that secret.
    """
    bucket = None if has_secret(url) else bucket_of(type, url)
    if bucket is None:
        return quoted_url(url)
    return quoted(bucket.name) + (f" at {shown(bucket.endpoint)}" if bucket.endpoint else "")


def same_place(one: Placed, other: Placed) -> bool:
    """Return whether two storages, declared or live, lie at one place."""
    if one.type != other.type:
        return False
    return one.default_url == other.default_url or location(one.type, one.default_url).same(
        location(other.type, other.default_url)
    )


class ByLocation(Generic[_Storage]):
    """Looks up storages by location."""

    def __init__(self, storages: Iterable[_Storage]) -> None:
        """Index `storages`."""
        self._by_place: dict[str, list[tuple[Location, _Storage]]] = {}
        for storage in sorted(storages, key=attrgetter("name")):
            where = location(storage.type, storage.default_url)
            self._by_place.setdefault(where.place, []).append((where, storage))
        #: What was found, and its names: thousands of entries may ask for one location.
        self._found: dict[Location, tuple[list[_Storage], str]] = {}

    def at(self, entry: Placed) -> Sequence[_Storage]:
        """Return the storages that lie where `entry` would, sorted by name."""
        return self._look(entry)[0] if self._by_place else []

    def names_at(self, entry: Placed) -> str:
        """Return the names of those, as messages list them."""
        return self._look(entry)[1]

    def _look(self, entry: Placed) -> tuple[list[_Storage], str]:
        where = location(entry.type, entry.default_url)
        if where not in self._found:
            at = [s for place, s in self._by_place.get(where.place, ()) if place.same(where)]
            self._found[where] = at, listed([storage.name for storage in at])
        return self._found[where]


def aws_url(region: str, bucket: str) -> str:
    """Return the URL by which the platform knows an AWS bucket (as `jr` shows it)."""
    return f"https://s3.{region}.{_domain(_partition(region))}/{bucket}"


def sanitize_local_url(url: str) -> str:
    """Ensure that a local URL has the `file://` prefix (meaning of the SDK's function)."""
    return url if url[:7].lower() == "file://" else "file://" + url


def usable_url(type: str, url: str) -> bool:
    """Return whether a manifest may give this `default_url` to a storage of this type."""
    if type == "local":
        secret = has_secret(url) or has_secret(sanitize_local_url(url))
        return bool(url) and not _OTHER_SCHEME.match(url) and not secret
    return bool(_S3_URL.match(url)) and not has_secret(url)


def is_bucket(name: str) -> bool:
    """Return whether a manifest may give this name to a bucket on AWS."""
    return bool(_BUCKET.fullmatch(name))


def _local_place(url: str) -> str:
    place = "file://" + sanitize_local_url(url)[7:]
    # Only a rooted path has a trailing slash that means nothing; `file://host/` stays verbatim.
    return place.removesuffix("/") if place.startswith("file:///") and len(place) > 8 else place


def _bucket(name: str, prefix: str, region: str | None, endpoint: str | None) -> Bucket | None:
    return Bucket(name, prefix and f"{prefix}/", region, endpoint) if name else None


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _domain(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _split_query(rest: str) -> tuple[str, str]:
    if "?" not in rest and "#" not in rest:
        return rest, ""  # as nearly always, and thousands of times for a large manifest
    cut = min((i for i in (rest.find("?"), rest.find("#")) if i >= 0), default=len(rest))
    return rest[:cut], rest[cut:]
