"""The tables of keys in the docs are those of the schemas."""

import importlib.util
from pathlib import Path

import pytest

from support.repository import DOCS

KEYS = DOCS / "keys.py"
spec = importlib.util.spec_from_file_location("docs_keys", KEYS)
assert spec is not None
assert spec.loader is not None
keys = importlib.util.module_from_spec(spec)
spec.loader.exec_module(keys)


@pytest.mark.parametrize("page", keys.PAGES, ids=lambda page: page.name)
def test_tables_are_up_to_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == keys.filled(text), "run `python docs/keys.py`"


def test_every_object_of_the_manifest_has_its_table() -> None:
    text = (KEYS.parent / "reference" / "manifest.md").read_text(encoding="utf-8")
    for table in ("", "$defs.entry", "$defs.removed", "properties.policy", "properties.defaults"):
        assert f"<!-- keys: manifest {table} -->" in text
