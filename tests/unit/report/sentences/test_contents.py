"""What is said of one file's row."""

from __future__ import annotations

import pytest

from reconciler.recovery import rows
from reconciler.recovery.rows import Content
from reconciler.recovery.values import CHANGED, FileFinding
from reconciler.recovery.verifying.telling.table import Table
from reconciler.report.sentences.recovery.contents import modified


@pytest.mark.parametrize(
    ("mtime_ns", "said", "cell"),
    [
        (None, "", ""),
        (rows.FIRST_NS, "modified in 1677 or earlier", ""),
        (
            rows.FIRST_NS + 1,
            "modified 1677-09-21T00:12:43Z",
            "1677-09-21T00:12:43.145224193Z",
        ),
        (-1, "modified 1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999999Z"),
        (rows.LAST_NS - 1, "modified 2262-04-11T23:47:16Z", "2262-04-11T23:47:16.854775806Z"),
        (rows.LAST_NS, "modified in 2262 or later", ""),
    ],
)
def test_a_time_of_which_only_the_end_is_kept_is_not_told_as_that(tmp_path, mtime_ns, said, cell):
    was = Content(b"a", rows.FILE, 1, mtime_ns)
    assert modified(was) == said
    with Table(str(tmp_path / "rows.csv")) as table:
        table.add(FileFinding(CHANGED, "nas", "place", b"a", was))
        table.finish()
    head, row = ((tmp_path / "rows.csv").read_text().splitlines())[:2]
    assert dict(zip(head.split(","), row.split(","), strict=True))["was_modified_at"] == cell
