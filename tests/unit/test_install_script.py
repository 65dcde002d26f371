"""deploy/github/install.sh, up to what pip would do."""

import os
import subprocess
import sys

import pytest

from support.repository import ROOT

#: Notes what it is asked, and which secrets it could read; makes what `venv` makes, as far as used.
PYTHON = """\
#!/bin/sh
printf '%s\\n' "$*" >>"$NOTED"
printf 'secrets:%s\\n' "$RECONCILER_TOKEN$JETRAW_REFRESH_TOKEN" >>"$NOTED"
if [ "$3" = venv ]; then
    mkdir -p "$4/bin"
    cp "$0" "$4/bin/python"
    printf '#!/bin/sh\\n' >"$4/bin/reconciler"
    chmod +x "$4/bin/reconciler"
fi
"""

PINS = "/action/constraints.txt"
PACKAGES = "/action[s3,recovery] sdk @ https://example.org/a b.whl $(touch /tmp/never)"


@pytest.mark.skipif(sys.platform == "win32", reason="jobs need bash")
def test_packages_are_installed_as_they_are_written_and_get_no_secret(tmp_path) -> None:
    stub, noted = tmp_path / "bin" / "python", tmp_path / "noted"
    stub.parent.mkdir()
    stub.write_text(PYTHON)
    stub.chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / "deploy" / "github" / "install.sh"],
        cwd=tmp_path,
        env={
            "PATH": f"{stub.parent}{os.pathsep}{os.environ['PATH']}",
            "NOTED": str(noted),
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "GITHUB_ACTION_PATH": "/action",
            "INPUT_EXTRAS": "s3,recovery",
            "INPUT_PACKAGES": "sdk @ https://example.org/a b.whl\n\n$(touch /tmp/never)\n",
            "RECONCILER_TOKEN": "rct_secret",
            "JETRAW_REFRESH_TOKEN": "secret",
        },
        check=False,
    )
    assert done.returncode == 0
    home = tmp_path / "temp" / "reconciler"
    assert noted.read_text().splitlines() == [
        f"-I -m venv {home}",
        "secrets:",
        f"-I -m pip install --quiet --disable-pip-version-check --constraint {PINS} {PACKAGES}",
        "secrets:",
    ]
