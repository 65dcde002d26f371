"""A reader that asks again: what a platform can't answer just now does not end a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from reconciler.model import State, Storage
from reconciler.platform import Abilities, About, InventoryRow, Reader
from reconciler.retry.limits import Limits
from reconciler.retry.persist import persist
from reconciler.retry.surroundings import Surroundings

#: Seconds for which one question is asked again. Short: somebody may have mistyped the address.
SECONDS = 5.0
_T = TypeVar("_T")


class PatientReader:
    """Puts each question to a reader, again for some seconds while it raises `UnavailableError`.

    Reading changes nothing, so a question may be repeated whatever became of it. Files are asked
    for again until the first one came; a break after that is raised, as no file may come twice.
    """

    def __init__(self, reader: Reader, surroundings: Surroundings | None = None) -> None:
        self._reader = reader
        self._surroundings = surroundings

    @property
    def abilities(self) -> Abilities:
        return self._reader.abilities

    def identity(self) -> str:
        return self._persist(self._reader.identity)

    def about(self) -> About:
        return self._persist(self._reader.about)

    def read(self) -> State:
        return self._persist(self._reader.read)

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        return self._persist(lambda: self._reader.find(id=id, name=name))

    def inventory(self, id: str) -> Iterator[InventoryRow]:
        def begin() -> tuple[list[InventoryRow], Iterator[InventoryRow]]:
            rows = self._reader.inventory(id)
            first = next(rows, None)
            return ([] if first is None else [first]), rows

        begun, rest = self._persist(begin)
        yield from begun
        yield from rest

    def spaces_using(self, id: str) -> tuple[str, ...]:
        return self._persist(lambda: self._reader.spaces_using(id))

    def close(self) -> None:
        self._reader.close()

    def _persist(self, question: Callable[[], _T]) -> _T:
        return persist(question, Limits(), SECONDS, self._surroundings)
