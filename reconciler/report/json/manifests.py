"""What is wrong with a manifest, or any other failure, as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Notice, Problem
from reconciler.report.documents import of_fields
from reconciler.report.findings import of_problems
from reconciler.report.style import PLAIN, Style


def problems(problems: Sequence[Problem], _style: Style = PLAIN) -> str:
    """List what is wrong with a manifest. `line` and `column` are null where there is none."""
    return of_fields(
        valid=False,
        problems=[
            {
                "file": finding.file,
                "line": finding.line or None,
                "column": finding.column or None,
                "path": finding.path,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in of_problems(problems)
        ],
    )


def failure(message: str, code: int, _style: Style = PLAIN) -> str:
    """Return why there is no other report, and the exit code."""
    return of_fields(error=message, exit_code=code)


def valid(files: int, entries: int, warnings: Sequence[Notice], _style: Style = PLAIN) -> str:
    """Return that a manifest is valid, how much was read, and what it warns of."""
    return of_fields(valid=True, files=files, entries=entries, warnings=warnings)
