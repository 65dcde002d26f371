"""Verdicts as commands to the runner of GitHub Actions: annotations at file and line.

And the two files in which a step tells later ones, and people, what it came to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reconciler.printable import commandless, commandless_quoted, shown
from reconciler.report.findings import ERROR, WARNING, Finding
from reconciler.report.sentences.terms import count
from reconciler.report.verdicts.verdict import Verdict, titled, told

#: GitHub shows no more of each kind for a step; the last of them says how many more there are.
ANNOTATIONS = 10
#: Characters of a message; the runner cuts longer ones, at 4,096.
_LONGEST = 4_000
_LONGEST_TITLE = 200
_CUT = " … (cut: the summary of the job, and its log, have all of it)"


def written(verdict: Verdict) -> str:
    """Write annotations, then what did not fit among them as text, and the verdict last."""
    lines = [*_level(verdict, ERROR), *_level(verdict, WARNING)]
    if verdict.digest:
        lines.append(f"Digest of the plan: {verdict.digest}")
    lines.append(commandless(shown(verdict.headline)))
    return "\n".join(lines) + "\n"


def outputs(verdict: Verdict) -> str:
    """Write what later steps can read of this one: `KEY=VALUE`, a line each."""
    values = {
        "status": verdict.status,
        "exit_code": str(verdict.exit_code),
        "digest": verdict.digest,
        "counts": json.dumps(verdict.counts, separators=(",", ":")),
        "errors": str(len(verdict.of_level(ERROR))),
        "warnings": str(len(verdict.of_level(WARNING))),
        "headline": shown(verdict.headline),
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())


def _level(verdict: Verdict, level: str) -> Iterator[str]:
    findings = verdict.of_level(level)
    room = ANNOTATIONS if len(findings) <= ANNOTATIONS else ANNOTATIONS - 1
    for finding in findings[:room]:
        yield _annotation(finding)
    yield from _rest(findings[room:], level)


def _rest(findings: Sequence[Finding], level: str) -> Iterator[str]:
    if not findings:
        return
    more = count(len(findings), f"more {level}")
    yield f"::{level} title={_property(more)}::{_data(f'{more}: in the log below')}"
    for finding in findings:
        yield commandless(shown(f"{level}: {finding.text()}"))


def _annotation(finding: Finding) -> str:
    properties = {"title": titled(finding)}
    if finding.file:
        properties["file"] = shown(finding.file)
        properties["line"] = str(finding.line or 1)
        if finding.column:
            properties["col"] = str(finding.column)
        if finding.column and finding.end_column:
            properties["endLine"] = str(finding.line)
            properties["endColumn"] = str(finding.end_column)
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{finding.level} {given}::{_data(told(finding))}"


def _data(text: str) -> str:
    text = commandless_quoted(text)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - len(_CUT)] + _CUT
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    text = text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 2]} …"
    return _data(text).replace(":", "%3A").replace(",", "%2C")
