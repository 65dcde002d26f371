"""How far a client lags behind what is sent to it: fed with what it has not taken yet."""

from __future__ import annotations

#: How far a client may lag, in seconds, and how often it is looked at. What the client takes makes
#: up for the time that it needs at so many bytes a second: who takes a little now and then lags
#: further and further.
TAKING, LOOK, RATE = 60.0, 5.0, 16 * 1024


class Lag:
    """The lag of one client."""

    #: In seconds; 0 if the client keeps up.
    seconds = 0.0
    #: How many bytes it had not taken when that was last looked at.
    _untaken = 0

    def begin(self, untaken: int) -> None:
        """Begin to wait for the client."""
        self._untaken = untaken

    def look(self, untaken: int, *, waits: bool) -> bool:
        """Look at it after `LOOK` seconds; return whether it lags too far."""
        if not waits:
            self.seconds = 0.0
            return False
        self.seconds += LOOK
        self.take(untaken)
        return self.seconds >= TAKING

    def take(self, untaken: int) -> None:
        """Let what it has taken since count in its favour."""
        self.seconds = max(self.seconds - max(self._untaken - untaken, 0) / RATE, 0.0)
        self._untaken = untaken
