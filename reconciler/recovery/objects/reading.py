"""The bytes of one object, hashed as they come: those of the version that was listed, or none.

obstore reads what it can name, at a fifth of boto3's cost. Whatever does not go well there is
asked for again by boto3, which says what is wrong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reconciler.buckets import library_of
from reconciler.recovery.objects.pages import Listed, etag
from reconciler.recovery.roots.asking import OBJECT, TRUNCATED, Asking, Refused
from reconciler.recovery.source import Pace
from reconciler.recovery.versions import NULL

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

#: Bytes that are taken at once: of obstore, and of boto3, where a chunk that breaks off is lost.
CHUNK, PIECE = 1 << 20, 1 << 18
#: In place of a status: what came, with whatever status, is not the object that was wanted.
ANOTHER = "another object"
#: Keys that obstore would refuse, or take for others.
_CHANGED = re.compile(r"[\x00-\x1f\x7f]|//|\A/|/\Z|(?:\A|/)\.{1,2}(?:/|\Z)")


def quickly(store: S3Store, wanted: Listed, pace: Pace) -> bytes | None:
    """Read by obstore, and return the SHA-256; None if that did not go well, for any reason."""
    key = _text(wanted.key)
    if key is None or _CHANGED.search(key):
        return None
    options: GetOptions = {}
    if wanted.tag:
        options["if_match"] = _quoted(wanted.tag)
    if wanted.version and wanted.version != NULL:
        options["version"] = wanted.version
    digest, count = hashlib.sha256(), 0
    chunks = _chunks(store, key, options, wanted)
    for chunk in chunks:
        count += len(chunk)
        pace(len(chunk))
        digest.update(chunk)
    return digest.digest() if count == wanted.size else None


def _chunks(store: S3Store, key: str, options: GetOptions, wanted: Listed) -> Iterator[Any]:
    """Yield what obstore reads; it ends early where obstore fails, or another object is there."""
    try:
        result = store.get(key, options=options or None)
        meta = result.meta
        if meta["size"] != wanted.size or (wanted.tag and etag(meta["e_tag"]) != wanted.tag):
            return
        if meta["size"] <= CHUNK:
            yield result.bytes()
        else:
            yield from result.stream(min_chunk_size=CHUNK)
    except (OSError, ValueError):
        pass
    except Exception as error:
        if library_of(error) not in ("obstore", "botocore"):  # as credentials are asked of botocore
            raise


def surely(asking: Asking, wanted: Listed, pace: Pace) -> bytes:
    """Read by boto3, and return the SHA-256.

    Raises `Refused`: of status 404 or 412, or of code `ANOTHER`, if it is not there, or another
    than the one wanted.
    """
    body = _Body(asking, wanted, pace)
    while True:
        before = body.furthest
        try:
            asking.patiently(body.go_on, OBJECT)
        except Refused:
            if body.furthest == before:
                raise
        else:
            return body.digest.digest()


class _Body:
    """One object's bytes, as far as they came; a connection that breaks off is no end."""

    def __init__(self, asking: Asking, wanted: Listed, pace: Pace) -> None:
        key = _text(wanted.key)
        if key is None:
            raise Refused(0, "EILSEQ", "its name is no text, and boto3 can't ask for it")
        self._asking = asking
        self._wanted = wanted
        self._pace = pace
        self._request: dict[str, Any] = {"Bucket": asking.bucket.name, "Key": key}
        if wanted.tag:
            self._request["IfMatch"] = _quoted(wanted.tag)
        if wanted.version and wanted.version != NULL:
            self._request["VersionId"] = wanted.version
        self.digest = hashlib.sha256()
        self._count = 0
        #: How far any attempt came.
        self.furthest = 0

    def go_on(self) -> None:
        """Read from where it broke off to the end. Raises what boto3 does, or `Refused`."""
        self._pace(0)  # which ends us if nothing more is to be read
        size = self._wanted.size or 0
        if self._count and self._count == size:
            return
        part = {"Range": f"bytes={self._count}-"} if self._count else {}
        answer = self._asking.client.get_object(**self._request, **part)
        self._check(answer, size)
        stream = answer["Body"]
        try:
            while chunk := stream.read(PIECE):
                self._take(chunk)
        finally:
            stream.close()
        if self._count != size:
            raise Refused(0, TRUNCATED, "it ended before its end")

    def _check(self, answer: Any, size: int) -> None:  # noqa: ANN401
        """Raise `Refused` if this is another object; begin anew if it is all of it again."""
        if self._count and answer["ResponseMetadata"]["HTTPStatusCode"] != 206:
            self.digest, self._count = hashlib.sha256(), 0
        tag, rest = self._wanted.tag, size - self._count
        other = tag and etag(answer.get("ETag")) != tag
        if other or answer.get("ContentLength", rest) != rest:
            answer["Body"].close()
            raise Refused(0, ANOTHER, "it answers with something else than what is listed")

    def _take(self, chunk: bytes) -> None:
        self._pace(len(chunk))
        self.digest.update(chunk)
        self._count += len(chunk)
        self.furthest = max(self.furthest, self._count)


def _text(key: bytes) -> str | None:
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None


def _quoted(tag: bytes) -> str:
    text = tag.decode("utf-8", "surrogateescape")
    return text if text.startswith("W/") else f'"{text}"'
