"""How we log in to an organisation: an API key, or outside CI an earlier interactive login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.credentials import Secret, read_secret
from reconciler.errors import UsageError
from reconciler.model import has_user_info

TOKEN, HOST = "JETRAW_REFRESH_TOKEN", "JETRAW_HOST"


class Login(NamedTuple):
    """What the SDK's client is made with."""

    organisation: str
    #: None: the SDK uses what an earlier login has left on this machine.
    token: Secret | None = None
    #: None: the organisation's own.
    host: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Give what `jetraw.Client` is called with. It holds the secret."""
        given: dict[str, Any] = {"organization": self.organisation}
        if self.host is not None:
            given["host"] = self.host
        if self.token is not None:
            given["refresh_token"] = self.token.reveal()
        # We ask `is_compatible` ourselves, so that the answer has a message of its own.
        return {**given, "skip_compatibility_check": True}


def read_login(organisation: str, environ: Mapping[str, str], token: Secret | None) -> Login:
    """Find the credentials; a `token` that is given comes before those of the environment.

    Raises `UsageError` if there are none in CI, where nobody has logged in by hand, or if what
    is set makes no sense.
    """
    token = token or read_secret(environ, TOKEN)
    if token is None and environ.get("CI", "").lower() not in ("", "0", "false"):
        raise UsageError(
            f"no credentials for jetraw://{organisation}: set {TOKEN} to an API key of the "
            f"organisation, or {TOKEN}_FILE to a file that holds one. CI is set, so the login of "
            "a person is not used"
        )
    return Login(organisation, token, _host(environ))


def _host(environ: Mapping[str, str]) -> str | None:
    host = environ.get(HOST)
    if host is None:
        return None
    if not host.strip():
        raise UsageError(f"{HOST} is set but empty: give it a value, or unset it")
    if has_user_info(host):
        raise UsageError(f"{HOST} holds a user name or password: take it out, and set {TOKEN}")
    return host.strip()
