"""By what a file is known to hold a report of ours, which is all that a report may replace.

JSON, pages, SARIF and JUnit are known by how they begin; what GitLab reads, in which nothing says
who wrote it, by its shape; what people read by its first line (`formats.signed`).
"""

from __future__ import annotations

import os
import re
import stat

#: So many bytes of both ends of a file are looked at.
_END = 1 << 16
_SIGNED = rb"(?:<!-- )?Written by reconciler [^\n ]+\.(?: -->)?\n"
#: How it goes on after `format_version`: plans, drift, manifests, failures, verifications.
_JSON = (
    rb'\{\s*"format_version": \d+,\s*"'
    rb'(?:tool_version": "[^"]*",\s*"created_at|platform": "(?:[^"\\]|\\.)*",\s*"platform_id|'
    rb'valid": (?:true|false),\s*"(?:problems|files)|error|verdict": "\w+",\s*"(?:how|repository))"'
)
_SARIF = (
    rb'\{\s*"\$schema": "[^"]*",\s*"version": "[\d.]+",\s*"runs": \[\s*\{\s*"tool": \{\s*'
    rb'"driver": \{\s*"name": "reconciler"'
)
_JUNIT = rb'<\?xml [^>]*\?>\s*<testsuites name="reconciler[ "]'
_PAGE = (
    rb"<!doctype html>\s*<html[^>]*>\s*<head>\s*(?:<(?:meta|link) [^>]*>\s*)*?"
    rb'<meta name="generator" content="reconciler '
)
_QUALITY = (
    rb'\[\s*\{\s*"description": ".*"severity": "(?:blocker|major|minor)",\s*"location": \{\s*'
    rb'"path": "(?:[^"\\]|\\.)*",\s*"lines": \{\s*"begin": \d+\s*\}\s*\}\s*\}\s*\]\s*'
)
_WIDGET = (
    rb'\{\s*(?:"create": \d+,\s*"update": \d+,\s*"delete": \d+|'
    rb'"error": "(?:[\d,]+ problems? in [\d,]+ files?|Error \(exit code \d+\))\.")\s*\}\s*'
)
#: What earlier versions did not sign: with what reports end, and begin in Markdown.
_LAST = (
    rb"(?:Plan: [\d,]+ to create, |No changes|BLOCKED by \d|No drift\. |Drift: \d|Valid: \d|"
    rb"[\d,]+ problems? in [\d,]+ files?\.|FINDINGS: |NOT VERIFIED: |Verified: |NOT PROVED: |"
    rb"Proved: every |Nothing has an objective\.|Error \(exit code \d+\))[^\n]*\n"
)
_FIRST = rb"(?:Platform: |Compared: |::(?:error|warning) |Digest of the plan: )[^\n]*\n"
_OBJECTIVES = rb"[A-Za-z ]+: (?:[^\n]*; )?every byte of [\d,]+ of [\d,]+ storages? [^\n]*\n"
_PROBLEMS = rb"(?:[^\n]+\n)+[\d,]+ problems? in [\d,]+ files?\.\n"
_FAILURE = rb"Error: (?:[^\n]+\n){1,6}"

_BEGINNINGS = (_SIGNED, _JSON, _SARIF, _JUNIT, _PAGE, rb"### " + _LAST)
#: Of a long document, both ends.
_WHOLE = (
    *(rb"\[\]\s*", _QUALITY, _WIDGET, _LAST, _PROBLEMS, _FAILURE),
    *(_FIRST + rb"(?:.*\n)?" + _LAST, rb".*\n" + _OBJECTIVES),
)


def holds_else(path: str) -> bool:
    """Return whether a file is there that holds anything else than a report, or can't be read.

    What is no ordinary file holds nothing.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - it is text
            return False
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            start = file.read(_END)
            file.seek(max(len(start), file.seek(0, os.SEEK_END) - _END))
            data = (start + file.read()).replace(b"\r\n", b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return bool(data) and not _is_report(data)


def _is_report(data: bytes) -> bool:
    return any(re.match(pattern, data) for pattern in _BEGINNINGS) or any(
        re.fullmatch(pattern, data, re.DOTALL) for pattern in _WHOLE
    )
