"""What is so in a campaign, and what is due to be told of it: written down by hand, not asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.watching.conditions import BEGAN, CHANGED, ENDED
from support.watching.world import NAMES, Line

Due = tuple[str, str, str]


@dataclass
class Truth:
    """How things stand."""

    live: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "L"))
    #: The labels that the checkout declares; whether the manifest there makes sense.
    here: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "L"))
    valid: bool = True
    #: What is wrong with the newest commit; empty if nothing is. Whether the remote is away.
    commit: str = ""
    away: bool = False
    line: str = "well"
    #: What is known to differ or to block, by kind and name; while nothing can be read it stays.
    seen: dict[tuple[str, str], object] = field(default_factory=dict)

    @property
    def unread(self) -> str:
        """Why nothing can be read; empty if it can."""
        if not self.valid:
            return "manifest"
        return "" if self.line in Line.UNNOTICED else "platform"

    def due(self) -> list[Due]:
        """Return what a watch has to tell since it was asked last."""
        before, now = self.seen, {}
        not_pulled = "unreachable" if self.away else self.commit
        for kind, code in (("not_pulled", not_pulled), ("unread", self.unread)):
            if code:
                now[kind, ""] = code
        if self.unread:
            now |= {key: one for key, one in before.items() if key[0] in ("drift", "blocked")}
        else:
            now |= self._differences()
        self.seen = now
        told = [(ENDED, *key) for key in before if key not in now]
        told += [(BEGAN, *key) for key in now if key not in before]
        told += [(CHANGED, *key) for key in now if key in before and now[key] != before[key]]
        return sorted(told)

    def _differences(self) -> dict[tuple[str, str], object]:
        found: dict[tuple[str, str], object] = {}
        for name, label in self.here.items():
            if name not in self.live:
                found["drift", name] = "missing"
            elif self.live[name] != label:
                found["drift", name] = (self.live[name], label)
        for name in self.live.keys() - self.here.keys():
            found["drift", name] = found["blocked", name] = "undeclared"
        return found
