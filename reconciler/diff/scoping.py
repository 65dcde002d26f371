"""Which names in a manifest are outside its scope: as far as nobody need know what is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.diff.temporary_names import resting
from reconciler.model import Desired, Entry, Problem, Removed
from reconciler.names import Scope
from reconciler.printable import quoted


def outside_scope(desired: Desired, scopes: Iterable[tuple[str, ...]]) -> list[Problem]:
    """Return what `compare` would find outside the scope whatever is live, in reading order."""
    scope = Scope.of(desired.policy.scope, scopes)
    if not scope.lists:
        return []
    problems = [problem for entry in desired.entries for problem in names_outside(entry, scope)]
    # Whose temporary name it is can be told by its id alone, which may be another platform's.
    problems += [
        outside(item, "name", item.name)
        for item in desired.removed
        if not scope.holds(resting(item.name, None))
    ]
    return sorted(problems, key=reading_order)


#: What is the matter with a name that the manifest's scope does not hold, and what to do.
OUTSIDE = (
    "outside the scope: widen it (`policy.scope`, --scope, RECONCILER_SCOPE), or take the name out"
)


def names_outside(entry: Entry, scope: Scope) -> Iterator[Problem]:
    """Yield a problem for the name of an entry, and each of its earlier ones, outside `scope`."""
    if not scope.holds(entry.name):
        yield outside(entry, "name", entry.name)
    for name in entry.renamed_from:
        if not scope.holds(name):
            yield outside(entry, "renamed_from", name)


def outside(item: Entry | Removed, key: str, name: str) -> Problem:
    """Return the problem that `name`, which stands under `key`, is outside the scope."""
    return problem_of(item, key, f"{quoted(name)} is {OUTSIDE}")


def problem_of(item: Entry | Removed, key: str, message: str) -> Problem:
    """Return what is wrong with the value that stands under `key` of an entry."""
    where = "storages" if isinstance(item, Entry) else "removed"
    return Problem(item.file, message, (where, item.index, key))


def reading_order(problem: Problem) -> tuple[object, ...]:
    """Return what problems are sorted by: the file, then the place in it."""
    return problem.file, problem.path[1:2], problem.path
