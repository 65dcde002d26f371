"""What `validate` came to, and whatever failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reconciler.model import Notice, Problem
from reconciler.report.findings import ERROR, WARNING, Finding, of_notices, of_problems
from reconciler.report.sentences import manifests
from reconciler.report.verdicts.verdict import FAILED, USUAL, Case, Verdict

INVALID, VALID, ERRED = "invalid", "valid", "error"


def of_problems_in(problems: Sequence[Problem], command: str, code: int) -> Verdict:
    """Judge a manifest that is invalid: a case for each of its files that has a problem."""
    findings = of_problems(problems)
    by_file = defaultdict[str, list[Finding]](list)
    for finding in findings:
        by_file[finding.file].append(finding)
    cases = [Case(file, tuple(found)) for file, found in by_file.items()]
    return Verdict(
        command,
        INVALID,
        manifests.problem_total(problems),
        tuple(findings),
        tuple(cases),
        {"problems": len(findings), "files": len(cases)},
        exit_code=code,
    )


def of_valid(files: int, entries: int, warnings: Sequence[Notice]) -> Verdict:
    """Judge a manifest that is valid, and warn of what is probably not meant."""
    findings = tuple(of_notices(warnings, WARNING))
    return Verdict(
        "validate",
        VALID,
        manifests.valid(files, entries),
        findings,
        (Case("manifest", findings),),
        {"problems": 0, "files": files, "storages": entries, "warnings": len(findings)},
    )


def of_failure(message: str, command: str, code: int, file: str = "") -> Verdict:
    """Judge a command that could not do what it is for; `file` is the manifest that it read."""
    finding = Finding(FAILED, ERROR, " ".join(message.split("\n")))
    name = command or "reconciler"
    return Verdict(
        command,
        ERRED,
        f"Error (exit code {code}).",
        (finding,),
        (Case(name, (finding,), unknown=True),),
        exit_code=code,
        file=file or USUAL,
    )
