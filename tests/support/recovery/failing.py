"""A repository whose disk is full after so many writes."""

from __future__ import annotations

from reconciler.errors import RepositoryError


class Failing:
    """A repository that fails from the nth write on."""

    def __init__(self, repository, after: int) -> None:
        self._repository = repository
        self._left = after

    def __getattr__(self, name):
        return getattr(self._repository, name)

    def write(self, *args, **more):
        self._spend()
        return self._repository.write(*args, **more)

    def add(self, *args, **more):
        self._spend()
        return self._repository.add(*args, **more)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise RepositoryError("the disk is full")
