"""Every error that a user can meet: one root, and each knows its exit code.

Errors classify themselves once, where they arise; nobody guesses later what an error means.
docs/reference/commands.md lists the exit codes; `cli/exits` says what each means.
"""

from __future__ import annotations

TYPE_CHECKING = False  # whoever only asks for help needs neither `typing` nor values
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

    from reconciler.model import Problem

SUCCESS, ERROR, CHANGES, BLOCKED, STALE, PARTIAL, LOCKED, FINDINGS, UNPROVED = range(9)
USAGE, INVALID, INTERRUPTED = 64, 65, 130


class ReconcilerError(Exception):
    """Root of all expected errors. Its text is meant for the user and holds no secret."""

    exit_code: int = ERROR
    #: Whether the same call may succeed later without anyone changing anything.
    transient: ClassVar[bool] = False


class UsageError(ReconcilerError):
    """The command line or the environment asks for something that makes no sense."""

    exit_code = USAGE


class ForbiddenFileError(UsageError):
    """A file is to be written where none may be: not even a report of that is written there."""


class AddressError(UsageError):
    """A platform's address is missing, malformed or of an unknown kind."""


class ManifestError(ReconcilerError):
    """The manifest is invalid; holds every problem that was found, in reading order."""

    exit_code = INVALID

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep `problems` in the order given; there is at least one."""
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text() for problem in self.problems))


class MatchingError(ManifestError):
    """The manifest is well formed but can't be matched with what is live."""


class FormatError(ManifestError):
    """The manifest is valid, but holds what can't be kept if it is written anew."""

    exit_code = ERROR


class BlockedError(ReconcilerError):
    """Policy forbids the plan."""

    exit_code = BLOCKED


class StaleError(ReconcilerError):
    """The plan no longer fits live, or its digest is not the expected one."""

    exit_code = STALE


class PlanFileError(ReconcilerError):
    """A plan file (or an id map) can't be read, or is not one."""

    exit_code = INVALID


class PreflightError(ReconcilerError):
    """What was looked at before the first write shows that the apply would fail."""


class PlatformError(ReconcilerError):
    """A platform could not be read or written. Nothing may be concluded from it."""


class PlatformBusyError(PlatformError):
    """The platform is in use by another process for longer than we were told to wait."""

    exit_code = LOCKED
    transient = True


class WatchedError(ReconcilerError):
    """Another watch keeps its state in the same folder."""

    exit_code = LOCKED


class ConflictError(PlatformError):
    """A write was refused because live is not what it relied on. Nothing was written."""

    exit_code = STALE


class RefusedError(PlatformError):
    """The platform can't hold what it was asked to write. Nothing was written."""


class LeaseLostError(PlatformError):
    """A write was refused because the lease that it relies on is somebody else's now."""

    exit_code = LOCKED


class PlatformLostError(PlatformError):
    """What was opened is no longer what its address leads to, or its disk failed in a commit.

    Nothing more may be written to it, and nothing that is read from it proves anything.
    """


class LockDamagedError(PlatformError):
    """What lies in a lock's place is not what a lock writes: nobody can tell who holds it."""


class UnavailableError(PlatformError):
    """The platform could not take a call just now. It had no effect, and may be made again."""

    transient = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Keep how many seconds the platform asked us to wait, where it did."""
        super().__init__(message)
        self.retry_after = retry_after


class UnknownOutcomeError(PlatformError):
    """A write may have had its effect, or may still have it: only reading live can tell."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        lasting: bool = False,
        refusal: bool = False,
    ) -> None:
        """Keep how many seconds to wait, where somebody asked for it, before it is made again.

        `lasting` says that the same will probably come of it then; `refusal` that the platform
        says it refused, which alone proves nothing.
        """
        super().__init__(message)
        self.retry_after = retry_after
        self.lasting = lasting
        self.refusal = refusal


class RepositoryError(ReconcilerError):
    """A repository can't be read or written, or holds what no program of ours wrote."""


class SnapshotError(RepositoryError):
    """A snapshot is damaged, incomplete, or not the one whose digest was expected."""


class ClusterError(ReconcilerError):
    """A cluster does not answer, can't do the work, or has lost a part of it."""


class CloudFileError(ReconcilerError):
    """A report or a list that a cloud wrote can't be read, is damaged, or is none."""

    exit_code = INVALID


class UnreachableError(ReconcilerError):
    """A storage's root could not be proved: nothing at all may be concluded about its files."""

    exit_code = UNPROVED

    def __init__(self, message: str, *, reason: str = "not reachable") -> None:
        """Keep the reason, short and of a kind (`ENOENT`, `403`, `empty`), beside its sentence."""
        super().__init__(message)
        self.reason = reason
