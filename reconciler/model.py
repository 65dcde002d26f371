"""The values that everything else speaks of: frozen, comparable, free of effects."""

from __future__ import annotations

import re

from msgspec import Struct

TYPES = ("S3", "local")
_URL = re.compile(
    r"(?i:(?P<scheme>https?))://(?P<user>[^/?#]*@)?(?P<host>[^/?#@]+)(?P<rest>.*)", re.DOTALL
)
_AWS_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)\.(?P<domain>amazonaws\.com(?:\.cn)?)\Z"
)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


class Storage(Struct, frozen=True, gc=False):
    """One live storage, as a platform tells of it."""

    id: str
    name: str
    label: str
    type: str
    default_url: str
    #: The URL in use on this machine; may be overridden locally, so it is never compared.
    url: str | None = None
    #: RFC 3339, UTC; empty where the platform does not say. Never compared.
    created_at: str = ""
    #: What of it could not be read, in words: it is left alone. Empty if it is whole.
    flaw: str = ""


class State(Struct, frozen=True):
    """What a platform held when it was read."""

    storages: tuple[Storage, ...]
    #: An id that the platform gives itself; `new` for an embedded file that does not exist yet.
    platform_id: str
    #: Whom the platform takes us for; None where it has no accounts.
    account: str | None = None
    #: Whether the list is known to be complete; None where nobody can know.
    complete: bool | None = True


class Entry(Struct, frozen=True, gc=False):
    """One storage that a manifest declares, defaults and variables filled in."""

    name: str
    type: str
    #: Always given: built from region and bucket where the manifest has those.
    default_url: str
    #: None: not declared, so what is live stays; a new storage then carries its name as label.
    label: str | None = None
    region: str | None = None
    bucket: str | None = None
    id: str | None = None
    renamed_from: tuple[str, ...] = ()
    protect: bool = False
    #: Where it stands: the file, and its index in that file's `storages`.
    file: str = ""
    index: int = 0


class Removed(Struct, frozen=True, gc=False):
    """One entry of `removed:`, the consent to remove a storage."""

    name: str
    id: str | None = None
    holds_files: bool = False
    file: str = ""
    index: int = 0


class Policy(Struct, frozen=True):
    """What a plan may do without anyone saying more. docs/reference/policy.md tells of each."""

    undeclared: str = "fail"
    #: A count, or a percentage such as `10%`.
    max_removals: int | str = "10%"
    protect: tuple[str, ...] = ()
    scope: tuple[str, ...] = ("*",)


class Desired(Struct, frozen=True):
    """What a manifest declares."""

    entries: tuple[Entry, ...] = ()
    removed: tuple[Removed, ...] = ()
    policy: Policy = Policy()


class Notice(Struct, frozen=True, gc=False):
    """A reason that blocks, or a warning. `name` is empty where it is about no single storage."""

    code: str
    name: str
    message: str


class Location(Struct, frozen=True, gc=False):
    """Where a storage's bytes lie, in the one form that can be compared as text.

    `place` says it all but for `region`, which counts only if both sides name one.
    """

    place: str
    region: str | None = None

    def same(self, other: Location) -> bool:
        """Say whether both are known to be one place; in doubt they are different."""
        return self.place == other.place and (
            self.region == other.region or self.region is None or other.region is None
        )


def location(type: str, url: str) -> Location:
    """Normalise a storage's address by the rules of docs/reference/manifest.md."""
    if type == "local":
        return Location("local:" + _local_place(url))
    if url[:5].lower() == "s3://":
        return _aws("aws", url[5:].removesuffix("/"), None)
    found = _URL.match(url)
    if not found:
        return Location(f"{type}:{url}")
    scheme, host, rest = found["scheme"].lower(), found["host"].lower(), found["rest"]
    host = host.removesuffix(_DEFAULT_PORT[scheme])
    aws = _AWS_HOST.match(host) if scheme == "https" and not found["user"] else None
    if aws and "?" not in rest and "#" not in rest:
        path = rest.removeprefix("/").removesuffix("/")
        if aws["bucket"]:
            path = f"{aws['bucket']}/{path}" if path else aws["bucket"]
        partition = _partition(aws["region"])
        if path and aws["domain"] == _domain(partition):
            return _aws(partition, path, aws["region"])
    path, query = _split_query(rest)
    return Location(f"{type}:{scheme}://{found['user'] or ''}{host}{path.removesuffix('/')}{query}")


def aws_url(region: str, bucket: str) -> str:
    """Give the URL by which the platform knows an AWS bucket (platform-facts: `jr` shows it so)."""
    return f"https://s3.{region}.{_domain(_partition(region))}/{bucket}"


def sanitize_local_url(url: str) -> str:
    """Ensure that a local URL has the `file://` prefix (meaning of the SDK's function)."""
    return url if url[:7].lower() == "file://" else "file://" + url


def unmanaged_because(storage: Storage) -> str | None:
    """Say why no manifest can express a live storage; None if one can.

    `schemas/manifest.schema.json` draws the same line; a property test holds the two together.
    """
    if storage.flaw:
        return storage.flaw
    if storage.type not in TYPES:
        return f"its type is {storage.type!r}"
    text = storage.id + storage.name + storage.label + storage.default_url
    if not text.isascii() and not _encodable(text):
        return "it holds text that is not valid Unicode"
    if not storage.name or _CONTROL.search(storage.name):
        return "its name holds a control character" if storage.name else "it has no name"
    if not usable_url(storage.type, storage.default_url):
        return "it has no usable URL"
    return None


def usable_url(type: str, url: str) -> bool:
    """Say whether a manifest may give this `default_url` to a storage of this type."""
    if type == "local":
        return bool(url) and not _OTHER_SCHEME.match(url) and not has_secret(url)
    return bool(_S3_URL.match(url)) and not has_secret(url)


def is_bucket(name: str) -> bool:
    """Say whether a manifest may give this name to a bucket on AWS."""
    return bool(_BUCKET.fullmatch(name))


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def has_user_info(url: str) -> bool:
    """Say whether a URL carries a user name or password."""
    return ("@" in url or "%40" in url) and re.search(_USER_INFO, url) is not None


def has_secret(url: str) -> bool:
    """Say whether a URL carries what must not be seen: a user, or a signature, token or key.

    `schemas/manifest.schema.json` draws the same line; a property test holds the two together.
    """
    return has_user_info(url) or ("=" in url and re.search(_PARAMETER, url) is not None)


def masked(url: str) -> str:
    """Give a URL with user name and password, signatures, tokens and keys replaced by `***`."""
    if not has_secret(url):
        return url
    return re.sub(_PARAMETER, r"\1***", re.sub(_USER_INFO, r"\1***@", url))


def masked_in(text: str) -> str:
    """Give a text that somebody else wrote, with each URL in it `masked`."""
    return re.sub(_IN_TEXT, lambda found: masked(found[0]), text)


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_OTHER_SCHEME = re.compile(r"(?!(?i:file)://)[A-Za-z][A-Za-z0-9+.\-]*://")
_S3_URL = re.compile(r"(?i:https?|s3)://[^/?#]")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")  # as in schemas/manifest.schema.json
# These are compiled when a URL first may match: most runs meet none, and it takes a while.
#: A password may hold `/` and `#`: what follows a colon and is no port, up to an `@`, is one.
_USER_INFO = (
    r"(\A(?:[A-Za-z][A-Za-z0-9+.\-]*:)?(?:[/\\]{2}){1,2})"
    r"(?:[^/\\?#]*(?:@|%40)|(?!\[)[^/\\?#@]*(?::|%3[Aa])(?![0-9]{0,5}(?:[/\\?#]|\Z))[^?]*@)"
)
#: A parameter of a query or fragment by whose name its value is a secret: a name that ends in one
#: of these, or whose last word is one (`design` is no `sig`, `author` is no `auth`).
_PARAMETER = (
    r"(?i)([?#&;](?:[^=?#&;]*(?:token|secret|password|passwd|passphrase|pwd|signature|credentials?"
    r"|(?:access|api|account|secret|private|shared|sas)[_-]?key|access[_-]?key[_-]?id"
    r"|authorization)|(?:[^=?#&;]*[._-])?(?:sig|auth|key|pass|pw|sas|jwt))=)[^&#;]+"
)
#: A URL in a sentence, up to a blank or a quotation mark.
_IN_TEXT = r"(?:(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]*:)?[/\\]{2}[^\s'\"<>]+"


def _local_place(url: str) -> str:
    place = "file://" + sanitize_local_url(url)[7:]
    # Only a rooted path has a trailing slash that means nothing; `file://host/` stays verbatim.
    return place.removesuffix("/") if place.startswith("file:///") and len(place) > 8 else place


def _aws(partition: str, path: str, region: str | None) -> Location:
    return Location(f"{partition}:{path}", region)


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _domain(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _split_query(rest: str) -> tuple[str, str]:
    cut = min((i for i in (rest.find("?"), rest.find("#")) if i >= 0), default=len(rest))
    return rest[:cut], rest[cut:]
