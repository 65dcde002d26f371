"""schemathesis, all checks on, against the running server: it must find nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reconciler.schemas import schema_text
from support.repository import TESTS
from support.sampling import CAMPAIGN
from support.server.state_server import StateServer

#: 412 is the right answer to a condition that does not hold, whatever else is sent with it.
SETTINGS = """\
hooks = "support.server.schemathesis_hooks"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422"]
"""


#: Each database and each role.
PAIRS = [(kind, role) for kind in ("sqlite", "postgresql") for role in (None, "admin")]


@pytest.fixture
def database(request, tmp_path):
    """Give the URL of an empty database."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").database()
    return f"sqlite:///{tmp_path / 'server.db'}"


def examine(folder, server, examples):
    """Run schemathesis; give its exit code and what it says."""
    document = yaml.safe_load(schema_text("openapi"))
    schemas = document["components"]["schemas"]
    # OpenAPI can't say NDJSON; the hooks turn lists into lines and back.
    schemas["InventoryRows"] = schemas["InventoryRows"]["contentSchema"]
    # Of a pattern of several parts alone it makes an empty value too, which does not match.
    tags = schemas["EntityTags"].pop("pattern")
    schemas["EntityTags"]["anyOf"] = [{"const": "*"}, {"pattern": tags}]
    settings = SETTINGS
    if server.token is not None:
        # On this server a token is needed, and the check that it is looks for just that.
        document["security"] = [{"token": []}]
        settings += f'[auth.openapi.token]\nbearer = "{server.token}"\n'
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(settings, encoding="utf-8")
    line = [Path(sys.executable).with_name("schemathesis"), "run", "openapi.yaml"]
    line += ["--url", server.url, "--checks", "all", "--continue-on-failure", "--no-shrink"]
    line += ["--max-examples", str(examples), "--seed", "1"]
    done = subprocess.run(
        line,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TESTS), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@CAMPAIGN
@pytest.mark.parametrize(("database", "role"), PAIRS, indirect=["database"])
def test_it_finds_nothing(tmp_path, database, role, long):
    with StateServer(database, token=role) as server:
        code, told = examine(tmp_path, server, examples=8 if long else 4)
        assert code == 0, told
        assert "Tested: 17" in told
        assert server.stop() == 0
    assert " ERROR " not in server.log
    assert server.token is None or server.token not in server.log
