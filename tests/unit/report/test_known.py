"""A report is known again by what it holds, and nothing else is taken for one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reconciler.report import json as in_json
from reconciler.report.formats import signed
from reconciler.report.known import holds_else
from reconciler.report.verdicts import gitlab
from reconciler.report.verdicts.verdict import Verdict

KEPT = json.loads((Path(__file__).parents[2] / "compatibility" / "reports.json").read_text())
EARLIER = [(f"{commit} {name}", text) for commit, of in KEPT.items() for name, text in of.items()]
VERSIONS = Path(__file__).parents[2] / "compatibility" / "versions"
SARIF = '{"$schema": "https://a/sarif.json", "version": "2.1.0", "runs": [{"tool": {"driver": {'
FINDING = {"description": "a", "check_name": "b", "fingerprint": "c" * 32, "severity": "major"}
PLACE = {"location": {"path": "a", "lines": {"begin": 1}}}
#: What reports may be laid over by a slip, most of it much like one of them.
OTHERS = {
    "an image": b"II*\x00\x08\x00\x00\x00" + bytes(200),
    "a database": b"SQLite format 3\x00" + bytes(200),
    "text": b"two lines\nof somebody's notes\n",
    "a blank line": b"\n",
    "variables": b"PASSWORD=x\n",
    "a manifest": b"version: 1\nstorages: []\n",
    "a document": b"### Plan\n\nPlan: 1 to create, 0 to update, 0 to remove.\n",
    "what quotes a report": b"See: Written by reconciler 0.1.0.\n",
    "a log that ends with a report": b"job 1\n\nPlan: 1 to create, 0 to update, 0 to remove.\n",
    "an error": b"Error: camera 3 timed out\nframe 17 lost\n",
    "annotations": b"::error::a\nNo drift. Live matches the manifest.\n",
    "a last line": b"Verified: 3 images\n",
    "another's last line": b"No changes. Your infrastructure matches the configuration.\n",
    "what ends with problems": b"a: wrong\n1 problem in 1 file.\n",
    "an earlier report, which says not whose it is": b"### No changes\n\n1 live storage\n",
    "a document that begins so": b"### Plan: 1 to create, 0 to update\n\nAsk Ann first.\n",
    "a table": b"Platform: x, y\n1, 2\n",
    "JSON": b'{"a": 1}\n',
    "a list": b'[{"description": "a"}]\n',
    "an empty list": b"[]\n",
    "an error of another": b'{"error": "no such host"}',
    "an error of another, with a format": b'{"format_version": 1, "error": "a", "at": 1}\n',
    "another's verdict": b'{"format_version": 1, "valid": true, "files": ["a"]}\n',
    "another's changes": b'{"create": 1, "update": 0, "delete": 0}\n',
    "ids": b'{\n  "format_version": 1,\n  "ids": {}\n}\n',
    "a snapshot": b'{"complete":true,"created_at":"x","format_version":1,"id":"y"}',
    "another's SARIF": f'{SARIF}"name": "ruff"}}}}]}}'.encode(),
    "another's JUnit": b'<?xml version="1.0"?>\n<testsuites name="pytest tests">',
    "another's page": b"<!doctype html>\n<html>\n<head>\n<title>reconciler</title>"
    b'<meta name="generator" content="reconciler 1">',
    "another's quality": json.dumps([{**FINDING, **PLACE}], indent=2).encode() + b"\n",
}


def is_kept(path: Path, data: bytes | str) -> bool:
    path.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
    return holds_else(str(path))


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_report(tmp_path: Path, data: bytes) -> None:
    assert is_kept(tmp_path / "a", data)
    assert is_kept(tmp_path / "a", data.replace(b"\n", b"\r\n") + b" ")
    assert is_kept(tmp_path / "a", data + bytes(1 << 18))


def test_whatever_a_repository_of_scans_has_is_no_report() -> None:
    version = max(VERSIONS.iterdir())
    files = [path for path in version.rglob("*") if path.is_file() and path.stat().st_size]
    plans = {"create.json", "change.json", "blocked.json"}
    assert {path.name for path in files if not holds_else(str(path))} == plans


def test_what_earlier_versions_wrote(tmp_path: Path) -> None:
    for name, text in EARLIER:
        assert not is_kept(tmp_path / "a", text), name
        assert not is_kept(tmp_path / "a", text.replace("\n", "\r\n")), name


def test_what_is_read_by_people_is_signed(tmp_path: Path) -> None:
    for output in ("text", "markdown", "github"):
        assert not is_kept(tmp_path / "a", signed("anything\n" * 50_000, output))
    assert signed("{}", "json") == "{}"


def test_a_failure_is_known_whatever_it_says(tmp_path: Path) -> None:
    for message in ("a", '"', "x" * 200_000, "\ud800"):
        assert not is_kept(tmp_path / "a", in_json.failure(message, 1))


def test_a_long_list_is_known_by_both_its_ends(tmp_path: Path) -> None:
    entry = {**FINDING, "fingerprint": "c" * 64, **PLACE}
    for entries in ([entry] * 5_000, [{**entry, "description": "x" * 200_000}]):
        assert not is_kept(tmp_path / "a", json.dumps(entries, indent=2) + "\n")
        theirs = [*entries, {**FINDING, **PLACE}]
        assert is_kept(tmp_path / "a", json.dumps(theirs, indent=2) + "\n")


def test_an_empty_list_is_ours_as_only_we_write_it(tmp_path: Path) -> None:
    text = gitlab.written(Verdict("plan", "no_changes", "No changes."))
    assert json.loads(text) == []
    assert not is_kept(tmp_path / "a", text)


def test_what_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "to-nothing").symlink_to("nowhere")
    names = ["empty", "nowhere", "to-nothing", "empty/below", "."]
    if os.name == "posix":
        os.mkfifo(tmp_path / "pipe")
        names += ["pipe", "/dev/null"]
    assert not any(holds_else(str(tmp_path / name)) for name in names)
    (tmp_path / "circle").symlink_to("circle")
    assert holds_else(str(tmp_path / "circle"))
