"""Verdicts as a JUnit report, which every CI system shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.printable import shown
from reconciler.report.findings import ERROR, Finding
from reconciler.report.verdicts.verdict import Case, Verdict, is_wrong

#: What XML gives a meaning, or a CI runner that reads the log, where it stands or begins a line.
_SPECIAL = re.compile(r"[&<>\"']|#(?=#)|_(?=(?:start|end):)|\A\s*:(?=:)")


def written(verdict: Verdict) -> str:
    """Write one suite: a case for each thing that was looked at.

    What is wrong has failed; what could not be looked at has an error, which is another thing.
    """
    wrong = sum(is_wrong(case) and not case.unknown for case in verdict.cases)
    unknown = sum(case.unknown for case in verdict.cases)
    numbers = f'tests="{len(verdict.cases)}" failures="{wrong}" errors="{unknown}"'
    suite = _escaped(f"reconciler {verdict.command}".strip())
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="{suite}" {numbers}>',
        f'  <testsuite name="{suite}" {numbers} skipped="0">',
        *(line for case in verdict.cases for line in _case(case, verdict)),
        f"    <system-out>{_escaped(verdict.headline)}</system-out>",
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(case: Case, verdict: Verdict) -> Iterator[str]:
    suite = _escaped(f"reconciler.{verdict.command}".strip("."))
    yield f'    <testcase classname="{suite}" name="{_escaped(case.name)}">'
    told = [finding for finding in case.findings if finding.level == ERROR or case.unknown]
    if case.unknown or told:
        yield from _verdict("error" if case.unknown else "failure", told, verdict)
    beside = [finding for finding in case.findings if finding not in told]
    if beside:
        yield f"      <system-out>{_told(beside)}</system-out>"
    yield "    </testcase>"


def _verdict(what: str, findings: list[Finding], verdict: Verdict) -> Iterator[str]:
    first = findings[0] if findings else Finding(verdict.status, ERROR, verdict.headline)
    message = _escaped(first.message)
    yield f'      <{what} type="{_escaped(first.rule)}" message="{message}">'
    yield f"{_told(findings or [first])}</{what}>"


def _told(findings: list[Finding]) -> str:
    return "\n".join(_escaped(finding.text()) for finding in findings)


def _escaped(text: str) -> str:
    """Return text for a place in quotes or between tags: no character that XML can't hold."""
    return _SPECIAL.sub(lambda found: f"{found[0][:-1]}&#{ord(found[0][-1])};", shown(text))
