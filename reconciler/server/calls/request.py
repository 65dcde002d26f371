"""A request and its answer, as resources see them: synchronous values, no ASGI."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal, NamedTuple, TypeVar

import msgspec
from starlette.datastructures import Headers

from reconciler.server.calls import headers as reading
from reconciler.server.calls.problems import MEDIA_TYPE, Problem, malformed
from reconciler.server.store.values import READER, Author

JSON = "application/json"
NDJSON = "application/x-ndjson"
#: Ids that a platform gives are plain; whatever else stands in a URL names nothing.
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)

_T = TypeVar("_T")
#: `upload` and `download` are of any length, `watch` is for whoever asks how the server is.
Kind = Literal["read", "write", "upload", "download", "lease", "watch"]


class Identity(NamedTuple):
    """Whom a request comes from."""

    account: str
    role: str
    #: Id of the token; empty on a server without tokens.
    token: str = ""


#: Whoever asks what everybody may know.
ADMITTED = Identity("", "")


class Request(NamedTuple):
    """One request by somebody who may make it."""

    identity: Identity
    headers: Headers
    raw_query: bytes
    path: dict[str, str]
    #: The whole content, where the method takes it whole.
    content: bytes = b""
    #: The content as it comes in, where the method takes a stream.
    chunks: Iterator[bytes] = iter(())

    def query(self, *allowed: str) -> dict[str, str]:
        """Read the query; anything but the `allowed` parameters is an error."""
        return reading.query(self.raw_query, allowed)

    def author(self) -> Author:
        """Return who writes."""
        return reading.author(self.headers, self.identity.account, self.identity.token)

    def id(self) -> str:
        """Return the id in the path."""
        id = self.path["id"]
        if not _ID.fullmatch(id):
            raise Problem("not-found", "there is no storage with this id")
        return id

    def decode(self, decoder: msgspec.json.Decoder[_T]) -> _T:
        """Read the content as JSON."""
        try:
            value = decoder.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(f"the content is not what is expected here: {error}") from None
        _refuse_repeated_keys(self.content)
        return value


class Answer(NamedTuple):
    """What is answered: a body, or `lines` that are sent as they come."""

    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    lines: Iterable[bytes] | None = None
    #: Called when the answer was sent, or could not be.
    close: Callable[[], None] = lambda: None


class Method(NamedTuple):
    """One method of one resource: what it does, and for whom."""

    run: Callable[[Request], Answer]
    #: The least role that it needs; None for everybody, without a token.
    role: str | None = READER
    #: Media types of the content that it takes; none if it takes no content.
    takes: Collection[str] = ()
    #: What it has in common with others, of which so many may run at once.
    kind: Kind = "read"
    #: Whether it may have to wait, as for the database; then it runs in one of few threads.
    waits: bool = True


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    """Answer with a value; underscores in the names of headers stand for dashes."""
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Answer(status, msgspec.json.encode(value), headers=named)


def problem_answer(problem: Problem) -> Answer:
    """Answer with what is wrong."""
    return Answer(problem.status, problem.document(), MEDIA_TYPE, problem.headers)


def not_modified(tag: str) -> Answer:
    """Answer that the client has it already."""
    return Answer(304, headers=(("ETag", f'"{tag}"'),))


def _refuse_repeated_keys(content: bytes) -> None:
    """Raise 400 if a key is there twice: readers disagree on which one counts.

    Only for content that was found to be one flat object.
    """

    def once(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        if len(names) != len(set(names)):
            raise malformed("a key is there more than once")

    json.loads(content, object_pairs_hook=once)
