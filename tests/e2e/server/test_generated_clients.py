"""Clients that others make from the OpenAPI document that a running server gives."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from reconciler.schemas import schema_text
from support.repository import ROOT
from support.server.state_server import StateServer, environment
from support.server.trust import trust_as_the_machine

pytestmark = pytest.mark.long

SUPPORT = ROOT / "tests" / "support" / "server"
METHODS = {"get", "post", "put", "patch", "delete"}
PYTHON_PACKAGE = "openapi-python-client==0.29.*"
PACKAGES = ("openapi-typescript@7", "openapi-fetch@0.17", "typescript@5", "@types/node@20")
#: What the HTTP reference tells users of this generator to set.
OVERRIDES = {
    "content_type_overrides": {
        "application/x-ndjson": "application/octet-stream",
        "application/yaml": "text/plain",
    },
    "post_hooks": [],
}
EXPECTED = [
    ["getHealth", 200],
    ["getReadiness", 200],
    ["getInterface", 200],
    ["getPlatform", 200],
    ["acquireLock", 201],
    ["renewLock", 200],
    ["createStorage", 201],
    ["getStorage", 200],
    ["listStorages", 200],
    ["updateStorage", 200],
    ["updateStorage", 412],
    ["recordInventory", 200],
    ["getInventory", 200],
    ["removeStorage", 409],
    ["removeStorage", 204],
    ["listChanges", 200],
    ["getLock", 200],
    ["releaseLock", 204],
    ["getMetrics", 200],
]


@pytest.fixture
def server(tmp_path):
    """Run a server that wants a token."""
    with StateServer(f"sqlite:///{tmp_path / 'server.db'}", token="operator") as running:
        yield running


def run(folder, *line, **variables):
    """Run a program, which must do well; give what it prints."""
    # Some of them fetch packages.
    asked_of = environment(**variables)
    trust_as_the_machine(asked_of)
    done = subprocess.run(
        line,
        cwd=folder,
        env=asked_of,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_they_are_tried_with_every_operation():
    document = yaml.safe_load(schema_text("openapi"))
    told = {
        item[method]["operationId"]
        for item in document["paths"].values()
        for method in METHODS & item.keys()
    }
    assert told == {operation for operation, _ in EXPECTED}


def test_openapi_python_client(tmp_path, server):
    run(tmp_path, sys.executable, "-m", "venv", "own")
    python = tmp_path / "own" / "bin" / "python"
    install = ("-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", PYTHON_PACKAGE)
    run(tmp_path, python, *install)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(OVERRIDES))
    generate = ("generate", "--url", f"{server.url}/v1/openapi.yaml", "--config", "config.yaml")
    told = run(
        tmp_path,
        python.with_name("openapi-python-client"),
        *generate,
        *("--meta", "none", "--output-path", "client", "--fail-on-warning"),
    )
    assert "WARNING" not in told
    shutil.copy(SUPPORT / "generated_client.py", tmp_path / "drive.py")
    told = run(tmp_path, python, "drive.py", URL=server.url, TOKEN=server.token)
    assert json.loads(told) == EXPECTED


def test_openapi_typescript(tmp_path, server):
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    run(tmp_path, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES)
    commands = tmp_path / "node_modules" / ".bin"
    made = commands / "openapi-typescript"
    run(tmp_path, made, f"{server.url}/v1/openapi.yaml", "-o", "api.d.ts")
    shutil.copy(SUPPORT / "generated_client.ts", tmp_path / "drive.ts")
    strictly = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")
    run(tmp_path, commands / "tsc", *strictly, "drive.ts")
    told = run(tmp_path, "node", "drive.js", URL=server.url, TOKEN=server.token)
    assert json.loads(told) == EXPECTED
