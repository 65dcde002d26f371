"""Where the parts of this repository lie."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
EXAMPLES = ROOT / "examples"
SCHEMAS = ROOT / "schemas"
DOCS = ROOT / "docs"
DEPLOY = ROOT / "deploy"
