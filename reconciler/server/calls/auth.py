"""Who may do what: tokens, and the one case in which none is needed."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re

from starlette.datastructures import Headers

from reconciler.environment.timestamps import utc_now
from reconciler.printable import quoted
from reconciler.server.calls.headers import single
from reconciler.server.calls.problems import Problem
from reconciler.server.calls.request import Identity
from reconciler.server.calls.tokens import digest_of, parts_of
from reconciler.server.store.store import Store
from reconciler.server.store.values import ADMIN, ROLES

#: The account of everybody on a server without tokens.
ANONYMOUS = "anonymous"
#: The header Host, and its name within it.
HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?", re.ASCII)
#: What proxies add, in lower case.
PASSED_ON = re.compile(r"forwarded|x-forwarded(?:-.*)?|x-real-ip|via")
_NOBODY = digest_of("")

_log = logging.getLogger(__name__)


def is_loopback(host: str) -> bool:
    """Return whether a host, as it stands in a URL, is this machine and no other."""
    if host.lower().removesuffix(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Authentication:
    """Finds out whom a request comes from, at each request anew: a revoked token is out at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._token_seen = False

    def identify(self, headers: Headers) -> Identity:
        """Return whom a request comes from; raises `Problem` for those who may not come in."""
        if not self._needs_token():
            _check_host(headers)
            _check_direct(headers)
            return Identity(ANONYMOUS, ADMIN)
        return self._owner(single(headers, "Authorization"))

    def _needs_token(self) -> bool:
        # A token that was made stays in the database for ever, so "yes" need not be asked again.
        if not self._token_seen:
            self._token_seen = self._store.has_tokens()
        return self._token_seen

    def _owner(self, authorization: str | None) -> Identity:
        if authorization is None:
            raise _unauthenticated("send a token: `Authorization: Bearer …`")
        scheme, _, text = authorization.partition(" ")
        parts = parts_of(text.strip(" "))
        if scheme.lower() != "bearer" or parts is None:
            raise _unauthenticated("Authorization must be `Bearer` and a token of this server")
        id, secret = parts
        token, digest = self._store.token(id) or (None, _NOBODY)
        proved = hmac.compare_digest(digest, digest_of(secret))
        if token is None or not proved:
            raise _unauthenticated("this server does not know the token")
        state = token.state(utc_now())
        if state != "valid":
            _log.warning("refused: the token %s (%s) is %s", token.id, quoted(token.name), state)
            raise _unauthenticated(f"the token {quoted(token.name)} is {state}: ask for a new one")
        return Identity(token.name, token.role, token.id)


def check_role(identity: Identity, role: str) -> None:
    """Raise 403 unless somebody's role includes `role`."""
    if ROLES.index(identity.role) < ROLES.index(role):
        raise Problem(
            "forbidden",
            f"this needs the role {role}, and the token {quoted(identity.account)} has the role "
            f"{identity.role}",
        )


def _unauthenticated(detail: str) -> Problem:
    return Problem("unauthenticated", detail, headers=(("WWW-Authenticate", "Bearer"),))


def _check_host(headers: Headers) -> None:
    """Refuse what a browser sends that was told a name of this machine by somebody else.

    Without tokens that is the only guard against web pages (DNS rebinding).
    """
    found = HOST.fullmatch(single(headers, "Host") or "")
    if not found or not is_loopback(found["name"]):
        raise Problem(
            "misdirected",
            "a server without tokens answers to localhost, 127.0.0.1 and [::1] only; "
            "`reconciler token create` makes a token",
        )


def _check_direct(headers: Headers) -> None:
    """Refuse what a proxy says that it passes on: through it, strangers look like this machine.

    A proxy may keep silent, so this catches a mistake and is no guard; tokens are.
    """
    name = next(filter(PASSED_ON.fullmatch, headers), None)
    if name is not None:
        raise Problem(
            "misdirected",
            "a server without tokens answers to its own machine only, and the header "
            f"{quoted(name[:40])} says that a proxy passed this on: create a token first "
            "(`reconciler token create`)",
        )
