"""What is sent, and who sends it, as values and protocols."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

#: What kind of message it is, for services that show that by a colour or picture.
WARNING, SUCCESS, INFO = "warning", "success", "info"


class Message(Struct, frozen=True):
    """A text for people; its first line says what and where, and may become the subject."""

    first: str
    rest: str
    tone: str = INFO


class Service(Protocol):
    """What sends messages to one address."""

    def send(self, message: Message) -> str:
        """Send it, and return why it was not taken, without secrets; empty if it was.

        It raises nothing. It may take long.
        """


class Door(Service, Protocol):
    """One destination."""

    #: What kind of service it is; no secret.
    service: str
