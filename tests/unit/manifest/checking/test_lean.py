"""What another program has installed makes no mistake in a manifest dear."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT = "import reconciler.manifest.checking.explain, sys; print('rfc3987_syntax' in sys.modules)"


@pytest.mark.parametrize(("first", "there"), [("", False), ("import rfc3987_syntax; ", True)])
def test_the_grammar_of_iris_is_imported_only_by_others(tmp_path, first, there) -> None:
    (tmp_path / "rfc3987_syntax.py").write_text("def is_valid_syntax(*_): return True\n")
    line = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {first}{IMPORT}",
    ]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    assert done.stdout == f"{there}\n"
