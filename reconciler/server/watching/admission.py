"""Who may ask a watch: who has its token; without one whoever is on this machine, to read."""

from __future__ import annotations

import hmac
from base64 import b64decode
from copy import copy
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from reconciler.environment.secret_values import Secret
from reconciler.printable import quoted
from reconciler.server.calls.auth import ANONYMOUS, HOST, PASSED_ON, is_loopback
from reconciler.server.calls.headers import single
from reconciler.server.calls.problems import Problem
from reconciler.server.calls.request import Identity
from reconciler.server.calls.tokens import digest_of
from reconciler.server.store.values import OPERATOR, READER

#: Whoever has the token.
HOLDER = "holder of the token"
#: A browser to which somebody has given the token.
BROWSER = "browser with the token"
#: How the token is asked for: of programs, and of browsers.
_BEARER, _BASIC = "Bearer", 'Basic realm="reconciler watch", charset="UTF-8"'
TOKEN_VARIABLE = "RECONCILER_WATCH_TOKEN"  # noqa: S105 - the name of a variable
#: What a browser says of a request that a page of another site makes.
_OF_OTHERS = ("cross-site", "same-site")


class Admission:
    """Finds out whom a request comes from, and refuses what a web page has a browser send."""

    def __init__(self, token: Secret | None) -> None:
        """If there is a token, it is asked of everybody.

        Also on this machine: what a proxy passes on, which may say nothing of that, comes from it.
        """
        self._digest = None if token is None else digest_of(token.reveal())
        self._challenge = _BEARER

    def of_browsers(self) -> Admission:
        """Return the same for what people open: their browser asks them for the token."""
        other = copy(self)
        other._challenge = _BASIC  # noqa: SLF001 - it is one of its own
        return other

    def identify(self, headers: Headers) -> Identity:
        """Return whom a request comes from; raises `Problem` for those who may not come in."""
        _check_origin(headers)
        authorization = single(headers, "Authorization")
        if authorization is not None:
            return self._holder(authorization)
        if self._digest is not None:
            raise needs_token("send the token: `Authorization: Bearer …`", self._challenge)
        _check_host(headers)
        _check_direct(headers)
        return Identity(ANONYMOUS, READER)

    def _holder(self, authorization: str) -> Identity:
        """Return who holds the token; a browser, which sends it for whatever page, may but read."""
        scheme, _, text = authorization.partition(" ")
        sent = {"bearer": text.strip(" "), "basic": _password(text)}.get(scheme.lower(), "")
        known = self._digest is not None and hmac.compare_digest(digest_of(sent), self._digest)
        if not known:
            raise needs_token("this watch does not know the token", self._challenge)
        if scheme.lower() == "basic":
            return Identity(BROWSER, READER)
        return Identity(HOLDER, OPERATOR)


def _password(text: str) -> str:
    """Return the password of what a browser sends, whatever its user is called."""
    try:
        return b64decode(text.strip(" "), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def needs_token(detail: str, challenge: str = _BEARER) -> Problem:
    """Return that nobody may do this without the token."""
    return Problem("unauthenticated", detail, headers=(("WWW-Authenticate", challenge),))


def _check_origin(headers: Headers) -> None:
    """Refuse what a page of another origin sends; its answer would not be shown to it anyway."""
    origin, host = single(headers, "Origin"), single(headers, "Host") or ""
    told = "" if origin is None else _host_of(origin)
    navigates = single(headers, "Sec-Fetch-Mode") == "navigate"
    foreign = single(headers, "Sec-Fetch-Site") in _OF_OTHERS and not navigates
    if foreign or (origin is not None and told.lower() != host.lower()):
        raise Problem("misdirected", "a watch answers no web page but its own")


def _host_of(origin: str) -> str:
    """Return the host of an origin, with its port; what is none is returned as it is."""
    try:
        return urlsplit(origin).netloc or origin
    except ValueError:
        return origin


def _check_host(headers: Headers) -> None:
    """Refuse what a browser sends that was told a name of this machine by somebody else."""
    found = HOST.fullmatch(single(headers, "Host") or "")
    if not found or not is_loopback(found["name"]):
        raise Problem(
            "misdirected",
            "without the token a watch answers to localhost, 127.0.0.1 and [::1] only",
        )


def _check_direct(headers: Headers) -> None:
    """Refuse what a proxy says that it passes on: through it, strangers look like this machine."""
    name = next(filter(PASSED_ON.fullmatch, headers), None)
    if name is not None:
        raise Problem(
            "misdirected",
            "without the token a watch answers to its own machine only, and the header "
            f"{quoted(name[:40])} says that a proxy passed this on",
        )
