"""How a report is to look: width, colour, how much it tells."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

#: A width in which every line fits.
UNBOUNDED = 1 << 62
_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "alarm": "1;31"}


class Style(Struct, frozen=True):
    """How people want a report. Colour never carries a meaning alone."""

    colour: bool = False
    width: int = 80
    #: -1: only what can't be left out; 0: what a reviewer needs; 1: everything.
    verbosity: int = 0
    #: Into a pipe or file: one record a line, its parts two blanks or more apart, for `grep`,
    #: `sort` and `awk`. Nothing is wrapped then, as long as `width` is UNBOUNDED.
    records: bool = False

    def record(self, told: Sequence[str]) -> list[str]:
        """Return the lines of one record: as they are laid out, or as one."""
        if not self.records or len(told) < 2:
            return list(told)
        return ["  ".join(line.strip() for line in told)]

    @property
    def quiet(self) -> bool:
        """Whether only what can't be left out is wanted."""
        return self.verbosity < 0

    @property
    def verbose(self) -> bool:
        """Whether everything is wanted, and nothing cut."""
        return self.verbosity > 0

    def paint(self, text: str, colour: str) -> str:
        """Paint `text` in a colour (`bold`, `red`, `green`, `yellow`, `alarm`), if colour is on."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colour and text else text


PLAIN = Style()
