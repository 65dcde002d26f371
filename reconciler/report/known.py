"""By what a file is known to hold a report of ours, which is all that a report may replace.

Each says itself whose it is: in what people read, the first line does (`formats.signed`). What
anybody may have written is none, even if an earlier version wrote so.
"""

from __future__ import annotations

import os
import re
import stat

#: So many bytes of both ends of a file are looked at.
_END = 1 << 16
_SIGNED = rb"(?:<!-- )?Written by reconciler [^\n ]+\.(?: -->)?\n"
_TEXT = rb'"(?:[^"\\]|\\.)*"'
_OPENING = rb'\{\s*"format_version": \d+,\s*'
#: How plans, drift, invalid manifests and both kinds of verification go on.
_JSON = _OPENING + (
    rb'"(?:tool_version": "[^"\n]*",\s*"created_at": |'
    rb'platform": %(text)s,\s*"platform_id": %(text)s,\s*"account": [^\n]*,\s*"plan_digest": |'
    rb'valid": false,\s*"problems": \[\s*\{\s*"file": %(text)s,\s*"line": [\dnul]+,\s*"column": |'
    rb'verdict": "\w+",\s*(?:"how": "\w+",\s*)?"repository": %(text)s,\s*"(?:platform|at)": )'
) % {b"text": _TEXT}
#: Valid manifests and failures: all of it, for they say little.
_SHORT_JSON = _OPENING + (
    rb'(?:"valid": true,\s*"files": \d+,\s*"entries": \d+,\s*"warnings": \[.*\]|'
    rb'"error": %(text)s,\s*"exit_code": \d+)\s*\}\n'
) % {b"text": _TEXT}
_SARIF = (
    rb'\{\s*"\$schema": "[^"]*",\s*"version": "[\d.]+",\s*"runs": \[\s*\{\s*"tool": \{\s*'
    rb'"driver": \{\s*"name": "reconciler"'
)
_JUNIT = rb'<\?xml [^>]*\?>\s*<testsuites name="reconciler[ "]'
_PAGE = (
    rb"<!doctype html>\s*<html[^>]*>\s*<head>\s*(?:<(?:meta|link) [^>]*>\s*)*?"
    rb'<meta name="generator" content="reconciler '
)
_FINDING = (
    rb'\{\s*"description": %(text)s,\s*"check_name": "[a-z_-]+",\s*'
    rb'"fingerprint": "[0-9a-f]{64}",\s*"severity": "(?:blocker|major|minor)",\s*'
    rb'"location": \{\s*"path": %(text)s,\s*"lines": \{\s*"begin": \d+\s*\}\s*\}\s*\}'
) % {b"text": _TEXT}
#: In a list for GitLab nothing says who wrote it, but for how findings are marked; one that is
#: empty is written as nobody else does.
_QUALITY = rb"\[(?:\s*%(one)s(?:,(?:.*,)?\s*%(one)s)?\s*|\n\n)\]\n" % {b"one": _FINDING}
_WIDGET = (
    rb'\{\n  (?:"create": \d+,\n  "update": \d+,\n  "delete": \d+|'
    rb'"error": "(?:[\d,]+ problems? in [\d,]+ files?|Error \(exit code \d+\))\.")\n\}\n'
)

_BEGINNINGS = (_SIGNED, _JSON, _SARIF, _JUNIT, _PAGE)
#: Of a long document, both ends.
_WHOLE = (_SHORT_JSON, _QUALITY, _WIDGET)


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
