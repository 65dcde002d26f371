"""The pipeline that docs/other-ci.md shows runs the lines that the page itself has run."""

import re

from support.repository import ROOT

TEXT = (ROOT / "docs" / "other-ci.md").read_text(encoding="utf-8")
SHOWN = re.compile(r"^\s*sh '(.*)'$", re.MULTILINE)
RUN = re.compile(r"^\$ (.*)$", re.MULTILINE)


def test_five_lines_are_all_that_a_pipeline_needs() -> None:
    assert len(RUN.findall(TEXT)) == 5


def test_a_pipeline_has_the_lines_that_were_run() -> None:
    assert SHOWN.findall(TEXT) == [line for line in RUN.findall(TEXT)[:4] if line != "set -e"]
