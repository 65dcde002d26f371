"""Reading is tried again for a few seconds; what was not fully read is never taken for whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reconciler.errors import PlatformError, UnavailableError
from reconciler.model import Storage
from reconciler.platform import Reader
from reconciler.retry.reader import SECONDS, PatientReader
from support.faults.patience import OwnTime, some_times
from support.values.memory_platform import MemoryPlatform

NAS = Storage("1", "nas", "NAS", "local", "file:///nas")
DOWN = UnavailableError("the platform is busy")
QUESTIONS: dict[str, Callable[[Reader], object]] = {
    "read": lambda reader: reader.read().storages,
    "find": lambda reader: reader.find(id="1"),
    "inventory": lambda reader: [row[0] for row in reader.inventory("1")],
    "spaces_using": lambda reader: reader.spaces_using("1"),
}


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform([NAS], files=["1"])


@pytest.mark.parametrize("method", QUESTIONS)
def test_a_question_is_asked_again(platform: MemoryPlatform, method: str) -> None:
    ask = QUESTIONS[method]
    wanted = ask(platform.reader())
    platform.before = some_times(method, DOWN, DOWN)
    time = OwnTime()
    assert ask(PatientReader(platform.reader(), time)) == wanted
    assert len(time.waits) == 2


@pytest.mark.parametrize("method", QUESTIONS)
def test_not_for_ever(platform: MemoryPlatform, method: str) -> None:
    platform.before = some_times(method, *[DOWN] * 1000)
    time = OwnTime()
    with pytest.raises(UnavailableError, match="busy"):
        QUESTIONS[method](PatientReader(platform.reader(), time))
    assert SECONDS / 2 < time.time <= SECONDS


def test_another_error_is_not_tried_again(platform: MemoryPlatform) -> None:
    platform.before = some_times("read", PlatformError("no"))
    time = OwnTime()
    with pytest.raises(PlatformError, match="no"):
        PatientReader(platform.reader(), time).read()
    assert time.waits == []


def test_files_that_break_off_are_not_begun_anew(platform: MemoryPlatform) -> None:
    class Breaking(type(platform.reader())):
        def inventory(self, id: str) -> Iterator[tuple[str, str, str]]:
            yield "a", "", ""
            raise DOWN

    rows = PatientReader(Breaking(platform), OwnTime()).inventory("1")
    assert next(rows)[0] == "a"
    with pytest.raises(UnavailableError):
        next(rows)


def test_the_rest_goes_through(platform: MemoryPlatform) -> None:
    inner = platform.reader()
    reader = PatientReader(inner)
    assert reader.abilities is inner.abilities
    assert reader.identity() == inner.identity()
    assert reader.about() == inner.about()
    reader.close()
    assert inner.closed
