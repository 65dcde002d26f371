"""How a report is to look: width, colour, how much it tells."""

from __future__ import annotations

from msgspec import Struct

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "alarm": "1;31"}


class Style(Struct, frozen=True):
    """How people want a report. Colour never carries a meaning alone."""

    colour: bool = False
    width: int = 80
    #: -1: only what can't be left out; 0: what a reviewer needs; 1: everything.
    verbosity: int = 0

    @property
    def quiet(self) -> bool:
        """Whether only what can't be left out is wanted."""
        return self.verbosity < 0

    @property
    def verbose(self) -> bool:
        """Whether everything is wanted, and nothing cut."""
        return self.verbosity > 0

    def paint(self, text: str, colour: str) -> str:
        """Give `text` in a colour (`bold`, `red`, `green`, `yellow`, `alarm`), if colour is on."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colour and text else text


PLAIN = Style()
