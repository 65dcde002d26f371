"""Verdicts as SARIF 2.1.0, which code scanners speak."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from urllib.parse import quote

from msgspec.structs import replace

from reconciler.printable import shown
from reconciler.report.documents import written as document
from reconciler.report.findings import Finding
from reconciler.report.verdicts.verdict import Verdict, described, fingerprints, told
from reconciler.version import __version__

#: The one name by which the OASIS specification knows its schema.
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: GitHub refuses a run with more results.
_MOST = 25_000
#: Where a program that shows the report looks for the files: the top of the repository.
_ROOT = "%SRCROOT%"
#: What would be a link within a message.
_LINK = re.compile(r"[\\\[\]]")


def written(verdict: Verdict) -> str:
    """Write one run. Each result has a place, without which GitHub takes none."""
    left_out = max(len(verdict.findings) - _MOST, 0)
    verdict = replace(verdict, findings=verdict.findings[:_MOST])
    rules = list(dict.fromkeys(finding.rule for finding in verdict.findings))
    run = {
        "tool": {
            "driver": {
                "name": "reconciler",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": f"reconciler/{verdict.command or 'reconciler'}/"},
        "invocations": [{"executionSuccessful": not verdict.failed, "exitCode": verdict.exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(verdict, rules)),
        "properties": {
            "status": verdict.status,
            "digest": verdict.digest,
            "counts": verdict.counts,
            "leftOut": left_out,
        },
    }
    return document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: str) -> dict[str, object]:
    return {"id": rule, "shortDescription": {"text": f"{described(rule)}."}}


def _results(verdict: Verdict, rules: list[str]) -> Iterator[dict[str, object]]:
    marks = fingerprints(verdict.findings)
    for finding, mark in zip(verdict.everywhere(), marks, strict=True):
        yield {
            "ruleId": finding.rule,
            "ruleIndex": rules.index(finding.rule),
            "level": finding.level,
            "message": {"text": _LINK.sub(r"\\\g<0>", told(finding))},
            "locations": [_location(finding)],
            "partialFingerprints": {"findingHash/v1": mark},
        }


def _location(finding: Finding) -> dict[str, object]:
    region = {"startLine": finding.line, "startColumn": finding.column}
    if finding.end_column:
        region["endColumn"] = finding.end_column
    place: dict[str, object] = {
        "physicalLocation": {"artifactLocation": _artifact(finding.file), "region": region}
    }
    if name := finding.path or finding.name:
        place["logicalLocations"] = [{"fullyQualifiedName": shown(name)}]
    return place


def _artifact(file: str) -> dict[str, str]:
    path = PurePath(file)
    if path.is_absolute():  # outside of the repository
        return {"uri": f"file://{_quoted(path)}"}
    return {"uri": _quoted(path), "uriBaseId": _ROOT}


def _quoted(path: PurePath) -> str:
    text = path.as_posix()
    try:
        return quote(text.encode("utf-8", "surrogateescape"))  # bytes that are no text stay
    except UnicodeEncodeError:
        return quote(text.encode("utf-8", "backslashreplace"))
