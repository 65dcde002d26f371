"""A destination whose service is made when there is something to send.

To import apprise takes a second, and a watch that looks once has mostly nothing to tell.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.environment.secret_values import Secret
from reconciler.errors import UsageError
from reconciler.notifying.message import Message, Outcome, Service
from reconciler.printable import quoted


class Lazily:
    """One destination."""

    def __init__(
        self, name: str, url: Secret, make: Callable[[Secret], Service], whom: str = ""
    ) -> None:
        """Know its name, and how its address begins; `make` raises `UsageError` if it is none.

        `whom`: as `Door` has it.
        """
        self.whom = whom
        self.service = url.reveal().partition("://")[0]
        self._name, self._url, self._make = name, url, make
        self._made: Service | None = None

    def check(self) -> None:
        """Make the service; raises `UsageError` if the address is none."""
        try:
            self._service()
        except UsageError as error:
            raise UsageError(f"the address of {quoted(self._name)}: {error}") from None

    @property
    def may_be_taken(self) -> bool:
        """Whether what is being sent now may be taken already; from any thread."""
        return self._made is not None and self._made.may_be_taken

    def send(self, message: Message) -> Outcome:
        """Send a message, and return what has become of it."""
        try:
            return self._service().send(message)
        except UsageError as error:
            return Outcome(str(error))

    def _service(self) -> Service:
        if self._made is None:
            self._made = self._make(self._url)
        return self._made
