from __future__ import annotations

import pytest

from reconciler import errors
from reconciler.errors import ManifestError, MatchingError
from reconciler.model import Problem, path_text

# docs/reference/commands.md tells them to users.
EXIT_CODES = {
    "ReconcilerError": 1,
    "UsageError": 64,
    "AddressError": 64,
    "ForbiddenFileError": 64,
    "ManifestError": 65,
    "MatchingError": 65,
    "PlanFileError": 65,
    "FormatError": 1,
    "BlockedError": 3,
    "StaleError": 4,
    "ConflictError": 4,
    "PlatformError": 1,
    "PlatformBusyError": 6,
    "LeaseLostError": 6,
    "WatchedError": 6,
    "PlatformLostError": 1,
    "RefusedError": 1,
    "LockDamagedError": 1,
    "UnavailableError": 1,
    "UnknownOutcomeError": 1,
    "PreflightError": 1,
    "RepositoryError": 1,
    "SnapshotError": 1,
    "UnreachableError": 8,
    "ClusterError": 1,
    "CloudFileError": 65,
}
TRANSIENT = {"PlatformBusyError", "UnavailableError"}


def test_every_error_has_its_exit_code_and_none_is_success() -> None:
    kinds = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert kinds == EXIT_CODES


def test_only_a_platform_that_is_busy_or_away_is_worth_another_try() -> None:
    assert {name for name in EXIT_CODES if getattr(errors, name).transient} == TRANSIENT


@pytest.mark.parametrize(
    "name",
    [
        "ConflictError",
        "LeaseLostError",
        "PlatformBusyError",
        "RefusedError",
        "UnavailableError",
        "UnknownOutcomeError",
    ],
)
def test_whoever_catches_platform_errors_catches_all_that_a_write_raises(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.PlatformError)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("storages",), "storages"),
        (("storages", 3, "label"), "storages[3].label"),
        (("storages", 0, "renamed_from", 1), "storages[0].renamed_from[1]"),
        ((2, "a"), "[2].a"),
    ],
)
def test_a_path_as_people_write_it(path: tuple[str | int, ...], text: str) -> None:
    assert path_text(path) == text


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.yaml", "is wrong"), "a.yaml: is wrong"),
        (Problem("a.yaml", "is wrong", line=3, column=5), "a.yaml:3:5: is wrong"),
        (
            Problem("a.yaml", "is wrong", ("storages", 0, "typ"), 3, 5, "did you mean 'type'?"),
            "a.yaml:3:5: storages[0].typ: is wrong (did you mean 'type'?)",
        ),
    ],
)
def test_a_problem_says_where_and_what(problem: Problem, text: str) -> None:
    assert problem.text() == text


def test_a_manifest_error_says_every_problem_in_order() -> None:
    problems = [Problem("b.yaml", "second"), Problem("a.yaml", "first")]
    for kind in (ManifestError, MatchingError):
        error = kind(problems)
        assert error.problems == tuple(problems)
        assert str(error) == "b.yaml: second\na.yaml: first"
