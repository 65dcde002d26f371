"""`/v1/lock`: the lease that makes one apply at a time."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from reconciler.lease.contract import Holder
from reconciler.server.calls import headers
from reconciler.server.calls.auth import check_role
from reconciler.server.calls.bodies import lease_json
from reconciler.server.calls.problems import malformed
from reconciler.server.calls.request import Answer, Request, json_answer
from reconciler.server.store.refusals import SupersededError
from reconciler.server.store.store import Store
from reconciler.server.store.values import ADMIN

_SHORTEST, _LONGEST = 5, 600
#: No part of what a holder says of itself may be longer, in characters.
_LONGEST_WORDS = 1024
_BREAK = {"true": True, "false": False}


class _Wanted(Struct, forbid_unknown_fields=True):
    owner: str
    host: str
    job_url: str
    reason: str
    seconds: float


class _Renewal(Struct, forbid_unknown_fields=True):
    #: For JSON Schema, and for some programs, 1.0 is a whole number too.
    fence: int | float
    seconds: float


_WANTED = msgspec.json.Decoder(_Wanted)
_RENEWAL = msgspec.json.Decoder(_Renewal)


class LeaseResource:
    """The lease of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, request: Request) -> Answer:
        """Return who holds the lease."""
        request.query()
        lease = self._store.lease()
        return Answer(204) if lease is None else json_answer(lease_json(lease))

    def acquire(self, request: Request) -> Answer:
        """Take the lease."""
        request.query()
        wanted = request.decode(_WANTED)
        holder = Holder(wanted.owner, wanted.host, wanted.job_url, wanted.reason)
        _check_holder(holder)
        lease = self._store.acquire(holder, _seconds(wanted.seconds), request.author())
        return json_answer(lease_json(lease), 201)

    def renew(self, request: Request) -> Answer:
        """Make the lease run on."""
        request.query()
        wanted = request.decode(_RENEWAL)
        fence = int(wanted.fence)
        if fence != wanted.fence or not 1 <= fence <= headers.LARGEST:
            raise malformed(f"fence must be a whole number from 1 to {headers.LARGEST}")
        lease = self._store.renew(
            fence, _seconds(wanted.seconds), request.identity.account, request.identity.token
        )
        return json_answer(lease_json(lease))

    def release(self, request: Request) -> Answer:
        """Give the lease up, or take it away from somebody."""
        query = request.query("fence", "break")
        if "fence" not in query or query.get("break", "false") not in _BREAK:
            raise malformed("fence must be given, and break must be true or false")
        fence, author = headers.number(query["fence"], "fence", least=1), request.author()
        if _BREAK[query.get("break", "false")]:
            check_role(request.identity, ADMIN)
            if not self._store.break_lease(fence, author):
                raise SupersededError("this lease is held no longer; nothing was done")
        else:
            self._store.release(fence, author.account, author.token)
        return Answer(204)


def _seconds(seconds: float) -> float:
    if not _SHORTEST <= seconds <= _LONGEST:
        raise malformed(f"seconds must be a number from {_SHORTEST} to {_LONGEST}")
    return seconds


def _check_holder(holder: Holder) -> None:
    words = (holder.owner, holder.host, holder.job_url, holder.reason)
    if not holder.owner or any(len(text) > _LONGEST_WORDS for text in words):
        raise malformed(
            "owner must be given, and owner, host, job_url and reason must have at most "
            f"{_LONGEST_WORDS} characters each"
        )
