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


class Outcome(Struct, frozen=True):
    """What has become of a message."""

    #: Why it is not known to be taken, without secrets; empty if it was.
    problem: str = ""
    #: How often it may be sent again, since it may have been taken; None if it surely was not.
    again: int | None = None


TAKEN = Outcome()
#: How often a message is sent again of which nobody says whether it was taken.
AGAIN = 2


class Service(Protocol):
    """What sends messages to one address."""

    def send(self, message: Message) -> Outcome:
        """Send it. It raises nothing, and may take long."""

    @property
    def may_be_taken(self) -> bool:
        """Whether what is being sent now may be taken already; from any thread."""


class Door(Service, Protocol):
    """One destination."""

    #: What kind of service it is; no secret.
    service: str
    #: By what a recipient is known again, wherever it stands among those at its address; no secret.
    #: Empty where it is the only one.
    whom: str
