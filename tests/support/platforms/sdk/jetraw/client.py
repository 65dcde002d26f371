"""Who is logged in, and the client that calls use when they are given none."""

import os

import jetraw_state as state

_default = None


class Client:
    """A login to the state server of one organisation."""

    def __init__(
        self,
        *,
        organization=None,
        config_file=None,
        shared_credentials_file=None,
        host=None,
        access_token=None,
        refresh_token=None,
        refresh_token_if_empty=True,
        skip_compatibility_check=False,
    ):
        with state.call("Client", organization or "") as db:
            login = state.quirk(db, "login") or {}
            self.organization = organization or login.get("organization")
            self._refresh_token = refresh_token or login.get("refresh_token")
            if self._refresh_token != state.quirk(db, "token"):
                raise state.StateServerError(f"401: bad API key {self._refresh_token}")
        self.host = host or state_host(self.organization)
        self.access_token = access_token or "access-token-made-by-the-server"
        if not (skip_compatibility_check or self.is_compatible()):
            raise state.StateServerError("this SDK is too old")

    def refresh_token(self):
        """Renew the access token."""
        self.access_token = "another-access-token-made-by-the-server"

    def is_compatible(self):
        """Say whether this SDK and the state server understand each other."""
        with state.call("is_compatible") as db:
            return state.quirk(db, "compatible", True)


def state_host(organization):
    """Give the address of an organisation's own state server."""
    return os.environ.get("JETRAW_STAND_IN_HOST", f"https://{organization}.jetraw.com")


def set_default_client(client):
    """Use this client where a call is given none."""
    global _default  # noqa: PLW0603 - the documented surface
    _default = client


def get_default_client():
    """Give the client that calls use when they are given none; make it at the first use."""
    global _default  # noqa: PLW0603
    if _default is None:
        _default = Client()
    return _default
