"""Time that passes only when somebody waits, chance that is known, and a platform that is busy."""

from __future__ import annotations

from collections.abc import Callable

from support.values.memory_platform import Call, Hook


class OwnTime:
    """Surroundings for an executor that has one step under way at a time."""

    def __init__(self, chance: float = 0.5) -> None:
        self.time = 0.0
        self.chance = chance
        #: How long was waited, each time.
        self.waits: list[float] = []
        self._keys = 0
        #: Called when somebody begins to wait.
        self.meanwhile: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def random(self) -> float:
        return self.chance

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def start(self, work: Callable[[], None]) -> None:
        raise AssertionError("in turn, no thread is needed")

    def wait(self, ready: Callable[[], bool], seconds: float | None = None) -> None:
        assert seconds is not None, "nobody else could end this wait"
        self.meanwhile()
        if not ready():
            self.waits.append(seconds)
            self.time += seconds

    def notify(self) -> None:
        return


def some_times(method: str, *errors: BaseException | None) -> Hook:
    """Make a hook that answers the first calls of `method` with these; None lets one be."""
    left = list(errors)

    def hook(call: Call) -> None:
        if call.method == method and left:
            error = left.pop(0)
            if error is not None:
                raise error

    return hook
