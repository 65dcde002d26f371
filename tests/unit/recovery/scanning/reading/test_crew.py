"""What those who read have found is told, whatever ends the reading."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from reconciler.errors import RepositoryError, UnreachableError
from reconciler.recovery.rows import FILE, READ, Content
from reconciler.recovery.scanning.outcome import Tally
from reconciler.recovery.scanning.reading.crew import Crew
from reconciler.recovery.scanning.reading.pace import Pace

GOOD = Content(b"a", FILE, 1, 2, b"g" * 32, READ, 3)


@pytest.mark.parametrize(
    ("error", "is_told"), [(RepositoryError("full"), True), (UnreachableError("gone"), False)]
)
def test_what_another_thread_has_found_damaged_is_told_though_the_repository_has_failed(
    error, is_told
):
    found = [(GOOD, replace(GOOD, sha256=b"r" * 32))]
    told: list[object] = []
    pieces = SimpleNamespace(doubt=lambda: None)
    with ThreadPoolExecutor(1) as executor:
        crew = Crew(executor, 1, None, pieces, Pace(), Tally(), damaged=told.extend)

        def fail():
            with crew:
                # As a thread does of each file, while what it read is waited for or kept.
                crew._rotten.append(found)
                raise error

        with pytest.raises(type(error)):
            fail()
    expected = found if is_told else []
    assert told == crew.brought.rotten == expected
