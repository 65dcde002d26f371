"""An address with a secret that stands where a path, name or word belongs is told masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.main import main

USER = "https://u:S3CRET@host/b"
SIGNED = "https://host/plan.json?X-Amz-Signature=S3CRET"
MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: raw, label: Raw, type: local, default_url: /nowhere/raw}
"""
LINES = (
    f"show {SIGNED}",
    f"apply {SIGNED}",
    f"apply -y --expect {SIGNED}",
    f"apply -y --expect https://{'u' * 60}:S3CRETS3CRETS3CRET@host/b",
    f"plan {USER}",
    f"list {USER}",
    USER,
    f"list -o {USER}",
    f"plan --target {USER}",
    f"plan --out {USER}",
    f"plan --digest-file {USER}",
    f"plan -o json={USER}",
    f"history --journal {USER}",
    f"verify rep --rows {USER}",
    f"scan raw --into rep --metrics {USER}",
    f"verify rep --metrics {USER}/",
    f"show {USER} -o junit={SIGNED}",
)


@pytest.mark.parametrize("line", LINES)
def test_no_output_has_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
) -> None:
    (tmp_path / "storages.yaml").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, name)
    of_verdict = line.startswith(("show", "plan", "verify"))
    wanted = ("-o", "github", "-o", "markdown=r.md") if of_verdict else ("-o", "json")
    assert main([*line.split(), *wanted]) != 0
    printed = capsys.readouterr()
    files = [path.read_text(errors="replace") for path in tmp_path.glob("[rG]*") if path.is_file()]
    assert "S3CRET" not in "".join([printed.out, printed.err, *files])
    assert "***" in printed.err


def test_what_a_message_advises_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["token", "list", "--database", "mysql"]) == 64
    assert "postgresql://user@host/database" in capsys.readouterr().err
