"""How we log in to an organisation: an API key, or outside CI an earlier interactive login."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from reconciler.environment.origin import in_ci
from reconciler.environment.secret_values import Secret, read_secret
from reconciler.errors import UsageError
from reconciler.platforms.jetraw.address import TOKEN_VARIABLE

HOST = "JETRAW_HOST"


class Login(NamedTuple):
    """What the SDK's client is made with."""

    organisation: str
    #: None: the SDK uses what an earlier login has left on this machine.
    token: Secret | None = None
    #: None: the organisation's own.
    host: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what `jetraw.Client` is called with. It holds the secret."""
        given: dict[str, Any] = {"organization": self.organisation}
        if self.host is not None:
            given["host"] = self.host
        if self.token is not None:
            given["refresh_token"] = self.token.reveal()
        # We ask `is_compatible` ourselves, so that the answer has a message of its own.
        return {**given, "skip_compatibility_check": True}


def key_lying_about(environ: Mapping[str, str]) -> Secret | None:
    """Return the key that the environment has for whoever logs in by itself; None without."""
    with suppress(UsageError):
        return read_secret(environ, TOKEN_VARIABLE)
    return None


def read_login(organisation: str, environ: Mapping[str, str], token: Secret | None) -> Login:
    """Find the credentials; a `token` that is given comes before those of the environment.

    Raises `UsageError` if there are none in CI, where nobody has logged in by hand, or if what
    is set makes no sense.
    """
    token = token or read_secret(environ, TOKEN_VARIABLE)
    if token is None and in_ci(environ):
        raise UsageError(
            f"no credentials for jetraw://{organisation}: set {TOKEN_VARIABLE} to an API key of "
            f"the organisation, or {TOKEN_VARIABLE}_FILE to a file that holds one. This is CI, "
            "where the login of a person is not used"
        )
    return Login(organisation, token, _host(environ))


def _host(environ: Mapping[str, str]) -> str | None:
    host = environ.get(HOST)
    if host is None:
        return None
    if not host.strip():
        raise UsageError(f"{HOST} is set but empty: give it a value, or unset it")
    host = host.strip()
    if set(host) & set("@?#"):
        raise UsageError(
            f"{HOST} holds more than a host: take user name, password and query out of it, and "
            f"set {TOKEN_VARIABLE}"
        )
    return host
