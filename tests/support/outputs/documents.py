"""Reports for programs, held against what those programs say that they take."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import xmlschema

_SCHEMAS = Path(__file__).parent / "schemas"
_SEVERITIES = {"info", "minor", "major", "critical", "blocker"}
#: A link within a message of SARIF: brackets that are not escaped, with a target behind them.
_LINK = re.compile(r"(?<!\\)\[(?:[^\]\\]|\\.)*\]\(")


@cache
def _sarif() -> Any:
    schema = json.loads((_SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    return jsonschema_rs.validator_for(schema)


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(_SCHEMAS / "junit-10.xsd")


def sarif(text: str) -> dict[str, Any]:
    """Read SARIF by its schema, and by what GitHub wants beyond; give its one run."""
    document = json.loads(text)
    assert [str(error) for error in _sarif().iter_errors(document)] == []
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:file:///)?[\w.~%/-]+", uri, re.ASCII), uri
        assert not _LINK.search(result["message"]["text"])
    marks = [result["partialFingerprints"]["findingHash/v1"] for result in run["results"]]
    assert len(marks) == len(set(marks))
    return run


def junit(text: str) -> ET.Element:
    """Read JUnit by its schema."""
    _junit().validate(text)
    return ET.fromstring(text)


def quality(text: str) -> list[dict[str, Any]]:
    """Read a code quality report by what GitLab documents of it."""
    entries: list[dict[str, Any]] = json.loads(text)
    for entry in entries:
        assert entry.keys() >= {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in _SEVERITIES
        assert isinstance(entry["description"], str)
        path, begin = entry["location"]["path"], entry["location"]["lines"]["begin"]
        assert path
        assert not path.startswith(("./", "../"))
        assert type(begin) is int
        assert begin > 0
    marks = [entry["fingerprint"] for entry in entries]
    assert len(marks) == len(set(marks))
    return entries


def widget(text: str) -> dict[str, Any]:
    """Read what the widget takes: three numbers, or something that it shows as an error."""
    told: dict[str, Any] = json.loads(text)
    if told.keys() & {"create", "update", "delete"}:
        assert told.keys() == {"create", "update", "delete"}
        assert all(type(number) is int and number >= 0 for number in told.values())
    else:
        assert told.keys() == {"error"}
    return told
