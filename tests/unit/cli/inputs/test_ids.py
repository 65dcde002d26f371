"""The map of ids: what is written is what is read, and what the schema says."""

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.cli.inputs.ids import read_ids, write_ids
from reconciler.errors import PlanFileError
from reconciler.schemas import schema_text


def test_what_is_written_is_read_and_fits_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "ids.json"
    write_ids(str(path), {"old": "neu-é", "##vso[a]": "b"})
    assert read_ids(str(path)) == {"##vso[a]": "b", "old": "neu-é"}
    assert "##" not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0
    jsonschema.validate(json.loads(path.read_bytes()), json.loads(schema_text("ids")))


@pytest.mark.parametrize("text", ['{"format_version":1,"ids":{"a":"x","b":"x"}}', "{}", "[]"])
def test_what_is_no_map_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ids.json"
    path.write_text(text)
    with pytest.raises(PlanFileError):
        read_ids(str(path))
