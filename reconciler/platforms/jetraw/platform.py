"""An organisation of the SDK, or a module like it, as a platform: what opens it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from reconciler.environment.secret_values import Secret
from reconciler.lease.contract import Lease, Lock
from reconciler.platform import Left, Lost, forever
from reconciler.platforms.jetraw.address import Target
from reconciler.platforms.jetraw.foreign import Foreign
from reconciler.platforms.jetraw.reader import JetrawReader
from reconciler.platforms.jetraw.sdk import Sdk, connect
from reconciler.platforms.jetraw.writer import JetrawWriter


class JetrawPlatform:
    """An organisation, or a module, that an address names. The SDK is imported when it is opened.

    All that is opened shares one login. What can go wrong on the way is an error of the one who
    opens: `UsageError` for credentials, `PlatformError` for the SDK.
    """

    def __init__(
        self,
        target: Target,
        environ: Mapping[str, str],
        token: Secret | None,
        left: Left = forever,
    ) -> None:
        """Take what `understand` made of an address; nothing is looked at yet."""
        self._target = target
        self._environ = environ
        self._token = token
        self._connecting = threading.Lock()
        self._foreign = Foreign(left)
        self._sdk: Sdk | None = None

    @property
    def address(self) -> str:
        return self._target.address

    def reader(self) -> JetrawReader:
        return JetrawReader(self._connected())

    def writer(
        self,
        *,
        wait: float,  # noqa: ARG002 - there is no lock to wait for
        lease: Lease | None = None,  # noqa: ARG002 - no write can carry one
        lost: Lost = lambda: None,
    ) -> JetrawWriter:
        """Open for writing; every write asks `lost` at the last moment."""
        return JetrawWriter(self._connected(), lost)

    def lock(self) -> Lock | None:
        """Return nothing: the SDK knows no lock."""
        return None

    def _connected(self) -> Sdk:
        with self._connecting:
            if self._sdk is None:
                self._sdk = connect(self._target, self._environ, self._token, self._foreign)
            return self._sdk
