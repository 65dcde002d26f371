"""Verdicts as a code quality report of GitLab, which shows them in merge requests."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.report.documents import written as document
from reconciler.report.findings import ERROR, Finding
from reconciler.report.verdicts.verdict import FAILED, Verdict, fingerprints, told

#: An empty list, as nobody else writes it: so it is known again (`reconciler/report/known.py`).
_NONE = "[\n\n]\n"


def written(verdict: Verdict) -> str:
    """Write all findings. GitLab shows nothing that has no file and line: each gets one."""
    found = list(_findings(verdict))
    return document(found) if found else _NONE


def _findings(verdict: Verdict) -> Iterator[dict[str, object]]:
    marks = fingerprints(verdict.findings)
    for finding, mark in zip(verdict.everywhere(), marks, strict=True):
        yield {
            "description": told(finding),
            "check_name": finding.rule,
            "fingerprint": mark,
            "severity": _severity(finding),
            "location": {"path": finding.file, "lines": {"begin": finding.line}},
        }


def _severity(finding: Finding) -> str:
    if finding.rule == FAILED:
        return "blocker"
    return "major" if finding.level == ERROR else "minor"
