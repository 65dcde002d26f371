"""The reference of parts says what they are: its tables are the schemas, its program runs."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.recovery import rows
from reconciler.recovery.parts import merge, schema
from support.repository import ROOT
from support.values.parts import batch_of, file, write_part

PAGE = (ROOT / "docs" / "reference" / "parts.md").read_text(encoding="utf-8")
KINDS = (
    *(rows.FILE, rows.LINK, rows.PIPE, rows.SOCKET, rows.DEVICE, rows.MARKER, rows.FOLDER),
    *(rows.ARCHIVED, rows.DELETED, rows.CHANGING, rows.UNREADABLE),
)


def table_after(words: str) -> dict[str, str]:
    lines = PAGE[PAGE.index(words) :].split("\n\n")[1].splitlines()
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", "\n".join(lines), re.M))


def parquet_of(path: Path) -> dict[str, str]:
    """Say of each column what its file says, as the page does."""
    footer = pq.read_metadata(path)
    optional = {field.name for field in footer.schema.to_arrow_schema() if field.nullable}
    said = {}
    for at in range(len(footer.schema)):
        column = footer.schema.column(at)
        kind = {"STRING": "STRING", "INT": "UINT64"}.get(column.logical_type.type)
        kind = kind or column.physical_type + (f"({column.length})" if column.length > 0 else "")
        said[column.name] = kind + (", may be null" if column.name in optional else "")
    return said


@pytest.mark.parametrize("of", [schema.CONTENTS, schema.STAMPS, schema.INVENTORY])
def test_the_tables_are_those_of_real_parts(tmp_path: Path, of: pa.Schema) -> None:
    written = write_part(tmp_path, [], of)
    assert table_after(f"`{schema.name(of)}`") == parquet_of(written.path)


def test_all_kinds_are_named() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `kind`"))
    assert re.findall(r"`(\w+)`", row)[1:] == list(KINDS)


def test_what_makes_a_difference_is_named() -> None:
    said = PAGE[PAGE.index("## What differs") :].partition("are equal")[0]
    assert tuple(re.findall(r"`(\w+)`", said)) == merge.COMPARED


def test_the_program_runs_on_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [file(b"\xff", size=1), file(b"b", size=9, sha256=None)]
    written = write_part(tmp_path, [batch_of(sorted(files, key=lambda f: f.path))], schema.CONTENTS)
    written.path.rename(tmp_path / "part.parquet")
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    found: dict[str, pa.Table] = {}
    exec(program, found)
    assert found["largest"]["path"].to_pylist() == [b"b", b"\xff"]
    assert found["unproved"]["path"].to_pylist() == [b"b"]
